#include "sink_session.h"

#include "sink_input.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace sink {
namespace {

constexpr double max_stall_seconds = 3600;

struct Parameter {
  std::string_view name;
  std::string_view keyword;  ///< the offer it needs
};
constexpr std::array<Parameter, 7> parameters{{{"SIZE", "SIZE"},
                                               {"BODY", "8BITMIME"},
                                               {"RET", "DSN"},
                                               {"ENVID", "DSN"},
                                               {"NOTIFY", "DSN"},
                                               {"ORCPT", "DSN"},
                                               {"SMTPUTF8", "SMTPUTF8"}}};

/// `550 one\ntwo` as a reply of two lines; the digits are repeated on each.
std::string well_formed(std::string_view text) {
  const std::string code(text.substr(0, 3));
  std::string reply;
  text.remove_prefix(std::min<std::size_t>(text.size(), 4));
  while (true) {
    const std::size_t end = text.find('\n');
    const bool is_last = end == std::string_view::npos;
    reply += code + (is_last ? " " : "-") + std::string(text.substr(0, end)) + "\r\n";
    if (is_last) return reply;
    text.remove_prefix(end + 1);
  }
}

std::string path_in(std::string_view line) {
  const std::size_t begin = line.find('<');
  const std::size_t end = line.find('>', begin == std::string_view::npos ? 0 : begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  return std::string(line.substr(begin, end - begin + 1));
}

class Session {
 public:
  Session(Script script, Store store, int transcript)
      : script_(std::move(script)), store_(std::move(store)), input_(transcript, script_.is_lax) {}

  [[noreturn]] void run() {
    write_noise();
    if (!script_.printed_before_greeting.empty()) put(script_.printed_before_greeting);
    interfere(Step::greeting, "");
    if (script_.is_strict && input_.is_waiting()) reject_everything();
    answer(Step::greeting, "", "220 sink.example ESMTP mail sink");
    std::string line;
    while (input_.read_line(line)) handle(line);
    if (script_.ignores_eof) stall();
    end();
  }

 private:
  // --- the ways to end ---

  [[noreturn]] void end() {
    if (script_.signal != 0) {
      // A sanitizer would catch it and make an exit status of it.
      signal(script_.signal, SIG_DFL);
      kill(getpid(), script_.signal);
    }
    _exit(script_.exit_status);
  }

  /// Ends early when nobody is left to read what we say, so that no sink outlives its test.
  void wait(double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto end_of_wait = Clock::now() + std::chrono::duration<double>(seconds);
    pollfd output{STDOUT_FILENO, 0, 0};
    for (auto left = seconds; left > 0;
         left = std::chrono::duration<double>(end_of_wait - Clock::now()).count())
      if (poll(&output, 1, static_cast<int>(left * 1000) + 1) > 0) end();
  }

  [[noreturn]] void stall() {
    while (true) wait(max_stall_seconds);
  }

  /// sendmail 8.17 after it caught a client that does not wait.
  [[noreturn]] void reject_everything() {
    put("554 5.5.0 SMTP protocol error\r\n");
    std::string line;
    while (input_.read_line(line)) {
      const bool is_quit = upper(line.substr(0, 4)) == "QUIT";
      put(is_quit ? "221 2.0.0 closing\r\n" : "550 5.0.0 Command rejected\r\n");
      if (is_quit) break;
    }
    end();
  }

  // --- bytes ---

  void put(std::string_view bytes) {
    if (!write_all(STDOUT_FILENO, bytes)) end();
  }

  void write_noise() {
    std::string noise = script_.stderr_text;
    while (noise.size() < script_.stderr_octets)
      noise += "noise on the standard error, line after line after line\n";
    if (!noise.empty() && !write_all(STDERR_FILENO, noise)) end();
  }

  // --- what the script says ---

  /// Everything that comes before an answer.
  void interfere(Step step, std::string_view path) {
    const std::size_t nth = ++reached_[static_cast<std::size_t>(step)];
    if (script_.find(Verb::die_before, step, path, nth) != nullptr) end();
    if (script_.find(Verb::stall, step, path, nth) != nullptr) stall();
    if (const Rule* rule = script_.find(Verb::delay, step, path, nth)) wait(rule->number);
  }

  [[nodiscard]] std::size_t times(Step step) const {
    return reached_[static_cast<std::size_t>(step)];
  }

  /// What will be answered: the script's words or the usual ones.
  [[nodiscard]] std::string words(Step step, std::string_view path, std::string_view usual) const {
    if (const Rule* rule = script_.find(Verb::raw, step, path, times(step))) return rule->text;
    const Rule* rule = script_.find(Verb::reply, step, path, times(step));
    return well_formed(rule != nullptr ? rule->text : usual);
  }

  /// In large pieces, and never with all of it in memory.
  void flood(const Rule& rule) {
    std::string piece;
    const auto in_a_piece = static_cast<std::size_t>(std::min(rule.number, 1000.0));
    for (std::size_t i = 0; i < in_a_piece; ++i) piece += rule.text;
    for (double left = rule.number; left >= 1; left -= static_cast<double>(in_a_piece)) put(piece);
  }

  /// Answers, and gives the first digit of what was said.
  char answer(Step step, std::string_view path, std::string_view usual) {
    if (const Rule* rule = script_.find(Verb::flood, step, path, times(step))) {
      flood(*rule);
      return rule->text.empty() ? '0' : rule->text.front();
    }
    const std::string reply = words(step, path, usual);
    put(reply);
    if (script_.find(Verb::die_after, step, path, times(step)) != nullptr) end();
    return reply.empty() ? '0' : reply.front();
  }

  char interfere_and_answer(Step step, std::string_view path, std::string_view usual) {
    interfere(step, path);
    return answer(step, path, usual);
  }

  // --- commands ---

  void handle(const std::string& line) {
    const std::string verb = upper(line.substr(0, line.find(' ')));
    if (verb == "EHLO") return hello(Step::ehlo);
    if (verb == "HELO") return hello(Step::helo);
    if (verb == "MAIL") return mail(line);
    if (verb == "RCPT") return rcpt(line);
    if (verb == "DATA") return data();
    if (verb == "BDAT" && script_.offers_keyword("CHUNKING")) return bdat(line);
    if (verb == "RSET") return reset();
    if (verb == "NOOP") return void(interfere_and_answer(Step::noop, "", "250 2.0.0 ok"));
    if (verb == "QUIT") return quit();
    put("500 5.5.1 command unrecognized\r\n");
  }

  void hello(Step step) {
    if (script_.is_strict && step == Step::ehlo && input_.is_waiting()) reject_everything();
    std::string usual = "250 sink.example";
    if (step == Step::ehlo)
      for (const std::string& offer : script_.offers) usual += "\n" + offer;
    interfere_and_answer(step, "", usual);
  }

  void reset() {
    forget();
    interfere_and_answer(Step::rset, "", "250 2.0.0 reset");
  }

  [[noreturn]] void quit() {
    interfere_and_answer(Step::quit, "", "221 2.0.0 closing");
    end();
  }

  /// The answer to a parameter that was not offered, if there is one.
  [[nodiscard]] std::optional<std::string> complaint(std::string_view line) const {
    const std::size_t path_end = line.find('>');
    std::string_view rest =
        path_end == std::string_view::npos ? std::string_view{} : line.substr(path_end + 1);
    while (!rest.empty()) {
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(word.size());
      const std::string name = upper(word.substr(0, word.find('=')));
      const bool is_known =
          std::any_of(parameters.begin(), parameters.end(), [&](const Parameter& parameter) {
            return parameter.name == name && script_.offers_keyword(parameter.keyword);
          });
      if (!name.empty() && !is_known) return "555 5.5.4 " + name + " parameter unrecognized";
    }
    return std::nullopt;
  }

  void mail(const std::string& line) {
    const std::string path = path_in(line);
    const std::string usual = has_sender_
                                  ? "503 5.5.0 sender already specified"
                                  : complaint(line).value_or("250 2.1.0 " + path + " sender ok");
    if (interfere_and_answer(Step::mail, path, usual) != '2') return;
    message_.sender = path;
    has_sender_ = true;
  }

  void rcpt(const std::string& line) {
    const std::string path = path_in(line);
    const std::string usual = has_sender_
                                  ? complaint(line).value_or("250 2.1.5 " + path + " recipient ok")
                                  : "503 5.0.0 need MAIL before RCPT";
    had_recipient_ = has_sender_;
    if (interfere_and_answer(Step::rcpt, path, usual) == '2') message_.recipients.push_back(path);
  }

  [[nodiscard]] bool may_have_data() const {
    return has_sender_ && (!message_.recipients.empty() || (script_.is_lax_354 && had_recipient_));
  }

  void data() {
    const char digit = interfere_and_answer(
        Step::data, "", may_have_data() ? "354 go ahead" : "503 5.0.0 need RCPT");
    if (digit != '3') return;
    std::string line;
    while (true) {
      if (!input_.read_raw_line(line)) end();
      check_line_end(line);
      if (line == ".\r" || line == ".") break;
      if (line.starts_with('.')) line.erase(0, 1);
      line += '\n';
      keep(line);
    }
    message_complete();
  }

  /// sendmail's answer to a line end that is not CRLF.
  void check_line_end(const std::string& line) {
    if (!script_.is_strict) return;
    const bool has_crlf = line.ends_with('\r');
    if (has_crlf && line.find('\r') == line.size() - 1) return;
    put(has_crlf ? "421 4.5.0 Bare carriage return (CR) not allowed\r\n"
                 : "421 4.5.0 Bare linefeed (LF) not allowed\r\n");
    end();
  }

  void keep(std::string_view piece) {
    message_.octets += piece.size();
    if (message_.head.size() < max_head)
      message_.head += piece.substr(0, max_head - message_.head.size());
    if (store_.keeps_content()) message_.content += piece;
    if (script_.die_inside > 0 && message_.octets >= script_.die_inside) end();
    if (script_.stall_inside > 0 && message_.octets >= script_.stall_inside) stall();
  }

  void bdat(const std::string& line) {
    std::size_t left = 0;
    const bool is_last = upper(line).ends_with(" LAST");
    std::from_chars(line.data() + std::min<std::size_t>(5, line.size()), line.data() + line.size(),
                    left);
    while (left > 0) {
      const std::string_view piece = input_.take(left);
      if (piece.empty()) end();
      keep(piece);
      left -= piece.size();
    }
    if (!may_have_data()) {
      message_.content.clear();
      message_.head.clear();
      return void(interfere_and_answer(Step::bdat, "", "503 5.0.0 need RCPT"));
    }
    if (is_last) return message_complete();
    // As Exim and Postfix do: what is left of the message is for nobody.
    if (interfere_and_answer(Step::bdat, "", "250 2.0.0 chunk ok") != '2') forget();
  }

  void message_complete() {
    interfere(Step::dot, "");
    const bool is_dropped =
        script_.find(Verb::drop_after, Step::dot, "", times(Step::dot)) != nullptr;
    const bool has_recipient = !message_.recipients.empty();
    const std::string usual =
        has_recipient ? "250 2.0.0 message accepted" : "554 5.5.1 no valid recipients";
    const bool is_taken = has_recipient && words(Step::dot, "", usual).starts_with('2');
    const bool is_stored = !is_taken || store_.add(message_);
    forget();
    if (is_dropped) end();
    answer(Step::dot, "", is_stored ? usual : "451 4.3.0 cannot store the message");
  }

  void forget() {
    message_ = Message{};
    has_sender_ = false;
    had_recipient_ = false;
  }

  Script script_;
  Store store_;
  Input input_;
  std::array<std::size_t, step_count> reached_{};
  Message message_;
  bool has_sender_ = false;
  bool had_recipient_ = false;
};

}  // namespace

void serve(Script script, Store store, int transcript) {
  Session(std::move(script), std::move(store), transcript).run();
}

}  // namespace sink
