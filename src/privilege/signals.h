#pragma once

#include <string_view>

namespace sshsm::privilege {

/// What the handlers write. They may not allocate, so these are describe(Failure{…}) of
/// Cause::stopped, Cause::internal_error and Cause::maybe_delivered spelled out, with the line end.
inline constexpr std::string_view stopped_line =
    "4.3.2 sshsm: stopped by a signal; the mail waits in the queue\n";
inline constexpr std::string_view internal_error_line =
    "4.3.0 sshsm: an error in sshsm itself; please report it; the mail waits in the queue\n";
inline constexpr std::string_view in_doubt_line =
    "4.4.2 sshsm: no clear answer to the final dot; the message may have been delivered: sshsm was "
    "stopped; the retry may make a second copy\n";

/// Gives every signal its default action, unblocks all, ignores SIGPIPE and SIGXFSZ, and lets every
/// signal that would kill us, and std::terminate, end in _exit(75): Exim and sendmail's queue
/// runner bounce the mail of a command that dies by a signal. Dispositions that the parent left
/// ignored are taken over too (Exim ignores TERM, HUP, INT and USR1, and then its mail would
/// outlive every stop).
void handle_fatal_signals() noexcept;

/// Every signal has its default action and none is blocked: for a child that is about to run
/// another program, which would inherit what is ignored and what is blocked.
void take_default_signals() noexcept;

}  // namespace sshsm::privilege
