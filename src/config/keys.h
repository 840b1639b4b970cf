#pragma once

#include "config/destination.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sshsm::config {

/// What the value of a key must look like (values.h).
enum class Form {
  text,
  program,
  user_name,
  user_names,
  host_names,
  key_alias,
  hello_name,
  address,
  address_family,
  number,
  seconds,
  yes_or_no,
  path,
  host_key,
  algorithms,
  host_and_port,
  listener,
};

/// Who may set a key, that is, in which file.
enum class Scope { both_files, defaults_file };

/// Both ends included.
struct Range {
  unsigned long min = 0;
  unsigned long max = 0;
};

/// Where the value goes.
using Target =
    std::variant<std::monostate, std::string Destination::*,
                 std::vector<std::string> Destination::*, std::uint16_t Destination::*,
                 unsigned Destination::*, bool Destination::*, std::chrono::seconds Destination::*,
                 AddressFamily Destination::*, std::optional<SmtpAddress> Destination::*>;

/// One row of the table from which parser, help and manual are made. The names are ssh_config's
/// words in lower case with hyphens.
struct Key {
  std::string_view name{};
  std::string_view default_value{};  ///< as it would stand in the file; empty: none
  std::string_view help{};
  Form form = Form::text;
  Range range{};  ///< of a number or seconds
  Target target{};
  Scope scope = Scope::both_files;
  bool is_repeatable = false;
  bool is_required = false;
};

/// All keys, in the order of the manual.
[[nodiscard]] std::span<const Key> all_keys() noexcept;

/// The key of exactly this name, or none. No prefix is guessed: a typing error is no setting.
[[nodiscard]] const Key* find_key(std::string_view name) noexcept;

}  // namespace sshsm::config
