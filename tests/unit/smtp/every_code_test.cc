#include "smtp/client.h"
#include "smtp/relay.h"
#include "smtp/reply.h"
#include "smtp/server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::smtp {
namespace {

enum class Step { greeting, ehlo, mail, rcpt, data, dot, rset, quit };
constexpr std::array steps{Step::greeting, Step::ehlo, Step::mail, Step::rcpt,
                           Step::data,     Step::dot,  Step::rset, Step::quit};
/// Of a refusal for good, those that are a mistake of ours or of an administrator.
constexpr std::array not_for_good{500, 501, 502, 503, 504, 530, 535, 555};

std::string digits(int code) {
  std::string text = std::to_string(code);
  return std::string(3 - text.size(), '0') + text;
}

/// A mail server that does as it should, but for its answer at one step.
class FarServer {
 public:
  FarServer(Step step, int code, std::string offers)
      : step_(step), code_(code), offers_(std::move(offers)) {}

  [[nodiscard]] std::string greeting() { return answer(Step::greeting, "220 mx"); }

  [[nodiscard]] std::string hear(std::string_view bytes) {
    input_ += bytes;
    std::string replies;
    for (auto end = input_.find("\r\n"); end != std::string::npos; end = input_.find("\r\n")) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 2);
      replies += is_in_data_ ? content(line) : command(line);
    }
    return replies;
  }

  [[nodiscard]] bool has_message() const { return has_message_; }

 private:
  [[nodiscard]] std::string answer(Step step, const std::string& usual) const {
    return (step == step_ ? digits(code_) + " so" : usual) + "\r\n";
  }

  std::string content(const std::string& line) {
    if (line != ".") return {};
    is_in_data_ = false;
    return answer(Step::dot, "250 taken", has_message_);
  }

  std::string command(const std::string& line) {
    const std::string verb = line.substr(0, 4);
    if (verb == "EHLO") return answer(Step::ehlo, "250-mx\r\n250 " + offers_);
    if (verb == "HELO") return "250 mx\r\n";
    if (verb == "MAIL") return answer(Step::mail, "250 sender", has_sender_);
    if (verb == "RCPT" && !has_sender_) return "503 no sender\r\n";
    if (verb == "RCPT") return answer(Step::rcpt, "250 recipient", has_recipient_);
    if (verb == "DATA" && !has_recipient_) return "503 no recipient\r\n";
    if (verb == "DATA") return answer(Step::data, "354 go ahead", is_in_data_);
    if (verb == "RSET") return answer(Step::rset, "250 reset");
    if (verb == "QUIT") return answer(Step::quit, "221 bye");
    FAIL("not a command: ", line);
    return {};
  }

  /// The same; `is_done` is whether it is what was wanted.
  std::string answer(Step step, const std::string& usual, bool& is_done) {
    std::string said = answer(step, usual);
    is_done = said[0] == usual[0];
    return said;
  }

  Step step_;
  int code_;
  std::string offers_;
  std::string input_;
  bool has_sender_ = false;
  bool has_recipient_ = false;
  bool is_in_data_ = false;
  bool has_message_ = false;
};

/// Sends one message to one recipient.
class Sending {
 public:
  explicit Sending(FarServer& server) : server_(server) {}

  MessageOutcome run() {
    try {
      client_.receive(server_.greeting());
      while (!outcome_ && client_.need() != Client::Need::nothing) take_turn();
    } catch (const base::Failure& failure) {
      give_up(failure);
    }
    if (!outcome_) give_up(base::Failure(base::Cause::connection_lost));
    return *outcome_;
  }

 private:
  void take_turn() {
    const Envelope envelope{"<a@a>", {}, {{"<b@b>", {}}}};
    if (client_.need() == Client::Need::message) {
      client_.begin(envelope, std::nullopt);
    } else if (client_.need() == Client::Need::body) {
      client_.add_body("Hello.\r\n");
      client_.end_body();
    }
    const std::string sent(client_.output());
    client_.sent(sent.size());
    client_.receive(server_.hear(sent));
    outcome_ = client_.take_outcome();
    if (!outcome_ && sent.empty() && client_.output().empty() &&
        client_.need() == Client::Need::peer)
      give_up(base::Failure(base::Cause::answer_timed_out));
  }

  void give_up(const base::Failure& failure) {
    const auto outcomes = client_.abandon(failure);
    // Before anything was begun the caller of the machine keeps the whole batch.
    outcome_ = outcomes.empty() ? MessageOutcome{Fate::deferred, Phase::greeting, {}, failure}
                                : outcomes.front();
  }

  FarServer& server_;
  Client client_{"here.example"};
  std::optional<MessageOutcome> outcome_;
};

/// What RFC 5321 and the three exit statuses make of that answer.
Fate fate_of(Step step, int code) {
  const int code_class = code / 100;
  const bool is_refusal_of_mail =
      code_class == 5 && std::count(not_for_good.begin(), not_for_good.end(), code) == 0;
  switch (step) {
    case Step::greeting:
      return code == 220 ? Fate::accepted : Fate::deferred;
    case Step::ehlo:  // HELO is tried behind a refusal for good
      return code == 250 || code_class == 5 ? Fate::accepted : Fate::deferred;
    case Step::mail:
    case Step::rcpt:
    case Step::dot:
      if (is_refusal_of_mail) return Fate::refused;
      return code_class == 2 ? Fate::accepted : Fate::deferred;
    case Step::data:
      if (is_refusal_of_mail) return Fate::refused;
      return code_class == 3 ? Fate::accepted : Fate::deferred;
    case Step::rset:
    case Step::quit:
      return Fate::accepted;
  }
  return Fate::deferred;
}

