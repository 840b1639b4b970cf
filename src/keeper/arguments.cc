#include "keeper/arguments.h"

#include "base/failure.h"
#include "base/text.h"
#include "build_settings.h"
#include "config/destination.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sshsm::keeper {
namespace {

using base::Cause;
using base::concat;
using base::Failure;

constexpr std::string_view verbose = "-v";
constexpr std::string_view config_dir = "--config-dir";
constexpr std::string_view help = "--help";
constexpr std::string_view version = "--version";

constexpr auto options = std::to_array<OptionRow>({
    {verbose, "", "show the conversations and the log lines on standard error"},
    {config_dir, "DIR", "look for DEST.conf, the key and the pins there, and meet sshsm there"},
    {help, "", "print this, as the only argument"},
    {version, "", "print the version, as the only argument"},
});

constexpr auto exit_statuses = std::to_array<ExitStatusRow>({
    {0, "told to stop, or idle behind the sockets of a supervisor who starts it again"},
    {75, "could not start, or an error in sshsmd itself: standard error and the log say why"},
});

[[noreturn]] void refuse(std::string detail) {
  throw Failure(Cause::bad_arguments, std::move(detail));
}

/// Takes the words from the front, one option or operand at a time.
class Reader {
 public:
  explicit Reader(std::span<char* const> words) : words_(words) {}

  Arguments read() {
    while (!words_.empty()) {
      const std::string_view word = take();
      if (has_options_ && word == "--")
        has_options_ = false;
      else if (has_options_ && word.starts_with('-') && word.size() > 1)
        take_option(word);
      else
        take_operand(word);
    }
    if (arguments_.destination.empty()) refuse("no destination is named");
    return std::move(arguments_);
  }

 private:
  std::string_view take() {
    const std::string_view word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  void take_operand(std::string_view word) {
    if (!arguments_.destination.empty())
      refuse(concat({"too many arguments: ", base::quoted(word, 64)}));
    if (!config::is_destination_name(word))
      throw Failure(Cause::bad_destination, base::quoted(word, 64));
    arguments_.destination = word;
  }

  /// `--config-dir DIR` and `--config-dir=DIR`.
  void take_option(std::string_view word) {
    const std::size_t end =
        word.starts_with("--") ? std::min(word.find('='), word.size()) : word.size();
    const std::string_view name = word.substr(0, end);
    if (name == help || name == version) refuse("--help and --version stand alone");
    if (name == verbose && end == word.size()) {
      arguments_.is_verbose = true;
      return;
    }
    if (name != config_dir) refuse(concat({"unknown option ", base::quoted(word, 64)}));
    if (!arguments_.config_dir.empty()) refuse("--config-dir is given twice");
    if (end == word.size() && words_.empty()) refuse("--config-dir needs a directory");
    arguments_.config_dir = end == word.size() ? take() : word.substr(end + 1);
    if (arguments_.config_dir.empty()) refuse("--config-dir is empty");
  }

  std::span<char* const> words_;
  Arguments arguments_;
  bool has_options_ = true;
};

}  // namespace

std::span<const OptionRow> all_options() noexcept {
  return options;
}

std::span<const ExitStatusRow> all_exit_statuses() noexcept {
  return exit_statuses;
}

Arguments parse_arguments(std::span<char* const> words) {
  Arguments alone;
  alone.is_help = words.size() == 1 && words[0] == help;
  alone.is_version = words.size() == 1 && words[0] == version;
  if (alone.is_help || alone.is_version) return alone;
  return Reader(words).read();
}

std::string help_text() {
  std::string text =
      "Usage: sshsmd [-v] [--config-dir DIR] [--] DEST\n\n"
      "Keeps the line to the host that DEST.conf names, for local programs that speak SMTP or\n"
      "LMTP, and for sshsm. Runs in the foreground.\n\n";
  for (const OptionRow& option : options)
    text += base::help_line(
        concat({option.spelling, option.value.empty() ? "" : " ", option.value}), 18, option.help);
  text += "\nExit status:\n";
  for (const ExitStatusRow& row : exit_statuses)
    text += concat(
        {"  ", row.status == 0 ? " " : "", std::to_string(row.status), "  ", row.meaning, "\n"});
  return text +
         concat(
             {"\nSignals: TERM ends it when what is in flight is through, HUP makes it read the\n"
              "configuration again.\nConfiguration: ",
              SSHSM_CONFIG_DIR, "/DEST.conf\n"});
}

std::string version_text() {
  return "sshsmd " SSHSM_VERSION "\n";
}

}  // namespace sshsm::keeper
