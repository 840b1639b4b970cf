#include "smtp/line_run.h"

namespace sshsm::smtp {
namespace {

constexpr std::size_t window = 1024;

}  // namespace

std::string_view run_at(std::string_view bytes) noexcept {
  std::string_view run = bytes.substr(0, window);
  run = run.substr(0, run.find('\n'));
  return run.substr(0, run.find('\r'));
}

std::size_t canonical_line_at(std::string_view bytes) noexcept {
  const std::string_view near = bytes.substr(0, window);
  const std::size_t end = near.find('\n');
  const bool is_canonical = end != std::string_view::npos && end > 0 && near.find('\r') == end - 1;
  return is_canonical ? end + 1 : 0;
}

}  // namespace sshsm::smtp
