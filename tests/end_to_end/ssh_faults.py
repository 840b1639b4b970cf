"""Faults of the SSH server and of the way to it, phase by phase."""

import contextlib
import os
import signal
import socket
import threading

from friend import LETTER, ONE, batch, canonical
from registry import Skip, case, expect
from servers import free_port, new_key

QUICK = {"connect-timeout": "2", "greeting-timeout": "3", "timeout": "3"}
REFUSED_BANNER = "4.4.1 connected, but no SSH server answered"


def begins(bench, fault, wanted, *options, settings=(), limit=20):
    friend = bench.faulty_friend(fault, *options, settings={**QUICK, **dict(settings)})
    result = friend.send(limit=limit)
    result.has_status(75)
    expect(result.stderr.startswith(friend.line(wanted)), True, f"{fault}: {result.stderr!r}")
    expect(result.stderr.count("\n"), 1, f"{fault}: lines in {result.stderr!r}")
    friend.received_nothing()
    return result


@case
def an_honest_fault_server_takes_the_mail(bench):
    friend = bench.faulty_friend("none")
    friend.send().is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_server_that_closes_before_its_banner_is_told(bench):
    begins(bench, "close-before-banner", REFUSED_BANNER)


@case
def a_port_that_says_nothing_is_given_up_in_time(bench):
    result = begins(bench, "stall-before-banner", REFUSED_BANNER)
    expect(1.5 < result.seconds < 6, True, f"after {result.seconds} s")


@case
def another_kind_of_server_is_quoted(bench):
    result = begins(bench, "garbage-banner", REFUSED_BANNER)
    expect("HTTP/1.1 400 Bad Request" in result.stderr, True, result.stderr)


@case
def a_server_that_closes_in_the_handshake_is_told(bench):
    for fault in ("close-after-banner", "close-in-handshake"):
        begins(bench, fault, "4.4.2 the connection was lost")


@case
def a_server_that_stalls_in_the_handshake_is_given_up_in_time(bench):
    for fault in ("stall-after-banner", "stall-in-handshake"):
        result = begins(bench, fault, "4.4.2 no answer in time")
        expect(result.seconds < 6, True, f"after {result.seconds} s")


@case
def a_server_that_closes_or_stalls_in_the_login_is_told(bench):
    begins(bench, "close-in-auth", "4.4.2 the connection was lost")
    begins(bench, "stall-in-auth", "4.4.2 no answer in time")


@case
def a_server_that_refuses_our_key_is_told(bench):
    begins(bench, "refuse-auth", "4.7.8 the host refused our key")


@case
def a_server_that_wants_a_second_factor_is_told(bench):
    begins(bench, "partial-auth", "4.7.8 the host refused our key")


@case
def a_disconnect_is_told(bench):
    result = begins(bench, "disconnect-after-auth", "4.4.2 the connection was lost")
    # libssh sees the message or, when that comes with it, only the end of the line.
    expect("Bye Bye" in result.stderr or "Socket error: disconnected" in result.stderr, True,
           result.stderr)


@case
def a_server_that_refuses_channel_or_command_is_told(bench):
    for fault in ("refuse-channel", "refuse-exec"):
        begins(bench, fault, "4.4.5 the host refused to start the command")


@case
def a_server_that_closes_or_stalls_before_the_command_is_told(bench):
    for phase in ("open", "exec"):
        begins(bench, f"close-in-{phase}", "4.4.2 the connection was lost")
        begins(bench, f"stall-in-{phase}", "4.4.2 no answer in time")


@case
def a_command_without_exit_status_is_told(bench):
    begins(bench, "no-exit-status", "4.4.2 no greeting from the mail server: the forced command ended")


@case
def a_command_with_an_exit_signal_is_told(bench):
    result = begins(bench, "exit-signal", "4.3.0 the forced command ended without a greeting")
    expect("SEGV" in result.stderr, True, result.stderr)


