#include "mailer/batch.h"

#include "mailer/keeper_line.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sshsm::mailer {
namespace {

using base::Descriptor;

/// A keeper who begins to read a message when everything that fits in the socket is written.
class LateReader {
 public:
  explicit LateReader(Descriptor socket)
      : socket_(std::move(socket)), thread_([this] { serve(); }) {}
  ~LateReader() { thread_.join(); }
  LateReader(const LateReader&) = delete;
  LateReader& operator=(const LateReader&) = delete;

 private:
  void serve() {
    say("220 here ready\r\n");
    hear_to("EHLO here.example\r\n");
    say("250 here\r\n");
    for (const std::string_view command : {"MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n"}) {
      hear_to(command);
      say("250 yes\r\n");
    }
    hear_to("DATA\r\n");
    say("354 go on\r\n");
    static_cast<void>(poll(nullptr, 0, 200));
    hear_to("\r\n.\r\n");
    say("250 yes\r\n");
    hear_to("QUIT\r\n");
  }
  void say(std::string_view words) const {
    send(socket_.get(), words.data(), words.size(), MSG_NOSIGNAL);
  }
  void hear_to(std::string_view end) {
    std::string heard;
    std::array<char, 65536> piece{};
    while (!heard.ends_with(end)) {
      const ssize_t count = recv(socket_.get(), piece.data(), piece.size(), 0);
      if (count <= 0) return;
      heard.append(piece.data(), static_cast<std::size_t>(count));
    }
  }

  Descriptor socket_;
  std::thread thread_;
};

Descriptor file_with(const std::string& text) {
  Descriptor file(memfd_create("batch", MFD_CLOEXEC));
  REQUIRE(write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  REQUIRE(lseek(file.get(), 0, SEEK_SET) == 0);
  return file;
}

config::Destination patient_destination() {
  config::Destination destination;
  destination.name = "friend";
  destination.hosts = {"mx.friend.example"};
  destination.helo = "here.example";
  destination.greeting_timeout = destination.timeout = destination.dot_timeout =
      destination.batch_timeout = destination.idle_timeout = std::chrono::seconds(5);
  return destination;
}

}  // namespace

TEST_CASE("a large message goes on where the other end takes all there is at once") {
  std::array<int, 2> pair{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  // Room for more than what is handed to the socket at a time.
  const int room = 212992;
  REQUIRE(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
  REQUIRE(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
  std::vector<Descriptor> connections;
  connections.emplace_back(pair[0]);
  std::string body;
  while (body.size() < 1'500'000) body += "a line of the message\r\n";
  const Descriptor file =
      file_with("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + body + ".\r\nQUIT\r\n");
  const LateReader keeper{Descriptor(pair[1])};
  KeeperLine line(patient_destination(), std::move(connections), "/run/sshsm/friend.sock");
  base::Log log;
  base::Trace trace;
  ProgressLine progress(-1);
  Batch batch(line, log, trace, progress, {file.get()});
  batch.run();
  CHECK(batch.report().text() == "");
  CHECK(batch.report().exit_status() == base::ExitStatus::accepted);
}

}  // namespace sshsm::mailer
