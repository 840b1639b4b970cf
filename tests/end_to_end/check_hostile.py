"""sshsmctl check against hosts that stall, break off or send garbage, at every step: it names the step, ends
in time, and shows a terminal nothing but printable ASCII."""

import socket
import threading

from checking import TRY, fails, run_check
from fault_proxy import FaultProxy
from hosts import with_file
from registry import case, expect
from ssh_faults import flooding_friend

QUICK = {"connect-timeout": "1", "greeting-timeout": "2", "timeout": "1"}
TO = ("--to", "bob@friend.example")


def fails_at(friend, step, beginning, *options, limit=12):
    """The last step and how the mailer's line begins; every byte of it is printable."""
    result = run_check(friend, *options, limit=limit)
    result.has_status(1)
    expect(result.stderr, "", "standard error")
    text = result.stdout.decode("ascii")
    expect(all(c == "\n" or " " <= c <= "~" for c in text), True, f"printable: {text!r}")
    failed, sentence, remedy = text.splitlines()[-3:]
    expect(failed[:21].rstrip(), f"FAIL  {step}", "the step that failed")
    expect(sentence.startswith(friend.line(beginning)), True, sentence)
    expect(remedy.startswith("remedy: "), True, remedy)
    return result


@case
def a_host_that_stalls_is_given_up_at_that_step(bench):
    for fault, step, beginning in (
            ("stall-before-banner", "banner", "4.4.1 connected, but no SSH server answered"),
            ("stall-after-banner", "host key", "4.4.2 no answer in time: the SSH handshake"),
            ("stall-in-handshake", "host key", "4.4.2 no answer in time: the SSH handshake"),
            ("stall-in-auth", "authentication", "4.4.2 no answer in time: the login"),
            ("stall-in-open", "forced command", "4.4.2 no answer in time: opening a channel"),
            ("stall-in-exec", "forced command", "4.4.2 no answer in time: starting the command"),
            ("stall-in-forwarding", "forwarding", "4.4.2 no answer in time: the answer to a forwarding")):
        fails_at(bench.faulty_friend(fault, settings=QUICK), step, beginning)


