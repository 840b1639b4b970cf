#pragma once

#include "base/descriptor.h"
#include "base/failure.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::mailer {

/// Where words go. Mail servers connect descriptor 2 to the channel on which they read replies;
/// there a stray word is taken for one, and "550" in it bounces the mail. So where a greeting is
/// expected, descriptor 2 is kept only if it is a terminal, and leads nowhere otherwise.
class Voice {
 public:
  /// `is_greeting`: the caller expects SMTP or LMTP, or it is not known yet whether he does.
  explicit Voice(bool is_greeting);

  /// The caller writes a batch and reads diagnostics: words go to what was descriptor 2 from now
  /// on.
  void address_person();

  /// Where diagnostics go now.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Diagnostics lead nowhere, for now or for good.
  [[nodiscard]] bool is_mute() const { return is_greeting_ && original_; }
  /// Diagnostics, whole lines.
  void say(std::string_view text) const;
  /// A failure that nothing has told of yet: a line for a person, or 421 as the greeting of a
  /// session in which QUIT is answered.
  void tell(const base::Failure& failure, const std::string& destination,
            const std::string& host) const;

 private:
  bool is_greeting_;
  int descriptor_;
  std::size_t at_once_;        ///< of descriptor 2, also while it leads nowhere
  base::Descriptor original_;  ///< of descriptor 2, while it leads nowhere
};

/// Gives up on a reader who does not read: his words must not hold up the exit status.
void write_patiently(int descriptor, std::string_view text);

/// True where input is at hand though nobody was greeted: a file, or bytes that wait, or its end.
[[nodiscard]] bool is_batch_waiting(int input);

}  // namespace sshsm::mailer
