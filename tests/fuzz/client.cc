#include "smtp/client.h"

#include "base/failure.h"
#include "law.h"
#include "script.h"
#include "target.h"
#include "witness.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The client: the first octets say which messages there are, the rest is a script of a mail server
// and of what the caller does.
//
// The law: accepted is what was answered 2yz behind its dot or last chunk, by all recipients, as it
// was written; and nothing else.

namespace sshsm::fuzz {
namespace {

using base::Cause;
using base::Failure;
using smtp::Client;
using smtp::Fate;
using smtp::MessageOutcome;
using Need = Client::Need;

struct Message {
  smtp::Envelope envelope;
  std::string body;
  bool is_streamed = false;
};

std::string lines_of(std::size_t count, std::size_t width) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += std::string(width, i % 7 == 0 ? '.' : 'x') + "\r\n";
  return text;
}

/// Some lines, two that begin with NULs, or, for the first message alone since it takes its time,
/// enough of them for several chunks.
std::string body_of(unsigned bits, std::size_t index) {
  const unsigned kind = bits >> 4U;
  if (kind == 14) return {"\0.\r\n\0\0..\r\n", 11};
  if (kind == 15 && index == 0) return lines_of(3000 * (1 + (bits & 3U)), 96);
  return lines_of(kind % 4, kind);
}

/// By the bits of one octet: recipients, whether its size is known, a parameter, its text.
Message message_of(unsigned bits, std::size_t index) {
  Message message;
  message.envelope.reverse_path = "<m" + std::to_string(index) + "@a.example>";
  for (unsigned i = 0; i <= (bits & 3U); ++i)
    message.envelope.recipients.push_back({"<r" + std::to_string(i) + "@b.example>", {}});
  message.is_streamed = (bits & 4U) != 0;
  if ((bits & 8U) != 0) message.envelope.parameters = {{"SIZE", "100"}, {"SMTPUTF8", ""}};
  message.body = body_of(bits, index);
  return message;
}

class Conversation {
 public:
  explicit Conversation(std::string_view input) : rest_(input) {
    const std::size_t count = 1 + take_octet() % 4;
    for (std::size_t i = 0; i < count; ++i) messages_.push_back(message_of(take_octet(), i));
  }

  void play() {
    Script script(rest_);
    while (!script.is_at_end()) {
      const Act act = script.next();
      act.is_order ? perform(act.order) : say(act.text);
      check_bounds();
    }
    abandon(Failure(Cause::connection_lost));
    check();
  }

 private:
  [[nodiscard]] unsigned take_octet() {
    if (rest_.empty()) return 0;
    const auto octet = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return octet;
  }

  void perform(Order order) {
    switch (order) {
      case Order::caller_speaks:
      case Order::server_speaks:
        is_serving_ = order == Order::caller_speaks;
        break;
      case Order::input_ends:
      case Order::caller_is_idle:
        serve();
        break;
      case Order::line_is_lost:
      case Order::channel_ends:
        abandon(Failure(Cause::connection_lost));
        break;
      case Order::nothing_is_sent:
      case Order::all_is_sent:
        is_sending_ = order == Order::all_is_sent;
        break;
      case Order::one_octet_is_sent:
        send(1);
        break;
      case Order::half_is_sent:
        send(client_.output().size() / 2);
        break;
      case Order::nothing_is_told:
      case Order::all_is_told:
        piece_ = order == Order::all_is_told ? 70000 : 1000;
        break;
      case Order::said_again:
        for (int i = 0; i < 50; ++i) say(last_said_);
        break;
      case Order::octet_by_octet:
      case Order::line_by_line:
      case Order::whole:
        arrival_ = order;
        break;
    }
    move();
  }

  void say(std::string_view text) {
    last_said_ = text;
    said_ += text.size();
    if (said_ > max_said) return;
    while (!text.empty()) {
      receive(take_piece(text, arrival_));
      move();
    }
  }

