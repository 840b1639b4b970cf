#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sshsm::privilege {

/// What a child found. It lies in memory shared with the parent, because the child may have no
/// descriptor left and may not be able to open one.
class Report {
 public:
  Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  ~Report();

  /// `fact: value`, one line.
  void add(std::string_view fact, std::string_view value);
  /// The same with the name of errno, or `done` where `result` is not negative.
  void add_call(std::string_view fact, long result);
  [[nodiscard]] std::string text() const;

 private:
  struct Page;
  Page* page_;
};

/// How a child ended: its exit status, or 1000 and the number of the signal that killed it.
struct Ending {
  int status;
  std::string report;
};

/// Runs `work` in a child, so that whatever it does to its process is gone afterwards. Where `work`
/// returns, the status is 0; where an exception leaves it, `exception: TEXT` is reported and it
/// is 1.
[[nodiscard]] Ending run_in_child(const std::function<void(Report&)>& work);

/// Tests that change who we are need it; the others say that they were skipped.
[[nodiscard]] bool is_root() noexcept;

}  // namespace sshsm::privilege
