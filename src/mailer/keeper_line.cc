#include "mailer/keeper_line.h"

#include "base/failure.h"

#include <utility>

namespace sshsm::mailer {

using base::Cause;
using base::Failure;

namespace {

constexpr std::string_view refusal_code = "421 ";
constexpr std::string_view deferral_code = "451 ";

}  // namespace

KeeperLine::KeeperLine(config::Destination settings, std::vector<base::Descriptor> connections,
                       std::string path)
    : Line(std::move(settings), "the keeper"),
      connections_(std::move(connections)),
      path_(std::move(path)),
      host_(destination().hosts.front()) {}

void KeeperLine::open(base::Waiter&) {
  timer().start();
  timeline_.start = base::Clock::now();
  timeline_.banner = timeline_.start;
  if (connections_.empty())
    throw Failure(Cause::connection_lost, "no connection to the keeper is left");
  stream_ = std::make_unique<SocketStream>(std::move(connections_.front()));
  connections_.erase(connections_.begin());
  greeting_.clear();
  is_greeted_ = false;
}

void KeeperLine::open_another_channel(base::Waiter& waiter) {
  hang_up();
  open(waiter);
}

void KeeperLine::hang_up() {
  stream_.reset();
}

Line::Arrival KeeperLine::receive() {
  Arrival arrival = Line::receive();
  if (is_greeted_) return arrival;
  greeting_ += std::exchange(arrival.bytes, {});
  const std::size_t end = greeting_.find('\n');
  is_greeted_ = end != std::string::npos || stream_->ended() ||
                greeting_.size() > base::max_sentence + refusal_code.size();
  if (!is_greeted_) return arrival;
  arrival.loss = read_refusal(std::string_view(greeting_).substr(0, end));
  if (!arrival.loss) arrival.bytes = std::exchange(greeting_, {});
  return arrival;
}

std::optional<Failure> KeeperLine::read_refusal(std::string_view line) {
  if (!line.starts_with(refusal_code)) return std::nullopt;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return failure_told_by(line);
}

std::optional<Failure> KeeperLine::failure_told_by(std::string_view reply) {
  if (!reply.starts_with(refusal_code) && !reply.starts_with(deferral_code)) return std::nullopt;
  reply.remove_prefix(refusal_code.size());
  std::optional<base::Description> told = base::read_description(reply);
  if (!told || told->destination != destination().name) return std::nullopt;
  if (!told->host.empty()) host_ = told->host;
  return std::move(told->failure);
}

Failure KeeperLine::explain_end(bool, std::string_view unfinished_line, base::Waiter&) {
  return Failure(Cause::connection_lost, "the keeper ended the conversation",
                 std::string(unfinished_line));
}

}  // namespace sshsm::mailer
