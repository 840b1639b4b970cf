#pragma once

#include "admin/examination.h"
#include "admin/finding.h"

#include <span>
#include <string_view>

namespace sshsm::admin {

/// One row of the table of what `check` does, in this order.
struct Step {
  std::string_view name;
  /// Gives what it saw, or throws `base::Failure`: the one that sshsm would meet.
  Finding (*examine)(Examination& examination);
  /// Whether this check has the step at all; null: every one has.
  bool (*is_due)(const Examination& examination) = nullptr;
};

[[nodiscard]] std::span<const Step> all_steps() noexcept;

// On this machine, and up to the host's SSH server (steps_near.cc).
[[nodiscard]] Finding read_configuration(Examination& examination);
[[nodiscard]] Finding read_files(Examination& examination);
[[nodiscard]] Finding close_sandbox(Examination& examination);
[[nodiscard]] Finding look_names_up(Examination& examination);
[[nodiscard]] Finding connect_to_host(Examination& examination);
[[nodiscard]] Finding wait_for_banner(Examination& examination);
[[nodiscard]] Finding prove_host(Examination& examination);
[[nodiscard]] Finding log_in(Examination& examination);

// What our key may do there (steps_key.cc).
[[nodiscard]] Finding try_own_command(Examination& examination);
[[nodiscard]] Finding try_forwarding(Examination& examination);

// The mail server (steps_mail.cc).
[[nodiscard]] Finding open_smtp_address(Examination& examination);
[[nodiscard]] Finding hear_greeting(Examination& examination);
[[nodiscard]] Finding say_hello(Examination& examination);
[[nodiscard]] Finding give_sender(Examination& examination);
[[nodiscard]] Finding give_recipient(Examination& examination);
[[nodiscard]] Finding take_back(Examination& examination);
[[nodiscard]] Finding say_good_bye(Examination& examination);

}  // namespace sshsm::admin
