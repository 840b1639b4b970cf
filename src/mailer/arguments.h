#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sshsm::mailer {

/// What the caller asked for.
enum class Mode {
  automatic,    ///< none named
  interactive,  ///< -bs
  batch,        ///< -bS
  lmtp,         ///< --lmtp
};

struct Arguments {
  Mode mode = Mode::automatic;
  bool is_verbose = false;
  bool is_help = false;     ///< --help, and nothing else
  bool is_version = false;  ///< --version, and nothing else
  std::string config_dir;   ///< empty: the built-in one
  std::string rest_file;    ///< empty: none; else the mode is batch
  std::string destination;  ///< not checked yet
};

/// One row of the table that parser, help, completion and manual share.
struct OptionRow {
  std::string_view name;      ///< for the parser: `long` or `,short`; empty where a row has told it
  std::string_view value;     ///< what the help calls its value, or empty for a switch
  std::string_view spelling;  ///< as it is written, with its value: `--rest FILE`
  std::string_view help;
};

/// All options, in the order of the manual.
[[nodiscard]] std::span<const OptionRow> all_options() noexcept;

/// `words` is argv without the program's name. Long names are not guessed from their beginnings: in
/// a set-id program `--conf` must not become `--config-dir`. Throws `Failure` bad_arguments.
[[nodiscard]] Arguments parse_arguments(std::span<char* const> words);

/// True where a failure is told as an SMTP greeting on standard output, because whoever called
/// expects a conversation: any word is -bs or --lmtp, or none is -bS or --rest. Looks at the bare
/// words, since it must be known also of words that cannot be parsed.
[[nodiscard]] bool is_greeting_expected(std::span<char* const> words);

/// The text of --help, made from the tables of options, keys and statuses.
[[nodiscard]] std::string help_text();

/// `sshsm X.Y.Z`
[[nodiscard]] std::string version_text();

}  // namespace sshsm::mailer
