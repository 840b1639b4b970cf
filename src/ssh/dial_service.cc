#include "ssh/dial_service.h"

#include "base/failure.h"
#include "base/passed_descriptors.h"
#include "privilege/start.h"
#include "ssh/address_race.h"
#include "ssh/proxy_service.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sshsm::ssh {
namespace {

/// The mail server waits for the end of its pipes; a child that holds them would keep it waiting.
void let_go_of_all_but(int socket) {
  privilege::set_signal_descriptor(-1);
  privilege::close_all_but(socket);
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    privilege::lead_nowhere(number);
}

RaceCourse course_of(const config::Destination& destination, const std::string& host,
                     const DialRequest& request) {
  RaceCourse course;
  course.host = host;
  course.port = destination.port;
  course.family = destination.address_family;
  course.bind_address = destination.bind_address;
  const std::size_t count = std::min<std::size_t>(request.left_out_count, request.left_out.size());
  for (std::size_t i = 0; i < count; ++i) course.left_out.emplace_back(request.left_out[i].view());
  return course;
}

DialAnswer answer_to(const RaceWinner& winner) {
  DialAnswer answer;
  answer.is_connected = true;
  answer.others = static_cast<std::uint32_t>(winner.others);
  answer.address.assign(winner.address);
  answer.detail.assign(winner.failures);
  return answer;
}

DialAnswer answer_to(const std::vector<std::string>& addresses) {
  DialAnswer answer;
  answer.is_found = true;
  std::string list;
  for (const std::string& address : addresses)
    if (list.size() + address.size() + 1 < answer.detail.bytes.size())
      list += (list.empty() ? "" : " ") + address;
  answer.detail.assign(list);
  return answer;
}

DialAnswer serve(const RaceCourse& course, const DialRequest& request,
                 base::Descriptor& connection) {
  try {
    if (request.kind == DialRequest::Kind::look_up) return answer_to(look_up_addresses(course));
    RaceWinner winner =
        run_address_race(course, base::Deadline::after(base::Milliseconds(request.milliseconds)));
    connection = std::move(winner.connection);
    return answer_to(winner);
  } catch (const base::Failure& failure) {
    return dial_answer_to(failure);
  }
}

void serve_one(const config::Destination& destination, const std::string& host, int socket,
               const DialRequest& request) {
  base::Descriptor connection;
  DialAnswer answer = serve(course_of(destination, host, request), request, connection);
  answer.to = request.kind;
  send_dial_answer(socket, answer, connection.get());
}

}  // namespace

DialAnswer dial_answer_to(const base::Failure& failure) {
  DialAnswer answer;
  answer.cause = failure.cause();
  answer.detail.assign(failure.detail());
  return answer;
}

void send_dial_answer(int socket, const DialAnswer& answer, int connection) {
  const std::span<const int> passed(&connection, connection >= 0 ? 1 : 0);
  if (!base::send_with_descriptors(socket, std::as_bytes(std::span(&answer, 1)), passed)) _exit(0);
}

void serve_dials(const config::Destination& destination, const std::string& host,
                 base::Descriptor socket) {
  let_go_of_all_but(socket.get());
  if (!destination.proxy_command.empty()) serve_proxies(destination, host, std::move(socket));
  DialRequest request;
  while (recv(socket.get(), &request, sizeof request, 0) == sizeof request)
    serve_one(destination, host, socket.get(), request);
  _exit(0);
}

}  // namespace sshsm::ssh
