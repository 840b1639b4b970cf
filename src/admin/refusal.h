#pragma once

#include <exception>
#include <string>
#include <utility>

namespace sshsm::admin {

/// Why a command of the administrator's cannot go on, in one sentence without a full stop that says
/// what to do instead. It is about this command alone and never about mail, so it is no
/// `base::Failure`; those are thrown here too, where the mailer would meet the same fault.
class Refusal : public std::exception {
 public:
  explicit Refusal(std::string sentence) : sentence_(std::move(sentence)) {}

  [[nodiscard]] const std::string& sentence() const noexcept { return sentence_; }
  [[nodiscard]] const char* what() const noexcept override { return sentence_.c_str(); }

 private:
  std::string sentence_;
};

}  // namespace sshsm::admin