  void receive(std::string_view bytes) {
    if (is_abandoned_ || client_.loss()) return;
    witness_.hear_server(bytes);
    try {
      client_.receive(bytes);
    } catch (const Failure& failure) {
      abandon(failure);
    }
    while (std::optional<MessageOutcome> outcome = client_.take_outcome())
      outcomes_.push_back(*std::move(outcome));
  }

  /// Both go on as far as they can by themselves.
  void move() {
    bool may_go_on = true;
    while (may_go_on && !is_abandoned_) {
      if (is_sending_) send(client_.output().size());
      may_go_on = is_serving_ && serve();
    }
    (void)client_.wait();
    (void)client_.phase();
  }

  void send(std::size_t count) {
    count = std::min(count, client_.output().size());
    witness_.hear_client(client_.output().substr(0, count));
    client_.sent(count);
  }

  /// Does what the client needs next; false where it is the mail server's turn.
  bool serve() {
    if (is_abandoned_) return false;
    switch (client_.need()) {
      case Need::message:
        begin();
        return true;
      case Need::body:
        add();
        return true;
      case Need::peer:
      case Need::nothing:
        break;
    }
    return false;
  }

  void begin() {
    if (begun_ == messages_.size()) return client_.finish();
    const Message& message = messages_[begun_++];
    passed_ = 0;
    client_.begin(message.envelope,
                  message.is_streamed ? std::nullopt : std::optional(message.body.size()));
  }

  void add() {
    const std::string& body = messages_[begun_ - 1].body;
    if (passed_ == body.size()) return client_.end_body();
    const std::string_view piece = std::string_view(body).substr(passed_, piece_);
    passed_ += piece.size();
    client_.add_body(piece);
  }

  void abandon(const Failure& failure) {
    if (std::exchange(is_abandoned_, true)) return;
    for (MessageOutcome& outcome : client_.abandon(failure))
      outcomes_.push_back(std::move(outcome));
  }

  void check_bounds() const {
    constexpr std::size_t max_output = 4 * 1024 * 1024;
    require(client_.output().size() <= max_output, "what waits for the server is bounded");
  }

  void check() const {
    require(outcomes_.size() == begun_, "each message has its outcome");
    std::vector<Witness::Message> taken;
    for (Witness::Message& message : witness_.messages())
      if (message.code / 100 == 2 && !message.recipients.empty())
        taken.push_back(std::move(message));
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      require(outcomes_[i].recipients.size() == messages_[i].envelope.recipients.size(),
              "each recipient has an outcome");
      if (outcomes_[i].fate != Fate::accepted) continue;
      require(accepted < taken.size(), "accepted is what was answered 2yz behind its end");
      check_taken(messages_[i], taken[accepted++]);
    }
    require(accepted == taken.size(), "what was answered 2yz behind its end is accepted");
  }

  static void check_taken(const Message& message, const Witness::Message& taken) {
    const std::vector<smtp::Recipient>& wanted = message.envelope.recipients;
    require(taken.recipients.size() == wanted.size(), "accepted by all or by none");
    std::string body = taken.body;
    // A dot behind NULs goes out doubled (smtp/dot_stuffer.h), where it is stuffed at all.
    if (body.starts_with('\0') && body != message.body) body = std::string("\0.\r\n\0\0..\r\n", 11);
    require(body == message.body, "accepted is what was written", body);
  }

  std::string_view rest_;
  std::vector<Message> messages_;
  Client client_{"client.example"};
  Witness witness_{Witness::Ours::client};
  std::vector<MessageOutcome> outcomes_;
  std::string_view last_said_;
  std::size_t said_ = 0;
  std::size_t begun_ = 0;
  std::size_t passed_ = 0;
  std::size_t piece_ = 70000;
  bool is_sending_ = true;
  bool is_serving_ = true;
  bool is_abandoned_ = false;
  Order arrival_ = Order::line_by_line;
};

}  // namespace

void try_input(std::string_view input) {
  Conversation(input).play();
}

}  // namespace sshsm::fuzz
