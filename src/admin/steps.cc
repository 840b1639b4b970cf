#include "admin/steps.h"

#include <array>

namespace sshsm::admin {
namespace {

bool has_smtp_address(const Examination& examination) {
  return examination.settings().smtp_address.has_value();
}

bool has_recipient(const Examination& examination) {
  return !examination.arguments.to.empty();
}

constexpr auto steps = std::to_array<Step>({
    {"configuration", read_configuration},
    {"files", read_files},
    {"sandbox", close_sandbox},
    {"names", look_names_up},
    {"connection", connect_to_host},
    {"banner", wait_for_banner},
    {"host key", prove_host},
    {"authentication", log_in},
    {"forced command", try_own_command},
    {"forwarding", try_forwarding},
    {"smtp-address", open_smtp_address, has_smtp_address},
    {"greeting", hear_greeting},
    {"EHLO", say_hello},
    {"MAIL", give_sender, has_recipient},
    {"RCPT", give_recipient, has_recipient},
    {"RSET", take_back, has_recipient},
    {"QUIT", say_good_bye},
});

}  // namespace

std::span<const Step> all_steps() noexcept {
  return steps;
}

const config::Destination& Examination::settings() const {
  return setup ? setup->destination : *destination;
}

std::string Examination::host() const {
  if (!progress.host.empty()) return progress.host;
  return setup || destination ? settings().hosts.front() : std::string();
}

}  // namespace sshsm::admin
