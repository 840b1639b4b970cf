#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sshsm::keeper {

inline constexpr std::string_view program_name = "sshsmd";

/// What `sshsmd` was started with.
struct Arguments {
  bool is_verbose = false;
  bool is_help = false;     ///< --help, and nothing else
  bool is_version = false;  ///< --version, and nothing else
  std::string config_dir;   ///< empty: the built-in one
  std::string destination;  ///< a destination's name, checked
};

/// One row of the table that parser, help, completion and manual share.
struct OptionRow {
  std::string_view spelling;  ///< `-v`, `--config-dir`
  std::string_view value;     ///< what the help calls its value; empty: a switch
  std::string_view help;
};

/// All options, in the order of the manual.
[[nodiscard]] std::span<const OptionRow> all_options() noexcept;

/// `words` is argv without the program's name. Nothing is guessed from its beginning, and no option
/// is given twice. Throws `Failure` bad_arguments and bad_destination.
[[nodiscard]] Arguments parse_arguments(std::span<char* const> words);

/// How `sshsmd` ends.
struct ExitStatusRow {
  int status;
  std::string_view meaning;
};

[[nodiscard]] std::span<const ExitStatusRow> all_exit_statuses() noexcept;

/// The text of --help, made from the tables.
[[nodiscard]] std::string help_text();
/// `sshsmd X.Y.Z`
[[nodiscard]] std::string version_text();

}  // namespace sshsm::keeper
