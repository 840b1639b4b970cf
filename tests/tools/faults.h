#pragma once

#include <array>
#include <string_view>

/// Everything that fault_server can do wrong.
struct Fault {
  std::string_view name;
  std::string_view meaning;
};

inline constexpr auto faults = std::to_array<Fault>({
    {"none", "an honest server"},
    {"close-before-banner", "closes the connection at once"},
    {"stall-before-banner", "says nothing"},
    {"garbage-banner", "answers as a web server"},
    {"close-after-banner", "closes behind its banner"},
    {"stall-after-banner", "says nothing behind its banner"},
    {"close-in-handshake", "closes when the client's key exchange begins"},
    {"stall-in-handshake", "says nothing when the client's key exchange begins"},
    {"close-in-auth", "closes at the authentication request"},
    {"stall-in-auth", "does not answer the authentication request"},
    {"refuse-auth", "denies every key"},
    {"partial-auth", "wants a second factor"},
    {"disconnect-after-auth", "says DISCONNECT instead of opening a channel"},
    {"close-in-open", "closes at the request for a channel"},
    {"stall-in-open", "does not answer the request for a channel"},
    {"refuse-channel", "refuses the channel"},
    {"hang-up-at-open", "opens a channel to a TCP address and closes it with the next packet"},
    {"close-in-exec", "closes at the request to run a command"},
    {"stall-in-exec", "does not answer the request to run a command"},
    {"refuse-exec", "refuses to run a command"},
    {"close-in-forwarding", "closes at a request to forward, behind one command"},
    {"stall-in-forwarding", "does not answer a request to forward, behind one command"},
    {"no-exit-status", "closes the channel without a word or a status"},
    {"exit-signal", "says that the command died by SIGSEGV"},
    {"early-eof", "ends its side of the channel behind the greeting"},
    {"no-close", "keeps the channel open when the command ended"},
    {"stderr-flood", "writes 1 MB of standard error before the greeting"},
    {"slow-reader", "takes 1 KB every few milliseconds"},
    {"no-reader", "takes the first words of a command's input, and never opens its window again"},
    {"rekey", "asks for new keys every 64 KB, or every --octets"},
    {"close-at-octet", "closes the connection after --octets from the client"},
    {"disconnect-at-octet", "says DISCONNECT after --octets from the client"},
    {"end-at-octet", "ends its side of the channel after --octets from the client"},
    {"end-channel-at-octet", "closes the channel after --octets, and serves another one"},
    {"stall-at-octet", "stops reading and writing after --octets from the client"},
});
