#include "session.h"

#include "base/failure.h"
#include "law.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sshsm::fuzz {
namespace {

using base::Cause;
using base::Failure;
using Message = Witness::Message;

bool is_good(const Message& message) {
  return message.code / 100 == 2;
}

/// By somebody for somebody: what rides behind a recipient who is refused is for nobody, and so is,
/// for the witness, what a careless mail server takes behind a MAIL that he refused.
bool is_accepted(const Message& message) {
  return is_good(message) && !message.recipients.empty();
}

std::deque<Message> accepted_of(const std::deque<Message>& messages) {
  std::deque<Message> accepted;
  std::copy_if(messages.begin(), messages.end(), std::back_inserter(accepted), is_accepted);
  return accepted;
}

/// A dot behind NULs at the start of a line goes out doubled (smtp/dot_stuffer.h), and to one who
/// keeps the NULs it arrives so: both are compared without the second.
std::string without_guard_dots(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t nuls = std::min(text.find_first_not_of('\0'), text.size());
    std::size_t end = text.find('\n');
    end = end == std::string_view::npos ? text.size() : end + 1;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    const bool has_guard = nuls > 0 && line.substr(std::min(nuls, line.size())).starts_with("..");
    out += line.substr(0, has_guard ? nuls : 0);
    out += line.substr(has_guard ? nuls + 1 : 0);
  }
  return out;
}

bool is_same_text(const Message& a, const Message& b) {
  return a.body == b.body || without_guard_dots(a.body) == without_guard_dots(b.body);
}

}  // namespace

Session::Session(smtp::Intermediary& machine, Witness::Ours ours)
    : machine_(machine), caller_(ours) {
  add_channel();
}

void Session::play(std::string_view text) {
  Script script(text);
  move();
  while (!script.is_at_end()) {
    const Act act = script.next();
    act.is_order ? perform(act.order) : say(act.text);
  }
  is_sending_ = is_telling_ = true;
  is_ended_ = true;
  move();
  if (!machine_.is_over()) lose();
  check_end();
}

void Session::perform(Order order) {
  switch (order) {
    case Order::caller_speaks:
    case Order::server_speaks:
      is_caller_speaking_ = order == Order::caller_speaks;
      return;
    case Order::input_ends:
      is_ended_ = true;
      break;
    case Order::line_is_lost:
      lose();
      break;
    case Order::nothing_is_sent:
    case Order::all_is_sent:
      is_sending_ = order == Order::all_is_sent;
      break;
    case Order::one_octet_is_sent:
      send(1);
      break;
    case Order::half_is_sent:
      send(machine_.to_server().size() / 2);
      break;
    case Order::nothing_is_told:
    case Order::all_is_told:
      is_telling_ = order == Order::all_is_told;
      break;
    case Order::said_again:
      return say_again();
    case Order::octet_by_octet:
    case Order::line_by_line:
    case Order::whole:
      arrival_ = order;
      return;
    case Order::channel_ends:
      end_channel();
      break;
    case Order::caller_is_idle:
      if (machine_.awaits_caller())
        machine_.lose_idle_caller(Failure(Cause::answer_timed_out, "the caller said nothing"));
      break;
  }
  move();
}

void Session::say(std::string_view text) {
  last_said_ = text;
  if (said_ > max_said) return;
  said_ += text.size();
  while (!text.empty()) say_piece(take_piece(text, arrival_));
}

void Session::say_again() {
  constexpr int times = 50;
  for (int i = 0; i < times; ++i) say(last_said_);
}

void Session::say_piece(std::string_view piece) {
  if (is_caller_speaking_)
    unfed_ += is_ended_ ? "" : piece;
  else
    receive(piece);
  move();
}

void Session::receive(std::string_view bytes) {
  if (!has_channel_ || machine_.is_lost() || machine_.is_over()) return;
  server().hear_server(bytes);
  try {
    machine_.receive(bytes);
  } catch (const Failure& failure) {
    machine_.lose(failure);
  }
}