@case
def a_resolver_that_hangs_is_told_where_names_are_looked_up(bench):
    friend = bench.friend(settings={**QUICK, "host": "mx.example"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    prefix = with_file(bench, "/etc/resolv.conf", "nameserver 127.0.0.78\n")
    with socket.socket(type=socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.78", 53))
        fails(friend, "names", "4.4.3 cannot look up the host name: mx.example: the resolver does not answer; check "
              "the resolver of this machine", prefix=prefix)
        # An answer that comes late is not taken for one about the connection.
        friend.settings.update({"host": "mx.example 127.0.0.1", "greeting-timeout": "20"})
        friend.write_configuration()
        result = run_check(friend, prefix=prefix)
    result.has_status(0)
    expect(b"ok    names           mx.example: cannot look up the host name: the resolver does not answer; "
           b"127.0.0.1: 127.0.0.1 (" in result.stdout, True, result.stdout)


@case
def a_host_that_breaks_off_is_told_at_that_step(bench):
    lost = "4.4.2 the connection was lost"
    for fault, step, beginning in (
            ("close-before-banner", "banner", "4.4.1 connected, but no SSH server answered"),
            ("close-after-banner", "host key", lost), ("close-in-handshake", "host key", lost),
            ("close-in-auth", "authentication", lost), ("refuse-auth", "authentication", "4.7.8 the host refused our key"),
            ("partial-auth", "authentication", "4.7.8 the host refused our key"),
            ("disconnect-after-auth", "forced command", lost),
            ("close-in-open", "forced command", lost), ("close-in-exec", "forced command", lost),
            ("refuse-channel", "forced command", "4.4.5 the host refused to start the command"),
            ("refuse-exec", "forced command", "4.4.5 the host refused to start the command"),
            ("no-exit-status", "forced command", "4.4.2 no greeting from the mail server: the forced command ended"),
            ("exit-signal", "forced command", "4.3.0 the forced command ended without a greeting: killed by signal SEGV"),
            ("close-in-forwarding", "forwarding", lost)):
        fails_at(bench.faulty_friend(fault, settings=QUICK), step, beginning)


@case
def a_mail_server_that_stalls_is_given_up_at_that_step(bench):
    for step, words in (("greeting", "the greeting"), ("EHLO", "the answer to a command"),
                        ("MAIL", "the answer to a command"), ("RCPT", "the answer to a command"),
                        ("RSET", "the answer to a command"), ("QUIT", "the answer to a command")):
        # The first session only shows that the command is forced.
        fails_at(bench.friend(f"stall {step}", settings=QUICK), step, f"4.4.2 no answer in time: {words}", *TO)


@case
def a_mail_server_that_ends_is_told_at_that_step(bench):
    lost = "4.4.2 the connection was lost: the mail server ended the conversation"
    for step in ("EHLO", "MAIL", "RCPT", "RSET"):
        fails_at(bench.friend(f"die before {step}", settings=QUICK), step, lost, *TO)
    fails_at(bench.friend("die before greeting"), "forced command",
             "4.4.2 no greeting from the mail server: the forced command ended")


@case
def garbage_from_a_mail_server_is_told_at_that_step(bench):
    for step in ("EHLO", "MAIL", "RCPT", "RSET", "QUIT"):
        friend = bench.friend(f'raw {step} "\\x00\\x1b]0;owned\\x07\\xff\\r\\n"')
        result = fails_at(friend, step, "4.5.0 not an SMTP reply", *TO)
        expect(b'"\\x00\\x1b]0;owned\\x07\\xff"' in result.stdout, True, result.stdout)
    for step, place in (("EHLO", "to EHLO"), ("MAIL", "to MAIL"), ("RCPT", "to RCPT"), ("RSET", "to RSET")):
        friend = bench.friend(f"reply {step} 354 go on")
        fails_at(friend, step, f"4.5.0 a reply out of place: {place}", *TO)


@case
def control_bytes_in_a_greeting_reach_no_terminal(bench):
    friend = bench.friend(r"reply greeting 220 \x1b[2J\x07 \x9b31m hello")
    result = run_check(friend)
    result.has_status(0)
    expect(b'greeting        "220 \\x1b[2J\\x07 \\x9b31m hello" (' in result.stdout, True, result.stdout)
    friend = bench.friend(r'print-before-greeting "\x1b[2J\x07 beware\r\n"')
    fails_at(friend, "greeting", "4.5.0 text where the greeting was expected; ")


@case
def words_of_a_mail_server_that_nobody_asked_for_are_told(bench):
    friend = bench.friend(r'raw EHLO "250 here\r\n250 and there\r\n"')
    fails_at(friend, "MAIL", "4.5.0 a reply out of place: nothing was asked", *TO)


@case
def a_megabyte_of_standard_error_stops_nothing(bench):
    friend = bench.friend("stderr 1048576")
    result = run_check(friend)
    result.has_status(0)
    expect(len(result.stdout) < 4000, True, "what is printed")


@case
def a_command_that_never_stops_talking_is_told(bench):
    fails_at(bench.friend(command="yes"), "forced command", "4.5.0 text where the greeting was expected")


@case
def a_forced_command_that_repeats_ours_is_not_taken_for_ours(bench):
    friend = bench.friend(command='echo refused: $SSH_ORIGINAL_COMMAND')
    fails_at(friend, "forced command", "4.5.0 text where the greeting was expected")


@case
def another_kind_of_server_is_quoted(bench):
    friend = bench.faulty_friend("garbage-banner")
    port = friend.settings["port"]
    fails(friend, "banner",
          f"4.4.1 connected, but no SSH server answered: 127.0.0.1 port {port} closed the connection; check "
          f'port, and MaxStartups and PerSourcePenalties of the sshd there{TRY}: "HTTP/1.1 400 Bad '
          'Request\\x0d\\x0aConnection: close\\x0d\\x0a\\x0d\\x0a"')


@case
def garbage_behind_the_banner_fails_the_host_key(bench):
    listener = socket.create_server(("127.0.0.1", 0))
    bench.at_end(listener.close)

    def serve():
        try:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-\x1b[31mred\r\n" + b"\xff" * 4096)
                # Closing with unread octets would be a reset.
                while connection.recv(4096):
                    pass
        except OSError:
            pass
    threading.Thread(target=serve, daemon=True).start()
    friend = bench.friend(settings={**QUICK, "port": str(listener.getsockname()[1])})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    result = fails_at(friend, "host key", "4.7.5 the SSH handshake failed")
    expect(b'ok    banner          "SSH-2.0-\\x1b[31mred" (' in result.stdout, True, result.stdout)


@case
def a_host_that_floods_us_is_given_up_in_time(bench):
    fails_at(flooding_friend(bench, **QUICK), "host key", "4.4.2 no answer in time: the SSH handshake", limit=8)


@case
def a_line_that_breaks_or_stalls_at_any_octet_ends_the_check(bench):
    friend = bench.friend(settings=QUICK)
    for octet in range(100, 5000, 700):
        for fault in ({"cut_at": octet}, {"stall_at": octet}):
            with FaultProxy(friend.sshd.port, "down", **fault) as proxy:
                friend.settings["port"] = str(proxy.port)
                friend.write_configuration()
                friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
                result = run_check(friend, limit=12)
                if proxy.passed["down"] < octet:
                    break
                expect(result.status, 1, f"the status with {fault}")
                expect(b"\nFAIL  " in result.stdout, True, f"{fault}: {result.stdout!r}")
