#include "cut_line.h"
#include "smtp/client.h"
#include "strict_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>

namespace sshsm::smtp {
namespace {

using Need = Client::Need;

struct Message {
  Envelope envelope;
  std::string body;
  bool is_streamed = false;
};

/// A client and a strict server over a line that delays and cuts at random, and may break.
class Encounter {
 public:
  Encounter(unsigned seed, unsigned trouble, unsigned breaks, std::optional<Cut> cut = {})
      : random_(seed), server_(random_, trouble), breaks_(breaks), line_(cut) {
    const std::size_t count = 1 + random_() % 4;
    for (std::size_t i = 0; i < count; ++i) messages_.push_back(make_message(i));
  }

  void run() {
    constexpr std::size_t max_turns = 200000;
    for (std::size_t turn = 0; turn < max_turns; ++turn) {
      if (is_over()) return check();
      take_turn();
    }
    FAIL("the conversation does not end");
  }

  [[nodiscard]] const CutLine& line() const { return line_; }
  [[nodiscard]] std::size_t accepted() const { return accepted_; }
  [[nodiscard]] std::size_t others() const { return outcomes_.size() - accepted_; }

 private:
  Message make_message(std::size_t index) {
    Message message;
    message.envelope.reverse_path = "<m" + std::to_string(index) + "@a.example>";
    const std::size_t recipients = 1 + (random_() % 2) * (random_() % 4);
    for (std::size_t i = 0; i < recipients; ++i)
      message.envelope.recipients.push_back({"<r" + std::to_string(i) + "@b.example>", {}});
    message.is_streamed = random_() % 2 == 0;
    const std::size_t lines = random_() % 200 == 0 ? 60000 : random_() % 20;
    for (std::size_t i = 0; i < lines; ++i) {
      message.body.append(random_() % 3, '.');
      message.body.append(random_() % 20, 'x');
      message.body += "\r\n";
    }
    return message;
  }

  [[nodiscard]] bool is_over() {
    if (is_broken_) return true;
    if (server_.is_closed() && !server_.has_replies()) break_line();
    return is_broken_ || (client_.need() == Need::nothing && client_.output().empty());
  }

  void break_line() {
    is_broken_ = true;
    for (MessageOutcome& outcome : client_.abandon(base::Failure(base::Cause::connection_lost)))
      keep(std::move(outcome));
  }

  void take_turn() {
    switch (random_() % 3) {
      case 0:
        return serve_client();
      case 1: {
        const std::size_t count = std::min<std::size_t>(client_.output().size(),
                                                        1 + random_() % (1U << (random_() % 20)));
        server_.receive(line_.up(client_.output().substr(0, count)));
        client_.sent(count);
        break;
      }
      default:
        if (random_() % 1000 < breaks_) return break_line();
        receive(line_.down(server_.take_replies(1 + random_() % 100)));
    }
    if (line_.is_cut() && !is_broken_) break_line();
  }

  void receive(std::string_view bytes) {
    try {
      client_.receive(bytes);
    } catch (const base::Failure& failure) {
      is_broken_ = true;
      for (MessageOutcome& outcome : client_.abandon(failure)) keep(std::move(outcome));
    }
    while (std::optional<MessageOutcome> outcome = client_.take_outcome())
      keep(std::move(*outcome));
  }

  void serve_client() {
    switch (client_.need()) {
      case Need::message:
        if (begun_ == messages_.size()) return client_.finish();
        passed_ = 0;
        ++begun_;
        return client_.begin(now().envelope,
                             now().is_streamed ? std::nullopt : std::optional(now().body.size()));
      case Need::body: {
        const std::string& body = now().body;
        if (passed_ == body.size()) return client_.end_body();
        const std::string piece = body.substr(passed_, 1 + random_() % 70000);
        passed_ += piece.size();
        return client_.add_body(piece);
      }
      case Need::peer:
      case Need::nothing:
        break;
    }
  }

  /// The message begun last.
  [[nodiscard]] const Message& now() const { return messages_[begun_ - 1]; }

  void keep(MessageOutcome outcome) { outcomes_.push_back(std::move(outcome)); }

  void check() {
    CHECK(outcomes_.size() == begun_);
    std::map<std::string, std::size_t> delivered;
    for (const StrictServer::Delivery& delivery : server_.deliveries())
      ++delivered[delivery.sender];
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      const MessageOutcome& outcome = outcomes_[i];
      const std::size_t times = delivered[messages_[i].envelope.reverse_path];
      accepted_ += outcome.fate == Fate::accepted ? 1 : 0;
      if (outcome.fate == Fate::accepted) CHECK(times == 1);
      if (outcome.fate == Fate::refused) CHECK(times == 0);
      if (outcome.fate == Fate::deferred && times > 0)
        CHECK(outcome.failure.value().cause() == base::Cause::maybe_delivered);
    }
    for (const StrictServer::Delivery& delivery : server_.deliveries()) check_whole(delivery);
  }

  /// All recipients and the whole body, or it should not have been delivered at all.
  void check_whole(const StrictServer::Delivery& delivery) {
    const auto message =
        std::find_if(messages_.begin(), messages_.end(), [&](const Message& candidate) {
          return candidate.envelope.reverse_path == delivery.sender;
        });
    REQUIRE(message != messages_.end());
    std::vector<std::string> paths;
    for (const Recipient& recipient : message->envelope.recipients) paths.push_back(recipient.path);
    CHECK(delivery.recipients == paths);
    CHECK((delivery.body == message->body));
  }

  std::mt19937 random_;
  StrictServer server_;
  unsigned breaks_;
  CutLine line_;
  Client client_{"client.example"};
  std::vector<Message> messages_;
  std::vector<MessageOutcome> outcomes_;
  std::size_t begun_ = 0;
  std::size_t passed_ = 0;
  std::size_t accepted_ = 0;
  bool is_broken_ = false;
};

struct Tally {
  std::size_t accepted = 0;
  std::size_t others = 0;
};

Tally run_encounters(unsigned count, unsigned trouble, unsigned breaks) {
  Tally tally;
  for (unsigned seed = 0; seed < count; ++seed) {
    CAPTURE(seed);
    Encounter encounter(seed, trouble, breaks);
    encounter.run();
    tally.accepted += encounter.accepted();
    tally.others += encounter.others();
  }
  return tally;
}

}  // namespace

TEST_CASE("with a server that takes all, every message is accepted, whole and once") {
  const Tally tally = run_encounters(500, 0, 0);
  CHECK(tally.accepted > 500);
  CHECK(tally.others == 0);
}

TEST_CASE("accepted means delivered to all, refused to nobody, whatever a server answers") {
  for (const unsigned trouble : {20U, 100U, 400U}) {
    const Tally tally = run_encounters(1500, trouble, 0);
    CHECK(tally.accepted > 0);
    CHECK(tally.others > 0);
  }
}

TEST_CASE("the same where the line breaks, and delivered but not accepted is told as possible") {
  const Tally tally = run_encounters(1500, 50, 20);
  CHECK(tally.accepted > 0);
  CHECK(tally.others > 0);
}

TEST_CASE("the same where the line is cut behind any single octet of either direction") {
  std::size_t accepted = 0;
  std::size_t others = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Encounter whole(seed, 0, 0);
    whole.run();
    cut_everywhere(whole.line(), [&](Cut cut) {
      CAPTURE(cut.octet);
      Encounter encounter(seed, 0, 0, cut);
      encounter.run();
      accepted += encounter.accepted();
      others += encounter.others();
    });
  }
  CHECK(accepted > 1000);
  CHECK(others > 10000);
}

}  // namespace sshsm::smtp
