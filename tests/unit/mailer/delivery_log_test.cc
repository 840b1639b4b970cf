#include "mailer/delivery_log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

using namespace sshsm::mailer;
using namespace sshsm::base;
using sshsm::smtp::Fate;
using sshsm::smtp::MessageOutcome;
using sshsm::smtp::Phase;

namespace {

/// What a log wrote, by way of -v, without the elapsed time in front of each line.
class Listener {
 public:
  Listener() : file_(std::tmpfile()), trace_(fileno(file_)) {}
  ~Listener() { std::fclose(file_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Log& log() { return log_; }
  Trace& trace() { return trace_; }
  std::string text() {
    std::string all(10000, '\0');
    const ssize_t size = pread(fileno(file_), all.data(), all.size(), 0);
    all.resize(static_cast<std::size_t>(size));
    std::string lines;
    for (std::size_t at = all.find("* "); at != std::string::npos; at = all.find("* ", at)) {
      const std::size_t end = all.find('\n', at);
      lines += all.substr(at + 2, end - at - 1);
      at = end;
    }
    return lines;
  }

 private:
  std::FILE* file_;
  Log log_;
  Trace trace_;
};

}  // namespace

TEST_CASE("seconds are written as Postfix rounds them") {
  CHECK(seconds_text(Milliseconds(0)) == "0");
  CHECK(seconds_text(Milliseconds(4)) == "0");
  CHECK(seconds_text(Milliseconds(30)) == "0.03");
  CHECK(seconds_text(Milliseconds(1230)) == "1.2");
  CHECK(seconds_text(Milliseconds(45400)) == "45");
  CHECK(seconds_text(Milliseconds(-5)) == "0");
}

TEST_CASE("a delivery is one line in Postfix's order") {
  Listener listener;
  DeliveryLog log({"myfriend", "none", 2222}, listener.log(), listener.trace());
  log.set_address("192.0.2.1");
  MessageOutcome outcome;
  outcome.fate = Fate::accepted;
  outcome.recipients = {
      {"<bob@friend.example>", Fate::accepted, "2.0.0", "250 2.0.0 queued", true}};
  const auto now = Clock::now();
  log.record(outcome, {now, now, now, now, now});
  CHECK(listener.text() ==
        "myfriend: to=<bob@friend.example>, relay=myfriend[192.0.2.1]:2222, delay=0, "
        "delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 queued)\n");
}

TEST_CASE("an address without a port is a socket of this machine") {
  Listener listener;
  DeliveryLog log({"myfriend"}, listener.log(), listener.trace());
  log.set_relay({"myfriend", "/run/sshsm/myfriend.sock", 0});
  const auto now = Clock::now();
  log.record(Failure(Cause::stopped), "greeting", {}, {now});
  CHECK(listener.text().find("myfriend: relay=myfriend[/run/sshsm/myfriend.sock], delay=0, ") == 0);
}

TEST_CASE("the four delays are dial, handshake, envelope and data") {
  Listener listener;
  DeliveryLog log({"myfriend"}, listener.log(), listener.trace());
  MessageOutcome outcome;
  outcome.fate = Fate::accepted;
  outcome.recipients = {{"<b@c>", Fate::accepted, "2.0.0", "250 ok", true}};
  const auto now = Clock::now();
  using std::chrono::seconds;
  log.record(outcome, {now - seconds(100), now - seconds(90), now - seconds(70), now - seconds(70),
                       now - seconds(40)});
  CHECK(listener.text().find("delay=100, delays=10/20/30/40, ") != std::string::npos);
}

TEST_CASE("a refusal says where it happened, and a peer's bytes cannot break the line") {
  Listener listener;
  DeliveryLog log({"myfriend"}, listener.log(), listener.trace());
  MessageOutcome outcome;
  outcome.fate = Fate::refused;
  outcome.phase = Phase::envelope;
  outcome.recipients = {
      {"<bob@friend.example>", Fate::refused, "5.1.1", "550 5.1.1 no\nsuch", true}};
  log.record(outcome, {});
  CHECK(listener.text().ends_with(
      "dsn=5.1.1, status=bounced (550 5.1.1 no\\x0asuch), class=reply, phase=envelope\n"));
}

TEST_CASE("a failure is told for each recipient with its class and phase") {
  Listener listener;
  DeliveryLog log({"myfriend"}, listener.log(), listener.trace());
  log.record(Failure(Cause::host_key_revoked, "ED25519 SHA256:abc"), "handshake",
             {"<a@x>", "<b@x>"}, {});
  const std::string text = listener.text();
  CHECK(text.find("to=<a@x>, relay=myfriend[none]:22, ") != std::string::npos);
  CHECK(text.find("to=<b@x>, relay=myfriend[none]:22, ") != std::string::npos);
  CHECK(text.ends_with(
      "dsn=4.7.0, status=deferred (host key revoked: ED25519 SHA256:abc; the host "
      "uses a key that known_hosts revokes; pin its new key: sshsmctl trust --add myfriend), "
      "class=host-key-revoked, phase=handshake\n"));
}
