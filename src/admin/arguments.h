#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::admin {

enum class Verb { enrol, check, trust, config, list, status };

/// The mail server of this machine, for whose configuration lines are printed.
enum class MailServer { none, sendmail, exim, postfix };

/// What the administrator asked for. Texts are as they were given, not checked yet; what was not
/// given is empty.
struct Arguments {
  Verb verb = Verb::list;
  bool is_help = false;     ///< --help: of all verbs, or of `verb` where `has_verb`
  bool is_version = false;  ///< --version, and nothing else
  bool has_verb = false;
  std::string destination;
  std::string config_dir;
  std::vector<std::string> hosts;  ///< blank-separated values are taken apart
  std::string user;
  std::string port;
  std::vector<std::string> fingerprints;
  std::string host_key_file;
  std::string smtp_address;
  MailServer mail_server = MailServer::none;
  bool does_add = false;
  bool does_replace = false;
  std::vector<std::string> revoked;  ///< fingerprints
  std::string run_as;
  std::string to;
  bool is_json = false;
};

/// Does what a verb means and gives the exit status, 0 or 1. May throw `Refusal` and
/// `base::Failure`, which `run` tells.
using Handler = int (*)(const Arguments& arguments);

/// One row of the table that parser, help, completion and manual share.
struct VerbRow {
  Verb verb;
  std::string_view word;
  std::string_view operand;  ///< `DEST`, `[DEST]` where it may be left out, or empty
  std::string_view help;     ///< one line, without a full stop
  Handler handler;           ///< null: not in this version
};

/// All verbs, in the order of the enumeration.
[[nodiscard]] std::span<const VerbRow> all_verbs() noexcept;

[[nodiscard]] const VerbRow& row_of(Verb verb) noexcept;

/// One row of the other table. Every option is long: `--NAME` or `--NAME VALUE`.
struct OptionRow {
  std::string_view name;
  std::string_view value;  ///< what the help calls its value; empty: a switch
  std::string_view help;
  std::span<const Verb> verbs;  ///< that take it; empty: every one
  bool is_repeatable = false;
};

/// All options, in the order of the manual.
[[nodiscard]] std::span<const OptionRow> all_options() noexcept;

[[nodiscard]] bool is_for(const OptionRow& option, Verb verb) noexcept;

/// `words` is argv without the program's name. Long names are not guessed from their beginnings.
/// Throws `Refusal` with what is wrong with them.
[[nodiscard]] Arguments parse_arguments(std::span<char* const> words);

/// The text of `sshsmctl --help`, made from the tables.
[[nodiscard]] std::string help_text();
/// The text of `sshsmctl VERB --help`.
[[nodiscard]] std::string help_text(Verb verb);
/// `sshsmctl X.Y.Z`
[[nodiscard]] std::string version_text();

}  // namespace sshsm::admin