/// Everything that can go on by itself does.
void Session::move() {
  bool may_go_on = true;
  while (may_go_on) {
    note_told();
    if (is_sending_) send(machine_.to_server().size());
    see_to_channel();
    may_go_on = feed();
    note_told();
    if (is_sending_) send(machine_.to_server().size());
    see_to_channel();
    if (is_telling_) tell_all();
    check_bounds();
    may_go_on = may_go_on || (!unfed_.empty() && machine_.wants_input());
  }
  (void)machine_.phase();
  (void)machine_.is_in_doubt();
  (void)machine_.wait();
}

/// Line by line, so that the witness hears the answer to DATA before the text behind it.
bool Session::feed() {
  std::string_view rest = unfed_;
  std::size_t all = 0;
  bool may_go_on = true;
  while (may_go_on && !rest.empty()) {
    const std::string_view line = take_piece(rest, Order::line_by_line);
    const std::size_t fed = machine_.feed(line);
    caller_.hear_client(line.substr(0, fed));
    note_told();
    all += fed;
    may_go_on = fed == line.size();
  }
  unfed_.erase(0, all);
  if (is_ended_ && unfed_.empty()) machine_.end_of_input();
  return all > 0;
}

void Session::send(std::size_t count) {
  count = std::min(count, machine_.to_server().size());
  if (count == 0) return;
  server().hear_client(machine_.to_server().substr(0, count));
  machine_.sent_to_server(count);
}

void Session::note_told() {
  const std::string_view untold = machine_.to_caller();
  caller_.hear_server(untold.substr(seen_));
  seen_ = untold.size();
}

void Session::tell_all() {
  note_told();
  machine_.sent_to_caller(machine_.to_caller().size());
  seen_ = 0;
}

void Session::see_to_channel() {
  if (!machine_.wants_channel()) return;
  add_channel();
  has_channel_ = true;
  machine_.on_new_channel();
}

void Session::end_channel() {
  if (!has_channel_ || machine_.is_over()) return;
  if (machine_.survives_end_of_channel())
    has_channel_ = false;
  else
    lose();
}

void Session::lose() {
  machine_.lose(Failure(Cause::connection_lost));
  note_told();
}

void Session::check_bounds() const {
  constexpr std::size_t max_to_server = 4 * 1024 * 1024;
  constexpr std::size_t max_to_caller = 2 * 1024 * 1024;
  require(machine_.to_server().size() <= max_to_server, "what waits for the server is bounded");
  require(machine_.to_caller().size() <= max_to_caller, "what waits for the caller is bounded");
}

void Session::check_end() {
  note_told();
  std::deque<Message> ended;
  for (const Witness& witness : servers_)
    for (Message& message : witness.messages()) ended.push_back(std::move(message));
  check_ended(ended);
  check_accepted(ended);
  std::size_t accepted = 0;
  while (const std::optional<smtp::MessageOutcome> outcome = machine_.take_outcome())
    accepted += outcome->fate == smtp::Fate::accepted ? 1 : 0;
  const std::vector<Message> told = caller_.messages();
  require(accepted <= static_cast<std::size_t>(std::count_if(told.begin(), told.end(), is_good)),
          "no message is recorded as accepted that the caller was not told of");
  if (machine_.is_success())
    require(std::all_of(told.begin(), told.end(), is_good), "a success has no refusal in it");
}

/// The caller ended each of them: the text may be said again on another channel, where the first
/// mail server hung up. A lone dot is the way out of a DATA for nobody (RFC 2920 3.1).
void Session::check_ended(const std::deque<Message>& ended) const {
  const std::vector<Message> said = caller_.messages();
  for (const Message& message : ended)
    require((message.body.empty() && message.recipients.empty()) ||
                std::any_of(said.begin(), said.end(),
                            [&](const Message& one) { return is_same_text(one, message); }),
            "no message ends that the caller did not end", message.body);
}

void Session::check_accepted(const std::deque<Message>& ended) const {
  const std::vector<Message> said = caller_.messages();
  const std::deque<Message> told = accepted_of({said.begin(), said.end()});
  const std::deque<Message> taken = accepted_of(ended);
  require(told.size() == taken.size(), "the caller is told of each message that was accepted");
  for (std::size_t i = 0; i < told.size(); ++i) {
    require(is_same_text(told[i], taken[i]), "accepted is what he wrote", told[i].body);
    require(told[i].recipients == taken[i].recipients, "and by those whom he knows of");
  }
}

}  // namespace sshsm::fuzz
