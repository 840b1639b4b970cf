#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace sshsm::smtp {

/// Where a line breaks: when so many octets have passed in one direction.
struct Cut {
  enum class Way { up, down };  ///< up is towards the mail server
  Way way;
  std::size_t octet;
};

/// A line between two ends that counts what passes, and breaks where it is told to.
class CutLine {
 public:
  explicit CutLine(std::optional<Cut> cut) : cut_(cut) {}

  /// Of what one end has sent: that which arrives.
  [[nodiscard]] std::string_view up(std::string_view bytes) {
    return pass(Cut::Way::up, up_, bytes);
  }
  [[nodiscard]] std::string_view down(std::string_view bytes) {
    return pass(Cut::Way::down, down_, bytes);
  }

  [[nodiscard]] bool is_cut() const { return is_cut_; }
  /// How many octets have passed towards the mail server, and back.
  [[nodiscard]] std::size_t passed_up() const { return up_; }
  [[nodiscard]] std::size_t passed_down() const { return down_; }

 private:
  std::string_view pass(Cut::Way way, std::size_t& passed, std::string_view bytes) {
    if (is_cut_) return {};
    if (cut_ && cut_->way == way && passed + bytes.size() > cut_->octet) {
      bytes = bytes.substr(0, cut_->octet - passed);
      is_cut_ = true;
    }
    passed += bytes.size();
    return bytes;
  }

  std::optional<Cut> cut_;
  std::size_t up_ = 0;
  std::size_t down_ = 0;
  bool is_cut_ = false;
};

/// Conversations that are cut behind each of their octets would take hours if they were longer.
constexpr std::size_t max_cut_conversation = 4000;

/// Calls `run` for a cut behind each octet of both directions of a conversation of that size; none
/// where it is too long.
inline void cut_everywhere(const CutLine& whole, const std::function<void(Cut)>& run) {
  if (whole.passed_up() > max_cut_conversation || whole.passed_down() > max_cut_conversation)
    return;
  for (std::size_t octet = 0; octet < whole.passed_up(); ++octet) run({Cut::Way::up, octet});
  for (std::size_t octet = 0; octet < whole.passed_down(); ++octet) run({Cut::Way::down, octet});
}

}  // namespace sshsm::smtp
