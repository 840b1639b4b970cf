#include "mailer/arguments.h"

#include "base/exit_status.h"
#include "base/failure.h"
#include "base/text.h"
#include "build_settings.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sshsm::mailer {
namespace {

namespace po = boost::program_options;
using base::Cause;
using base::Failure;

constexpr auto options = std::to_array<OptionRow>({
    {",b", "s|S", "-bs", "speak SMTP on standard input and output, as sendmail -bs does"},
    {"", "", "-bS", "read batch SMTP on standard input"},
    {",v", "", "-v", "show the conversation and the log lines on standard error"},
    {"config-dir", "DIR", "--config-dir DIR", "look for DEST.conf, the key and the pins there"},
    {"rest", "FILE", "--rest FILE",
     "read batch SMTP, and leave in FILE, a new one, what was not accepted"},
    {"lmtp", "", "--lmtp", "speak LMTP on standard input and output, one answer per recipient"},
    {"help", "", "--help", "print this, as the only argument"},
    {"version", "", "--version", "print the version, as the only argument"},
});

po::options_description described_options() {
  po::options_description description;
  auto add = description.add_options();
  for (const OptionRow& option : options) {
    const std::string name(option.name);
    if (name.empty()) continue;
    if (option.value.empty())
      add(name.c_str(), po::bool_switch());
    else
      add(name.c_str(), po::value<std::string>());
  }
  add("destination", po::value<std::string>());
  return description;
}

/// `-b S` in two words would be a mode that no mail server means, and `is_greeting_expected` not
/// see.
void refuse_split_mode(const po::parsed_options& parsed) {
  for (const po::option& option : parsed.options)
    if (option.string_key == "-b" && option.original_tokens.size() != 1)
      throw Failure(Cause::bad_arguments, "-b and its letter are one word");
}

po::variables_map parse(std::span<char* const> words) {
  // What is missing from unix_style: guessing, and `-vbS` for `-v -bS`.
  constexpr int style =
      po::command_line_style::allow_short | po::command_line_style::allow_long |
      po::command_line_style::allow_dash_for_short | po::command_line_style::short_allow_adjacent |
      po::command_line_style::long_allow_adjacent | po::command_line_style::long_allow_next;
  const po::options_description description = described_options();
  po::positional_options_description positional;
  positional.add("destination", 1);
  const po::parsed_options parsed =
      po::command_line_parser(std::vector<std::string>(words.begin(), words.end()))
          .options(description)
          .positional(positional)
          .style(style)
          .run();
  refuse_split_mode(parsed);
  po::variables_map values;
  po::store(parsed, values);
  return values;
}

/// Boost gives a name of one letter two dashes, which is no option of ours.
std::string with_short_names(std::string complaint) {
  for (const OptionRow& option : options) {
    if (!option.name.starts_with(',')) continue;
    const std::size_t at = complaint.find(base::concat({"'--", option.name.substr(1), "'"}));
    if (at != std::string::npos) complaint.erase(at + 1, 1);
  }
  return complaint;
}

std::string text_of(const po::variables_map& values, const char* name) {
  return values.count(name) == 0 ? std::string() : values[name].as<std::string>();
}

Mode mode_of(const po::variables_map& values) {
  const std::string letter = text_of(values, "-b");
  const bool is_lmtp = values["lmtp"].as<bool>();
  if (is_lmtp && !letter.empty()) throw Failure(Cause::bad_arguments, "--lmtp beside -b" + letter);
  if (is_lmtp) return Mode::lmtp;
  if (letter == "S") return Mode::batch;
  if (letter == "s") return Mode::interactive;
  if (values.count("-b") == 0) return values.count("rest") == 0 ? Mode::automatic : Mode::batch;
  throw Failure(Cause::bad_arguments, "unknown mode -b" + letter);
}

bool is_word(const char* word, std::string_view text) {
  return word == text;
}

Arguments checked(const po::variables_map& values) {
  Arguments arguments;
  arguments.mode = mode_of(values);
  arguments.is_verbose = values["-v"].as<bool>();
  arguments.config_dir = text_of(values, "config-dir");
  arguments.rest_file = text_of(values, "rest");
  arguments.destination = text_of(values, "destination");
  if (values.count("rest") != 0 && arguments.mode != Mode::batch)
    throw Failure(Cause::bad_arguments, "--rest is for -bS alone");
  if (values["help"].as<bool>() || values["version"].as<bool>())
    throw Failure(Cause::bad_arguments, "--help and --version stand alone");
  if (values.count("config-dir") != 0 && arguments.config_dir.empty())
    throw Failure(Cause::bad_arguments, "--config-dir is empty");
  if (values.count("rest") != 0 && arguments.rest_file.empty())
    throw Failure(Cause::bad_arguments, "--rest is empty");
  if (values.count("destination") == 0)
    throw Failure(Cause::bad_arguments, "no destination is named");
  return arguments;
}

}  // namespace

std::span<const OptionRow> all_options() noexcept {
  return options;
}

Arguments parse_arguments(std::span<char* const> words) {
  Arguments alone;
  alone.is_help = words.size() == 1 && is_word(words[0], "--help");
  alone.is_version = words.size() == 1 && is_word(words[0], "--version");
  if (alone.is_help || alone.is_version) return alone;
  try {
    return checked(parse(words));
  } catch (const po::unknown_option& error) {
    // As it was typed.
    throw Failure(Cause::bad_arguments, error.what());
  } catch (const po::error& error) {
    throw Failure(Cause::bad_arguments, with_short_names(error.what()));
  }
}

bool is_greeting_expected(std::span<char* const> words) {
  const auto has = [&](std::string_view text) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return is_word(word, text); });
  };
  const bool has_rest = has("--rest") || std::any_of(words.begin(), words.end(), [](auto* word) {
                          return std::string_view(word).starts_with("--rest=");
                        });
  return has("-bs") || has("--lmtp") || !(has("-bS") || has_rest);
}

std::string help_text() {
  std::string text =
      "Usage: sshsm [-v] [--config-dir DIR] [-bs | -bS [--rest FILE] | --lmtp] [--] DEST\n\n"
      "Carries mail over SSH to the host that DEST.conf names. Without a mode: a batch if the\n"
      "input comes before the greeting, else a conversation.\n\n";
  for (const OptionRow& option : options) text += base::help_line(option.spelling, 18, option.help);
  text += "\nExit status:\n";
  for (const base::ExitStatusRow& row : base::all_exit_statuses())
    text += base::concat({"  ", row.status == base::ExitStatus::accepted ? " " : "",
                          std::to_string(static_cast<int>(row.status)), "  ", row.meaning, "\n"});
  return text + base::concat({"\nConfiguration: ", SSHSM_CONFIG_DIR, "/DEST.conf\n"});
}

std::string version_text() {
  return "sshsm " SSHSM_VERSION "\n";
}

}  // namespace sshsm::mailer
