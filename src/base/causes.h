#pragma once

#include <span>
#include <string_view>

namespace sshsm::base {

/// Everything that can stop mail on our side of the conversation. A refusal by the mail server is
/// no cause: it is a reply, and replies are data (smtp/reply.h).
enum class Cause {
  bad_arguments,
  bad_destination,
  identity_refused,
  configuration_missing,
  configuration_invalid,
  configuration_untrusted,
  key_missing,
  key_untrusted,
  key_encrypted,
  key_invalid,
  certificate_invalid,
  known_hosts_unreadable,
  host_key_unpinned,
  name_unknown,
  name_lookup_failed,
  connection_failed,
  connection_timed_out,
  no_banner,
  proxy_failed,
  handshake_failed,
  host_key_changed,
  host_key_revoked,
  host_key_type_unpinned,
  login_refused,
  channel_refused,
  command_not_forced,
  forwarding_open,
  smtp_address_refused,
  smtp_address_unreachable,
  smtp_address_silent,
  command_failed,
  no_greeting,
  text_before_greeting,
  greeting_refused,
  hello_refused,
  reply_malformed,
  reply_unexpected,
  command_rejected,
  parameter_not_offered,
  answer_timed_out,
  connection_lost,
  maybe_delivered,
  line_busy,
  batch_empty,
  batch_truncated,
  batch_malformed,
  batch_unreadable,
  batch_overdue,
  rest_refused,
  rest_unwritable,
  listen_refused,
  keeper_runs,
  attendant_gone,
  user_not_allowed,
  caller_not_listening,
  caller_gone,
  stopped,
  resources_exhausted,
  internal_error,
};

/// One row of the table that the sentences, the log and the manual share.
struct CauseRow {
  Cause cause;
  std::string_view name;      ///< `class=` in the log; a word with hyphens
  std::string_view code;      ///< RFC 3463, always of class 4: nothing here may bounce mail
  std::string_view sentence;  ///< what went wrong, without a full stop
  std::string_view remedy;    ///< what the reader can do, or empty; each word below once, if at all
};

/// Stands in a remedy's command where the destination's name belongs (failure.h).
inline constexpr std::string_view destination_word = "DEST";
/// Stands in a remedy where the name of the program that failed belongs.
inline constexpr std::string_view program_word = "PROGRAM";

/// All rows, in the order of the enumeration.
[[nodiscard]] std::span<const CauseRow> all_causes() noexcept;

[[nodiscard]] const CauseRow& row_of(Cause cause) noexcept;

}  // namespace sshsm::base
