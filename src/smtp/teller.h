#pragma once

#include "base/failure.h"
#include "smtp/output_buffer.h"
#include "smtp/reply.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sshsm::smtp {

/// What a caller who speaks SMTP or LMTP to us is told: replies of the mail server and our own,
/// each line with CRLF, and no control octet in it.
class Teller {
 public:
  /// `destination` and `host` name the far side in our own replies. With `max_before_whole` octets
  /// untold or more, a reply of the mail server is told in one line.
  Teller(std::string destination, std::string host,
         std::size_t max_before_whole = std::string::npos);

  [[nodiscard]] std::string_view untold() const { return output_.unsent(); }
  void told(std::size_t count) { output_.sent(count); }

  void tell_line(std::string_view line);
  /// As the mail server said it; or in one line, as `text_of` has it.
  void tell(const Reply& reply);
  /// A refusal of MAIL, RCPT, DATA or a message as the mail server said it, but for what is a
  /// mistake of ours or of an administrator: that is rejected.
  void tell_refusal(std::string_view command, const Reply& reply);
  /// 451 with the reply quoted.
  void reject(std::string_view command, const Reply& reply);
  /// `421 4.4.2 sshsm: DEST (HOST): the connection was lost; ...`
  void tell_failure(std::string_view code, const base::Failure& failure);
  /// `502 5.5.1 sshsm: DEST (HOST): text`
  [[nodiscard]] std::string own_reply(std::string_view code, std::string_view text) const;

 private:
  std::string destination_;
  std::string host_;
  std::size_t max_before_whole_;
  OutputBuffer output_;
};

}  // namespace sshsm::smtp