/// Speaks to a relay or a server command by command, and listens.
class Caller {
 public:
  struct Told {
    std::string command;
    int code;
  };

  Caller(Intermediary& between, FarServer& server) : between_(between), server_(server) {}

  void run(const std::string& hello) {
    receive(server_.greeting());
    move();
    for (const std::string& line :
         {hello + " c", std::string("MAIL FROM:<a@a>"), std::string("RCPT TO:<b@b>"),
          std::string("DATA"), std::string("Hello.\r\n."), std::string("RSET"),
          std::string("QUIT")}) {
      if (line.ends_with('.') && (told.empty() || told.back().code != 354)) continue;
      if (between_.is_over()) return;
      say(line);
    }
    between_.end_of_input();
    move();
  }

  std::vector<Told> told;

 private:
  void say(const std::string& line) {
    command_ = line.substr(0, line.find_first_of(" \r"));
    std::string_view rest = line;
    const std::string whole = line + "\r\n";
    rest = whole;
    for (int turn = 0; turn < 20 && !rest.empty() && !between_.is_over(); ++turn) {
      rest.remove_prefix(between_.feed(rest));
      move();
    }
  }

  void receive(const std::string& bytes) {
    if (bytes.empty() || between_.is_lost()) return;
    try {
      between_.receive(bytes);
    } catch (const base::Failure& failure) {
      between_.lose(failure);
    }
  }

  void move() {
    for (int turn = 0; turn < 20; ++turn) {
      const std::string sent(between_.to_server());
      between_.sent_to_server(sent.size());
      const std::string heard(between_.to_caller());
      between_.sent_to_caller(heard.size());
      listen(heard);
      if (sent.empty() && heard.empty()) return;
      receive(server_.hear(sent));
    }
    FAIL("it does not come to rest");
  }

  void listen(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto reply = replies_.read(bytes);  // throws for what is no reply
      if (reply) told.push_back({command_, reply->code});
    }
    CHECK(replies_.unfinished_line().empty());
  }

  Intermediary& between_;
  FarServer& server_;
  ReplyReader replies_;
  std::string command_ = "greeting";
};

/// Laws that hold whoever stands between.
void check_laws(const Caller& caller, const FarServer& server, int code, bool is_success) {
  const bool was_told = std::any_of(caller.told.begin(), caller.told.end(), [](const auto& told) {
    return told.command == "Hello." && told.code / 100 == 2;
  });
  CHECK(was_told == server.has_message());
  if (is_success) CHECK(server.has_message());
  for (const auto& [command, told] : caller.told) {
    if (told / 100 != 5 || told == 503) continue;  // 503: ours, for what comes behind a refusal
    CHECK(told == code);
    // A caller may say HELO instead, or does not care any more.
    if (command == "EHLO" || command == "RSET" || command == "QUIT") continue;
    CHECK(std::count(not_for_good.begin(), not_for_good.end(), told) == 0);
  }
}

/// What a listener is told at the step itself by a relay.
int relayed(Step step, int code) {
  const int code_class = code / 100;
  const bool is_good = code_class == (step == Step::data ? 3 : 2);
  if (code_class < 2 || code_class > 5) return 421;
  if (code_class == 5 && std::count(not_for_good.begin(), not_for_good.end(), code) == 1)
    return 451;
  return is_good || code_class >= 4 ? code : 421;
}

}  // namespace

TEST_CASE("every code at every step decides a message of a batch as its class says") {
  for (const char* offers : {"SIZE", "PIPELINING"})
    for (const Step step : steps)
      for (int code = 0; code <= 999; ++code) {
        FarServer server(step, code, offers);
        const MessageOutcome outcome = Sending(server).run();
        INFO(offers, " step ", static_cast<int>(step), " code ", code);
        CHECK(outcome.fate == fate_of(step, code));
        if (step != Step::rset && step != Step::quit)
          CHECK(server.has_message() == (outcome.fate == Fate::accepted));
      }
}

TEST_CASE("every code at every step is relayed, or ends the session with 421") {
  for (const char* offers : {"SIZE", "PIPELINING"})
    for (const Step step : steps)
      for (int code = 0; code <= 999; ++code) {
        INFO(offers, " step ", static_cast<int>(step), " code ", code);
        FarServer server(step, code, offers);
        Relay relay("friend", "mx.friend.example", Relay::Caller::listens);
        Caller caller(relay, server);
        caller.run("EHLO");
        check_laws(caller, server, code, relay.is_success());
        const char* const command = step == Step::mail   ? "MAIL"
                                    : step == Step::rcpt ? "RCPT"
                                    : step == Step::data ? "DATA"
                                    : step == Step::dot  ? "Hello."
                                                         : nullptr;
        for (const auto& [said, told] : caller.told)
          if (command != nullptr && said == command) CHECK(told == relayed(step, code));
      }
}

TEST_CASE("every code at every step leaves a server's caller with true words") {
  for (const Protocol protocol : {Protocol::smtp, Protocol::lmtp})
    for (const char* offers : {"SIZE", "PIPELINING"})
      for (const Step step : steps)
        for (int code = 0; code <= 999; ++code) {
          INFO(offers, " step ", static_cast<int>(step), " code ", code);
          FarServer far(step, code, offers);
          Server server({protocol, 10}, {"here.example", "friend", "mx.friend.example"});
          Caller caller(server, far);
          caller.run(protocol == Protocol::lmtp ? "LHLO" : "EHLO");
          check_laws(caller, far, code, server.is_success());
          if (fate_of(step, code) == Fate::accepted && step != Step::rset && step != Step::quit)
            CHECK(far.has_message());
        }
}

}  // namespace sshsm::smtp
