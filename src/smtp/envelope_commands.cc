#include "smtp/envelope_commands.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sshsm::smtp {
namespace {

enum class Verb { mail, rcpt };

enum class Treatment { pass, leave_out, missing };

struct Rule {
  Verb verb;
  std::string_view keyword;
  bool Capabilities::*offered;
  bool can_be_left_out;
};

/// What is not here needs an extension that we know nothing of.
constexpr auto rules = std::to_array<Rule>({
    {Verb::mail, "SIZE", &Capabilities::size, true},
    {Verb::mail, "BODY", &Capabilities::eight_bit_mime, true},
    {Verb::mail, "RET", &Capabilities::dsn, true},
    {Verb::mail, "ENVID", &Capabilities::dsn, true},
    {Verb::mail, "SMTPUTF8", &Capabilities::smtputf8, false},
    {Verb::rcpt, "NOTIFY", &Capabilities::dsn, true},
    {Verb::rcpt, "ORCPT", &Capabilities::dsn, true},
});

/// BODY=BINARYMIME (RFC 3030) is more than 8BITMIME: its text may have no lines at all.
bool is_body_of_lines(const Parameter& parameter) noexcept {
  return base::equals_ignoring_case(parameter.value, "7BIT") ||
         base::equals_ignoring_case(parameter.value, "8BITMIME");
}

Treatment treatment_of(Verb verb, const Parameter& parameter, const Capabilities& capabilities) {
  const auto* const rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& candidate) {
    return candidate.verb == verb && candidate.keyword == parameter.keyword;
  });
  if (rule == rules.end()) return Treatment::missing;
  if (parameter.keyword == "BODY" && !is_body_of_lines(parameter)) return Treatment::missing;
  if (capabilities.*rule->offered) return Treatment::pass;
  return rule->can_be_left_out ? Treatment::leave_out : Treatment::missing;
}

std::string text_of(const Parameter& parameter) {
  if (parameter.value.empty()) return parameter.keyword;
  return base::concat({parameter.keyword, "=", parameter.value});
}

std::string command(Verb verb, std::string_view path, const std::vector<Parameter>& parameters,
                    const Capabilities& capabilities) {
  std::string line = base::concat({verb == Verb::mail ? "MAIL FROM:" : "RCPT TO:", path});
  for (const Parameter& parameter : parameters)
    if (treatment_of(verb, parameter, capabilities) == Treatment::pass)
      line += base::concat({" ", text_of(parameter)});
  return line;
}

std::optional<std::string> first_missing(Verb verb, const std::vector<Parameter>& parameters,
                                         const Capabilities& capabilities) {
  for (const Parameter& parameter : parameters)
    if (treatment_of(verb, parameter, capabilities) == Treatment::missing)
      return text_of(parameter);
  return std::nullopt;
}

}  // namespace

std::vector<std::string> envelope_commands(const Envelope& envelope,
                                           const Capabilities& capabilities) {
  std::vector<std::string> commands;
  commands.reserve(1 + envelope.recipients.size());
  commands.push_back(command(Verb::mail, envelope.reverse_path, envelope.parameters, capabilities));
  for (const Recipient& recipient : envelope.recipients)
    commands.push_back(command(Verb::rcpt, recipient.path, recipient.parameters, capabilities));
  return commands;
}

std::optional<std::string> missing_parameter(const Envelope& envelope,
                                             const Capabilities& capabilities) {
  std::optional<std::string> missing = first_missing(Verb::mail, envelope.parameters, capabilities);
  for (const Recipient& recipient : envelope.recipients) {
    if (missing) break;
    missing = first_missing(Verb::rcpt, recipient.parameters, capabilities);
  }
  return missing;
}

}  // namespace sshsm::smtp
