#include "admin/arguments.h"

#include "admin/check.h"
#include "admin/enrolment.h"
#include "admin/keeper_status.h"
#include "admin/listing.h"
#include "admin/refusal.h"
#include "admin/settings.h"
#include "admin/trust_change.h"
#include "base/text.h"
#include "build_settings.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <optional>

namespace sshsm::admin {
namespace {

namespace po = boost::program_options;
using base::concat;

constexpr auto verbs = std::to_array<VerbRow>({
    {Verb::enrol, "enrol", "DEST", "make DEST.conf and the key, and print the line for the friend",
     enrol},
    {Verb::check, "check", "DEST", "go through everything that mail to DEST needs, step by step",
     check},
    {Verb::trust, "trust", "DEST", "show and change which host keys of DEST are pinned",
     change_trust},
    {Verb::config, "config", "DEST", "show what is set for DEST, and where", show_settings},
    {Verb::list, "list", "", "show every destination with its host and the age of its key", list},
    {Verb::status, "status", "[DEST]", "ask the keeper of DEST, or all of them, how the line is",
     show_status},
});

constexpr std::array enrol_alone{Verb::enrol};
constexpr std::array check_alone{Verb::check};
constexpr std::array check_and_status{Verb::check, Verb::status};
constexpr std::array trust_alone{Verb::trust};
constexpr std::array enrol_and_trust{Verb::enrol, Verb::trust};
constexpr std::array all_that_connect{Verb::enrol, Verb::check, Verb::trust};

constexpr auto options = std::to_array<OptionRow>({
    {"host", "HOST", "where the friend's sshd is; several are tried in this order", enrol_alone,
     true},
    {"user", "USER", "the login at HOST", enrol_alone},
    {"port", "N", "the port of the sshd, 22 if not given", enrol_alone},
    {"fingerprint", "SHA256:...", "pin the host key with this fingerprint, as the friend told it",
     enrol_and_trust, true},
    {"host-key-file", "FILE", "pin the host keys in FILE: known_hosts lines, or a .pub file",
     enrol_and_trust},
    {"smtp-address", "HOST:PORT", "the mail server as HOST sees it, instead of a forced command",
     enrol_alone},
    {"for", "MTA", "print the lines for sendmail, exim or postfix here, too", enrol_alone},
    {"add", "", "pin one more key of the host, beside those that are pinned", trust_alone},
    {"replace", "", "enrol: write over DEST.conf; trust: pin the new key instead of all others",
     enrol_and_trust},
    {"revoke", "SHA256:...", "never accept the pinned key with this fingerprint again", trust_alone,
     true},
    {"to", "ADDRESS", "also ask whether mail to ADDRESS would be taken; none is sent", check_alone},
    {"json", "", "print JSON instead of lines", check_and_status},
    {"as", "USER", "the mail user, if sshsm.conf does not say it; for root alone",
     all_that_connect},
    {"config-dir", "DIR", "look for DEST.conf, the key and the pins there", {}},
    {"help", "", "print this; behind a verb, what belongs to the verb", {}},
    {"version", "", "print the version, as the only argument", {}},
});

/// The options as Boost knows them; the words behind the verb and DEST are told of below.
po::options_description described_options() {
  po::options_description description;
  auto add = description.add_options();
  for (const OptionRow& option : options) {
    const std::string name(option.name);
    if (option.value.empty())
      add(name.c_str(), po::bool_switch());
    else if (option.is_repeatable)
      add(name.c_str(), po::value<std::vector<std::string>>());
    else
      add(name.c_str(), po::value<std::string>());
  }
  add("operands", po::value<std::vector<std::string>>());
  return description;
}

po::variables_map parse(std::span<char* const> words) {
  constexpr int style = po::command_line_style::allow_long |
                        po::command_line_style::long_allow_adjacent |
                        po::command_line_style::long_allow_next;
  const po::options_description description = described_options();
  po::positional_options_description positional;
  positional.add("operands", -1);
  po::variables_map values;
  po::store(po::command_line_parser(std::vector<std::string>(words.begin(), words.end()))
                .options(description)
                .positional(positional)
                .style(style)
                .run(),
            values);
  return values;
}

bool is_given(const po::variables_map& values, const OptionRow& option) {
  const std::string name(option.name);
  if (option.value.empty()) return values[name].as<bool>();
  return values.count(name) != 0;
}

std::string text_of(const po::variables_map& values, const char* name) {
  if (values.count(name) == 0) return {};
  std::string text = values[name].as<std::string>();
  if (text.empty()) throw Refusal(concat({"--", name, " is empty"}));
  return text;
}

std::vector<std::string> texts_of(const po::variables_map& values, const char* name) {
  if (values.count(name) == 0) return {};
  std::vector<std::string> texts;
  for (const std::string& value : values[name].as<std::vector<std::string>>()) {
    const std::vector<std::string> words = base::words_of(value);
    if (words.empty()) throw Refusal(concat({"--", name, " is empty"}));
    texts.insert(texts.end(), words.begin(), words.end());
  }
  return texts;
}

MailServer mail_server_of(const std::string& word) {
  if (word.empty()) return MailServer::none;
  if (word == "sendmail") return MailServer::sendmail;
  if (word == "exim") return MailServer::exim;
  if (word == "postfix") return MailServer::postfix;
  throw Refusal(concat({"--for ", base::quoted(word, 64), " is not sendmail, exim or postfix"}));
}

const VerbRow& verb_of(const std::string& word) {
  const auto* const found = std::find_if(verbs.begin(), verbs.end(),
                                         [&](const VerbRow& row) { return row.word == word; });
  if (found == verbs.end()) throw Refusal(concat({"there is no verb ", base::quoted(word, 64)}));
  return *found;
}

void check_options(const po::variables_map& values, const VerbRow& verb) {
  for (const OptionRow& option : options)
    if (is_given(values, option) && !is_for(option, verb.verb))
      throw Refusal(concat({"--", option.name, " is not for ", verb.word}));
}

void take_operands(const std::vector<std::string>& operands, Arguments& arguments) {
  const VerbRow& verb = verb_of(operands.front());
  arguments.has_verb = true;
  arguments.verb = verb.verb;
  const std::size_t wanted = verb.operand.empty() ? 1 : 2;
  if (operands.size() > wanted)
    throw Refusal(concat({"too many arguments: ", base::quoted(operands[wanted], 64)}));
  if (operands.size() == wanted && wanted == 2) arguments.destination = operands[1];
  const bool is_optional = verb.operand.starts_with('[');
  if (operands.size() < wanted && !arguments.is_help && !is_optional)
    throw Refusal(concat({std::string(verb.word), " needs the name of a destination"}));
}

Arguments checked(const po::variables_map& values) {
  Arguments arguments;
  arguments.is_help = values["help"].as<bool>();
  if (values["version"].as<bool>()) throw Refusal("--version stands alone");
  if (values.count("operands") != 0) {
    take_operands(values["operands"].as<std::vector<std::string>>(), arguments);
    check_options(values, row_of(arguments.verb));
  } else if (!arguments.is_help) {
    throw Refusal("no verb is named");
  }
  arguments.config_dir = text_of(values, "config-dir");
  arguments.hosts = texts_of(values, "host");
  arguments.user = text_of(values, "user");
  arguments.port = text_of(values, "port");
  arguments.fingerprints = texts_of(values, "fingerprint");
  arguments.host_key_file = text_of(values, "host-key-file");
  arguments.smtp_address = text_of(values, "smtp-address");
  arguments.mail_server = mail_server_of(text_of(values, "for"));
  arguments.does_add = values["add"].as<bool>();
  arguments.does_replace = values["replace"].as<bool>();
  arguments.revoked = texts_of(values, "revoke");
  arguments.run_as = text_of(values, "as");
  arguments.to = text_of(values, "to");
  arguments.is_json = values["json"].as<bool>();
  return arguments;
}

std::string option_line(const OptionRow& option) {
  return base::help_line(concat({"--", option.name, option.value.empty() ? "" : " ", option.value}),
                         26, option.help);
}

std::string usage_of(const VerbRow& verb) {
  return concat(
      {"sshsmctl ", verb.word, " [OPTIONS]", verb.operand.empty() ? "" : " ", verb.operand});
}

}  // namespace

std::span<const VerbRow> all_verbs() noexcept {
  return verbs;
}

const VerbRow& row_of(Verb verb) noexcept {
  return verbs[static_cast<std::size_t>(verb)];
}

std::span<const OptionRow> all_options() noexcept {
  return options;
}

bool is_for(const OptionRow& option, Verb verb) noexcept {
  return option.verbs.empty() ||
         std::find(option.verbs.begin(), option.verbs.end(), verb) != option.verbs.end();
}

Arguments parse_arguments(std::span<char* const> words) {
  if (words.size() == 1 && std::string_view(words[0]) == "--version") {
    Arguments alone;
    alone.is_version = true;
    return alone;
  }
  try {
    return checked(parse(words));
  } catch (const po::error& error) {
    throw Refusal(base::printable(error.what(), 200));
  }
}

std::string help_text() {
  std::string text =
      "Usage: sshsmctl VERB [OPTIONS] [DEST]\n\n"
      "Prepares and examines the way of mail over SSH; sshsm carries it.\n\n";
  for (const VerbRow& verb : verbs)
    text += base::help_line(concat({verb.word, verb.operand.empty() ? "" : " ", verb.operand}), 12,
                            verb.help);
  text += "\n";
  for (const OptionRow& option : options)
    if (option.verbs.empty()) text += option_line(option);
  return text +
         concat({"\nExit status: 0 done, or all is well; 1 not.\nConfiguration: ", SSHSM_CONFIG_DIR,
                 "/DEST.conf\n"});
}

std::string help_text(Verb verb) {
  const VerbRow& row = row_of(verb);
  std::string text = concat({"Usage: ", usage_of(row), "\n  ", row.help, "\n\n"});
  for (const OptionRow& option : options)
    if (is_for(option, verb) && option.name != "version") text += option_line(option);
  return text;
}

std::string version_text() {
  return "sshsmctl " SSHSM_VERSION "\n";
}

}  // namespace sshsm::admin
