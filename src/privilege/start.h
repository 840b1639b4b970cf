#pragma once

namespace sshsm::privilege {

/// The first thing `main` does, before it looks at its arguments: descriptors 0-2 can be used
/// (missing ones are /dev/null, and so are those opened for the other direction, since the C
/// library fills the gaps of a set-id program that way) and all others are closed, but `kept` of
/// them from 3 on (those that a supervisor gave to the keeper); signals have
/// their default action and none is blocked, but SIGPIPE and SIGXFSZ are ignored and every signal
/// that would kill us ends in _exit(75), after one sentence to descriptor 2; so does
/// std::terminate; the environment is empty, umask 077, no core, not dumpable, no new privileges,
/// RLIMIT_CORE 0. The working directory stays. Never fails: what cannot be done is left.
void start_clean(unsigned kept = 0) noexcept;

/// Makes descriptor 0, 1 or 2 lead nowhere, whatever it was: reading ends at once, what is written
/// vanishes.
void lead_nowhere(int number) noexcept;

/// Closes every descriptor but 0-2 and this one, whoever believes to own them: for a child that
/// goes on without what its parent had open.
void close_all_but(int kept) noexcept;

/// True between the final dot of a message and its answer: a signal that ends us then must say that
/// the message may have been delivered (RFC 1047).
void set_in_doubt(bool doubt) noexcept;
/// As it was set.
[[nodiscard]] bool is_in_doubt() noexcept;

/// Where the sentence of a fatal signal goes: 2 (the default) or -1 for nowhere.
void set_signal_descriptor(int descriptor) noexcept;

}  // namespace sshsm::privilege
