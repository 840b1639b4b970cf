#pragma once

#include <sys/time.h>
#include <sys/types.h>

#include <string>
#include <string_view>

/// What the clients of the bench are made of: small pieces, so that the client never costs more
/// than what it measures.
namespace bench {

constexpr std::string_view smtp_hello = "EHLO bench.example\r\n";
constexpr std::string_view lmtp_hello = "LHLO bench.example\r\n";

/// Says so with the system's reason, and ends with 99.
[[noreturn]] void stop(const char* what);

/// Nanoseconds since 1970.
[[nodiscard]] long now();

[[nodiscard]] long microseconds(const struct timeval& time);

/// Returns at the end of that descriptor's input, which is when others begin too.
void wait_at(int gate);

/// A mail server's end of a conversation.
class Dialogue {
 public:
  Dialogue(int input, int output) : input_(input), output_(output) {}

  /// Says all of it. False if nobody takes it.
  [[nodiscard]] bool say(std::string_view text) const;
  /// Reads one reply, however many lines it has; false if it does not begin so.
  [[nodiscard]] bool expect(std::string_view code);
  [[nodiscard]] bool command(std::string_view line, std::string_view code);
  /// All lines of the reply heard last.
  [[nodiscard]] const std::string& reply() const { return reply_; }

 private:
  [[nodiscard]] bool reply_line(std::string& line);

  int input_;            ///< where the other one reads
  int output_;           ///< where he answers
  std::string replies_;  ///< received and not yet looked at
  std::string reply_;
};

/// A client at work.
struct Program {
  pid_t pid = 0;
  int input = -1;   ///< the end of a pipe, where we talk to it
  int output = -1;  ///< the end of a pipe, where it answers
};

/// With `batch` as its standard input, so that it is not talked to.
[[nodiscard]] Program start(char** command, int batch);
[[nodiscard]] Program start_talking(char** command);

}  // namespace bench
