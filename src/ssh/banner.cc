#include "ssh/banner.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace sshsm::ssh {
namespace {

constexpr std::string_view banner_start = "SSH-";
constexpr std::size_t max_text_before_banner = 8192;
/// A banner cut in its first four bytes would make poll report the same bytes again and again.
constexpr base::Milliseconds pause_for_the_rest{20};

/// How many of these bytes belong to a line that is no banner and is complete or too far from one.
std::size_t foreign_part(std::string_view bytes, bool is_line_start) {
  if (is_line_start && banner_start.starts_with(bytes.substr(0, banner_start.size()))) return 0;
  const std::size_t line_end = bytes.find('\n');
  return line_end == std::string_view::npos ? bytes.size() : line_end + 1;
}

}  // namespace

BannerWait wait_for_banner(int connection, base::Deadline deadline, base::Waiter& waiter) {
  BannerWait result;
  std::array<char, 1024> buffer{};
  while (result.text.size() < max_text_before_banner) {
    if (waiter.wait(connection, POLLIN, deadline) == 0) return result;
    const ssize_t peeked = recv(connection, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (peeked < 0 && errno == EAGAIN) continue;
    if (peeked <= 0) {
      result.end = BannerWait::End::closed;
      return result;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(peeked));
    const bool is_line_start = result.text.empty() || result.text.back() == '\n';
    const std::size_t foreign = foreign_part(bytes, is_line_start);
    if (foreign == 0 && bytes.size() >= banner_start.size()) {
      result.end = BannerWait::End::banner;
      return result;
    }
    if (foreign == 0) {
      if (deadline.passed()) return result;
      [[maybe_unused]] const short nothing =
          waiter.wait(-1, 0, earlier(deadline, base::Deadline::after(pause_for_the_rest)));
      continue;
    }
    result.text += bytes.substr(0, foreign);
    if (recv(connection, buffer.data(), foreign, MSG_DONTWAIT) < 0) return result;
  }
  result.end = BannerWait::End::closed;
  return result;
}

}  // namespace sshsm::ssh
