#pragma once

#include <string>
#include <vector>

namespace sshsm::smtp {

/// One `KEYWORD[=VALUE]` behind a path (RFC 5321 4.1.1.11). The value has no blanks or controls.
struct Parameter {
  std::string keyword;  ///< upper case
  std::string value;    ///< empty where there is none
};

struct Recipient {
  std::string path;  ///< with its angle brackets: `<bob@friend.example>`
  std::vector<Parameter> parameters;
};

/// What MAIL and RCPT said of one message.
struct Envelope {
  std::string reverse_path;  ///< with its angle brackets; `<>` for a bounce
  std::vector<Parameter> parameters;
  std::vector<Recipient> recipients;
};

}  // namespace sshsm::smtp