@case
def a_channel_that_ends_behind_the_greeting_is_lost(bench):
    begins(bench, "early-eof", "4.4.2 the connection was lost")


@case
def a_server_that_never_closes_the_channel_is_not_waited_for(bench):
    friend = bench.faulty_friend("no-close")
    result = friend.send()
    result.is_accepted()
    expect(result.seconds < 4, True, f"after {result.seconds} s")


@case
def a_megabyte_of_standard_error_before_the_greeting_stops_nothing(bench):
    friend = bench.faulty_friend("stderr-flood")
    friend.send().is_accepted()
    expect(len(friend.messages()), 1, "delivered messages")


@case
def a_server_with_a_small_window_that_reads_slowly_gets_it_all(bench):
    text = b"Subject: slow\n\n" + (b"s" * 70 + b"\n") * 15000
    friend = bench.faulty_friend("slow-reader")
    friend.send(batch("<a@b.example>", ["<c@d.example>"], text)).is_accepted()
    expect(friend.messages() == [canonical(text)], True, "the message arrived whole")


@case
def a_server_that_renews_its_keys_all_the_time_gets_it_all(bench):
    text = b"Subject: keys\n\n" + (b"k" * 70 + b"\n") * 30000
    friend = bench.faulty_friend("rekey")
    friend.send(batch("<a@b.example>", ["<c@d.example>"], text)).is_accepted()
    expect(friend.messages() == [canonical(text)], True, "the message arrived whole")


@case
def a_line_that_breaks_inside_a_big_message_leaves_it_here(bench):
    text = b"Subject: big\n\n" + (b"y" * 70 + b"\n") * 60000
    for fault in ("close-at-octet", "disconnect-at-octet", "stall-at-octet"):
        friend = bench.faulty_friend(fault, "--octets", "300000",
                                     settings={"timeout": "2", "dot-timeout": "2"})
        result = friend.send(batch("<a@b.example>", ["<c@d.example>"], text), limit=20)
        result.has_status(75)
        friend.received_nothing()


@case
def a_port_where_nobody_listens_is_told(bench):
    friend = bench.friend()
    port = free_port()
    friend.settings["port"] = str(port)
    friend.write_configuration()
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    friend.send().matches(75, r"4\.4\.1 sshsm: friend \(127\.0\.0\.1\): cannot connect: .*"
                          rf"127\.0\.0\.1.*{port}.*Connection refused.*; "
                          "check that sshd runs there and the port is open; "
                          "then try: sshsmctl check friend")


def flooding_friend(bench, **settings):
    """A friend whose host sends SSH_MSG_IGNORE and nothing else, as fast as it is taken."""
    # RFC 4253 6: 20 octets that follow, 6 of them padding; type 2, a string of 8.
    packet = bytes((0, 0, 0, 20, 6, 2, 0, 0, 0, 8)) + bytes(14)
    listener = socket.create_server(("127.0.0.1", 0))

    def flood():
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-flood\r\n")
                while True:
                    connection.sendall(packet * 2000)
    threading.Thread(target=flood, daemon=True).start()
    bench.at_end(listener.close)
    friend = bench.friend(settings={"port": str(listener.getsockname()[1]), **settings})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    return friend


@case
def a_host_that_floods_us_is_given_up_in_time(bench):
    result = flooding_friend(bench, **QUICK).send(limit=10)
    result.has_status(75)
    expect("no answer in time: the SSH handshake" in result.stderr, True, result.stderr)


@case
def a_host_that_floods_us_does_not_keep_us_from_a_caller_who_left(bench):
    friend = flooding_friend(bench)
    talk = friend.talk("-bs")
    bench.pause(0.5)
    began = bench.now()
    talk.end(10).replies(75, friend.reply_line("421", "4.4.2 the caller ended the session; the mail waits "
                                                      "in the queue"))
    expect(bench.now() - began < 1.5, True, "gone at once")


