#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fault_server {

struct Options {
  std::string fault = "none";
  std::string key_type = "ed25519";
  std::size_t octets = 0;
  unsigned seconds = 60;
  std::vector<char*> sink;

  [[nodiscard]] bool is(std::string_view name) const { return fault == name; }
  /// The connection stays when its command has ended, for what is asked for behind it.
  [[nodiscard]] bool keeps_connection() const {
    return fault.ends_with("-in-forwarding") || is("end-channel-at-octet");
  }
};

/// Ends the process with the words.
[[noreturn]] void die(const std::string& what);

/// From the command line; dies of what it does not know.
[[nodiscard]] Options read_options(int count, char** arguments);

}  // namespace fault_server