@case
def an_address_that_swallows_packets_is_given_up_in_time(bench):
    # A listener whose queue is full drops what comes: the nearest thing to a silent firewall.
    friend = bench.friend(settings=QUICK)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        friend.settings["port"] = str(listener.getsockname()[1])
        friend.write_configuration()
        friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
        result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.4.1 no connection in time")), True, result.stderr)
    expect(1.5 < result.seconds < 6, True, f"after {result.seconds} s")


@case
def a_name_that_does_not_exist_is_told(bench):
    friend = bench.friend(settings={"host": "no-such-host.invalid", **QUICK})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    result = friend.send()
    result.has_status(75)
    # A machine without a resolver cannot tell a name that does not exist from one not found.
    wanted = ("4.4.4 sshsm: friend (no-such-host.invalid): the host name does not exist",
              "4.4.3 sshsm: friend (no-such-host.invalid): cannot look up the host name")
    expect(result.stderr.startswith(wanted), True, result.stderr)


@case
def an_address_of_the_other_family_does_not_exist(bench):
    friend = bench.friend(settings={"address-family": "inet6"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith("4.4."), True, result.stderr)


@case
def algorithms_that_the_server_does_not_have_are_told(bench):
    sshd = bench.sshd(["Ciphers aes256-gcm@openssh.com"])
    friend = bench.friend(sshd=sshd)
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.7.5 the SSH handshake failed")), True, result.stderr)


def sends_with_a_strangers_key(bench, friend):
    stranger = friend.path("stranger")
    new_key(stranger)
    os.chown(stranger, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
    friend.settings["identity-file"] = "stranger"
    friend.write_configuration()
    return friend.send()


@case
def a_key_that_is_not_authorized_is_told(bench):
    friend = bench.friend()
    result = sends_with_a_strangers_key(bench, friend)
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.7.8 the host refused our key")), True, result.stderr)
    friend.received_nothing()


@case
def a_user_who_does_not_exist_is_told(bench):
    friend = bench.friend(settings={"user": "nobody-of-this-name"})
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.7.8 the host refused our key")), True, result.stderr)


def penalties_of(sshd):
    with open(sshd.log, encoding="utf-8", errors="replace") as log:
        return [line for line in log if "penalty of" in line and "failed authentication" in line]


@case
def a_host_that_shuts_us_out_for_failed_logins_is_told(bench):
    if not bench.rig.sshd.has_penalties():
        raise Skip("this sshd is older than 9.8 and has no PerSourcePenalties")
    sshd = bench.sshd(["PerSourcePenalties authfail:60s min:1s"])
    friend = bench.friend(sshd=sshd)
    sends_with_a_strangers_key(bench, friend).has_status(75)
    bench.wait_until(lambda: penalties_of(sshd), "sshd noted the failed login")
    friend.send().says(75, friend.line(
        f"{REFUSED_BANNER}: 127.0.0.1 port {sshd.port} closed the connection; check port, and MaxStartups "
        'and PerSourcePenalties of the sshd there; then try: sshsmctl check friend: "Not allowed at this '
        'time\\x0d\\x0a"'))
    friend.received_nothing()


@case
def neither_deliveries_nor_being_killed_in_one_shut_us_out(bench):
    if not bench.rig.sshd.has_penalties():
        raise Skip("this sshd is older than 9.8 and has no PerSourcePenalties")
    sshd = bench.sshd(["PerSourcePenalties crash:600s authfail:600s min:1s"])
    friend = bench.friend(sshd=sshd)
    friend.send().is_accepted()
    other = bench.friend("delay EHLO 20", sshd=sshd)
    running = other.start()
    running.feed(ONE)
    bench.wait_until(lambda: other.transcript(), "the mail server heard something")
    running.kill_group()
    running.finish(None).has_status(-signal.SIGKILL)
    friend.send().is_accepted()
    expect(friend.messages(), [canonical(LETTER)] * 2, "delivered messages")
