"""Lists of hosts and names with several addresses: which is tried when, and which never."""

import contextlib
import os
import re
import socket
import threading
import time

from friend import LETTER, ONE, canonical
from registry import Skip, case, expect
from servers import fingerprint, new_key

A, B, C, GOOD = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"
OPEN_PORT = "; check that sshd runs there and the port is open; then try: sshsmctl check friend"
BANNER = ("; check port, and MaxStartups and PerSourcePenalties of the sshd there; then try: "
          "sshsmctl check friend")
# Gives one sshsm its own files in /etc; no such namespace outlives it.
WITH_FILE = 'mount --bind "$0" "$1" && shift && exec "$@"'


class FakeHost:
    """Takes connections on one address, remembers when, and does one thing with each."""

    def __init__(self, bench, address, port, answer=None, is_open=True):
        self.times = []
        self._answer = answer
        self._is_open = is_open
        self._connections = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.socket(family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()
        bench.at_end(self.close)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.times.append(time.monotonic())
            self._connections.append(connection)
            if self._answer:
                connection.sendall(self._answer)
            if not self._is_open:
                connection.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in [self._listener, *self._connections]:
            one.close()


def silent(bench, address, port):
    return FakeHost(bench, address, port)


def closing(bench, address, port, answer=None):
    return FakeHost(bench, address, port, answer, is_open=False)


def black_hole(bench, address, port):
    """An address that answers nothing at all: a listener whose queue is full drops what comes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sockets = [socket.socket(family) for _ in range(9)]
    sockets[0].bind((address, port))
    sockets[0].listen(0)
    for filler in sockets[1:]:
        filler.setblocking(False)
        filler.connect_ex((address, port))
    bench.at_end(lambda: [one.close() for one in sockets])


def with_file(bench, path, text):
    """The words before a program for which `path` has that text."""
    if not bench.rig.is_root:
        raise Skip("only root can give a program another " + path)
    if bench.rig.syslog.reason:
        raise Skip("no private mount namespace here")
    copy = os.path.join(bench.directory, os.path.basename(path))
    with open(copy, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(copy, 0o644)
    return ("unshare", "--mount", "--propagation", "unchanged", "sh", "-c", WITH_FILE, copy, path)


def with_names(bench, names):
    """The same for /etc/hosts with these names and their addresses."""
    lines = [f"{address} {name}\n" for name, addresses in names.items() for address in addresses]
    return with_file(bench, "/etc/hosts", "127.0.0.1 localhost\n" + "".join(lines))


def needs_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        raise Skip(f"no IPv6 loopback here: {error}") from None


def list_of(bench, *hosts, settings=(), pinned=None, sshd=None):
    """A friend with these hosts, all or some of them pinned to the key of the good one. The port is
    the same for all hosts, so each case has one of its own: other cases run at the same time."""
    friend = bench.friend(settings={"host": " ".join(hosts), **dict(settings)}, sshd=sshd or bench.sshd())
    pin(friend, {host: own(friend) for host in (hosts if pinned is None else pinned)})
    return friend


def own(friend):
    return friend.sshd.host_keys["ed25519"]


def pin(friend, keys, *more):
    friend.write_pins([f"[{host}]:{friend.sshd.port} {key}" for host, key in keys.items()] + list(more))


def line(host, rest):
    code, text = rest.split(" ", 1)
    return f"{code} sshsm: friend ({host}): {text}"


def refused(friend, host):
    return f"{host} port {friend.sshd.port}: Connection refused"


def arrived(friend, result):
    result.is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


def arrived_loudly(friend, result):
    """The same with -v: what was said, without the milliseconds."""
    result.has_status(0)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")
    return notes(result)


def notes(result):
    return [re.sub(r"^\s*\d+ ms \* ", "", one) for one in result.stderr.splitlines()]


def sends_loudly(friend, **more):
    return friend.send(ONE, "-v", **more)


def in_order(said, *wanted):
    """These texts begin lines of it, in this order."""
    places = []
    for text in wanted:
        start = places[-1] + 1 if places else 0
        found = [i for i in range(start, len(said)) if said[i].startswith(text)]
        expect(bool(found), True, f"{text!r} in its place in {said!r}")
        places.append(found[0])


@case
def the_next_host_is_tried_where_the_former_cannot_be_reached(bench):
    unknown = "no-such-host.invalid"
    friend = list_of(bench, unknown, B, GOOD, C, settings={"connect-timeout": "9"})
    last = silent(bench, C, friend.sshd.port)
    result = sends_loudly(friend)
    said = arrived_loudly(friend, result)
    in_order(said, f"connecting to {unknown} port ", f"{unknown}: ", f"connecting to {B} port ",
             f"{B}: cannot connect: {refused(friend, B)}", f"connecting to {GOOD} port ",
             f"connected to {GOOD} port {friend.sshd.port}", "host key ", "logged in as ")
    expect(last.times, [], "connections to the host behind the good one")


@case
def v_shows_the_addresses_that_did_not_take_the_connection(bench):
    needs_ipv6()
    friend = list_of(bench, "mx.friend.example")
    result = sends_loudly(friend, prefix=with_names(bench, {"mx.friend.example": ["::1", GOOD]}))
    in_order(arrived_loudly(friend, result), f"connecting to mx.friend.example port {friend.sshd.port}",
             f"not connected to {refused(friend, '::1')}", f"connected to {GOOD} port {friend.sshd.port}")


@case
def the_log_names_the_address_that_took_the_mail(bench):
    friend = list_of(bench, B, GOOD)
    result = friend.send()
    arrived(friend, result)
    expect(f"relay=friend[{GOOD}]:{friend.sshd.port}, " in result.log[-1], True, result.log[-1])


@case
def the_log_does_not_name_an_address_of_a_former_host(bench):
    friend = list_of(bench, A, B)
    closing(bench, A, friend.sshd.port)
    result = friend.send()
    result.has_status(75)
    expect(f"relay=friend[none]:{friend.sshd.port}, " in result.log[-1], True, result.log[-1])
    expect("class=connection-failed, phase=dial" in result.log[-1], True, result.log[-1])


@case
def a_refusal_by_the_mail_server_names_the_host_that_was_reached(bench):
    friend = list_of(bench, B, GOOD)
    friend.write("script", "reply RCPT 550 5.1.1 no such user\n")
    friend.send().says(69, line(GOOD, '5.1.1 the mail server refused <bob@friend.example>: '
                                '"550 5.1.1 no such user"'))


@case
def a_single_host_is_told_as_before(bench):
    friend = list_of(bench, B)
    friend.send().says(75, line(B, f"4.4.1 cannot connect: {refused(friend, B)}{OPEN_PORT}"))


@case
def when_all_fail_one_line_tells_of_each(bench):
    friend = list_of(bench, A, B, C, pinned=(A, C))
    port = friend.sshd.port
    closing(bench, A, port)
    never = silent(bench, B, port)
    friend.send().says(75, line(
        C, f"4.4.1 cannot connect: {refused(friend, C)} (other hosts: {A}: connected, but no SSH server "
        f"answered: {A} port {port} closed the connection; {B}: not tried: no host key is pinned)"
        f"{OPEN_PORT}"))
    expect(never.times, [], "connections to the host without a pin")
    friend.received_nothing()


@case
def when_the_last_one_is_not_ssh_it_is_quoted_behind_the_others(bench):
    friend = list_of(bench, A, B, settings={"connect-timeout": "1"})
    port = friend.sshd.port
    silent(bench, A, port)
    closing(bench, B, port, b"HTTP/1.1 400 Bad Request\r\n")
    friend.send().says(75, line(
        B, f"4.4.1 connected, but no SSH server answered: {B} port {port} closed the connection "
        f"(other hosts: {A}: connected, but no SSH server answered: {A} port {port} is silent){BANNER}: "
        '"HTTP/1.1 400 Bad Request\\x0d\\x0a"'))


@case
def when_sixteen_fail_it_is_still_one_line_of_500_octets(bench):
    hosts = [f"127.0.1.{number}" for number in range(101, 117)]
    friend = list_of(bench, *hosts)
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.count("\n"), 1, f"lines in {result.stderr!r}")
    expect(result.stderr.startswith(line(hosts[-1], f"4.4.1 cannot connect: {refused(friend, hosts[-1])} "
                                         f"(other hosts: {hosts[0]}, {hosts[1]}, ")), True, result.stderr)
    expect(result.stderr.endswith(OPEN_PORT + "\n"), True, result.stderr)
    expect(len(result.stderr) <= 501, True, f"{len(result.stderr)} octets")


@case
def a_wrong_key_ends_the_attempt(bench):
    friend = list_of(bench, A, B)
    other = bench.sshd([f"ListenAddress {A}:{friend.sshd.port}"])
    second = silent(bench, B, friend.sshd.port)
    friend.send().says(75, line(
        A, f"4.7.0 host key changed: offered ED25519 {fingerprint(other.host_keys['ed25519'])}, pinned "
        f"ED25519 {fingerprint(own(friend))}; if the change is genuine, pin the new key: "
        "sshsmctl trust --replace friend"))
    expect(second.times, [], "connections to the second host")


@case
def a_revoked_key_ends_the_attempt(bench):
    friend = list_of(bench, A, B)
    other = bench.sshd([f"ListenAddress {A}:{friend.sshd.port}"])
    second = silent(bench, B, friend.sshd.port)
    pin(friend, {A: own(friend), B: own(friend)}, f"@revoked * {other.host_keys['ed25519']}")
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(line(A, "4.7.0 host key revoked: ED25519 ")), True, result.stderr)
    expect(second.times, [], "connections to the second host")


@case
def a_refused_login_ends_the_attempt(bench):
    friend = list_of(bench, A, B)
    other = bench.sshd([f"ListenAddress {A}:{friend.sshd.port}"])
    second = silent(bench, B, friend.sshd.port)
    pin(friend, {A: other.host_keys["ed25519"], B: own(friend)})
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(line(A, "4.7.8 the host refused our key: ")), True, result.stderr)
    expect(second.times, [], "connections to the second host")


@case
def a_handshake_that_fails_ends_the_attempt(bench):
    friend = list_of(bench, A, B)
    closing(bench, A, friend.sshd.port, b"SSH-2.0-gone\r\n")
    second = silent(bench, B, friend.sshd.port)
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(line(A, "4.4.2 the connection was lost: ")), True, result.stderr)
    expect(second.times, [], "connections to the second host")


@case
def the_key_of_one_host_does_not_prove_another(bench):
    """The first cannot be reached, and the second shows the key that only the first may have."""
    friend = list_of(bench, A, B)
    impostor = bench.sshd([f"ListenAddress {B}:{friend.sshd.port}"])
    pin(friend, {A: impostor.host_keys["ed25519"], B: own(friend)})
    friend.send().says(75, line(
        B, f"4.7.0 host key changed: offered ED25519 {fingerprint(impostor.host_keys['ed25519'])}, pinned "
        f"ED25519 {fingerprint(own(friend))} (other hosts: {A}: cannot connect: {refused(friend, A)}); "
        "if the change is genuine, pin the new key: sshsmctl trust --replace friend"))


@case
def each_host_is_offered_the_types_pinned_for_it_alone(bench):
    sshd = bench.sshd(key_types=("ed25519", "rsa", "ecdsa"))
    friend = list_of(bench, A, GOOD, sshd=sshd)
    pin(friend, {A: sshd.host_keys["ed25519"], GOOD: sshd.host_keys["ecdsa"]})
    said = arrived_loudly(friend, sends_loudly(friend))
    in_order(said, f"host key ECDSA {fingerprint(sshd.host_keys['ecdsa'])} is pinned")


@case
def a_host_without_a_pin_is_skipped_and_named(bench):
    friend = list_of(bench, A, GOOD, pinned=(GOOD,))
    first = silent(bench, A, friend.sshd.port)
    said = arrived_loudly(friend, sends_loudly(friend))
    in_order(said, f"{A}: not tried: no host key is pinned", f"connecting to {GOOD} port ")
    expect(first.times, [], "connections to the host without a pin")


@case
def a_host_all_of_whose_pins_are_revoked_is_not_dialled(bench):
    friend = list_of(bench, A, GOOD)
    first = silent(bench, A, friend.sshd.port)
    old = new_key(friend.path("old"))
    pin(friend, {A: old, GOOD: own(friend)}, f"@revoked * {old}")
    said = arrived_loudly(friend, sends_loudly(friend))
    in_order(said, f"{A}: not tried: host key revoked: pinned ED25519 {fingerprint(old)}",
             f"connecting to {GOOD} port ")
    expect(first.times, [], "connections to the host with a revoked pin")


@case
def where_no_host_is_pinned_none_is_dialled(bench):
    friend = list_of(bench, A, B, pinned=())
    hosts = [silent(bench, host, friend.sshd.port) for host in (A, B)]
    friend.send().says(75, line(
        A, f"4.7.5 no host key is pinned: {A}, {B} port {friend.sshd.port} in {friend.path('known_hosts')}; "
        "pin the host's key, as its owner read it out: sshsmctl trust --add friend"))
    expect([host.times for host in hosts], [[], []], "connections")


@case
def a_pin_in_the_configuration_covers_every_host(bench):
    friend = list_of(bench, A, GOOD, pinned=())
    friend.settings["host-key"] = own(friend)
    friend.write_configuration()
    arrived(friend, friend.send())


@case
def an_alias_is_looked_up_for_every_host(bench):
    friend = list_of(bench, A, GOOD, pinned=(), settings={"host-key-alias": "bobs-machines"})
    friend.write_pins([f"bobs-machines {own(friend)}"])
    arrived(friend, friend.send())


@case
def each_host_that_hangs_up_gets_one_second_try(bench):
    friend = list_of(bench, A, B, GOOD)
    first, second = (closing(bench, host, friend.sshd.port) for host in (A, B))
    arrived(friend, friend.send())
    expect((len(first.times), len(second.times)), (2, 2), "connections to each")
    expect(max(first.times) < min(second.times), True, "the first was given up before the second was tried")
    for host in (first, second):
        pause = host.times[1] - host.times[0]
        expect(pause > 0.15, True, f"a pause of {pause} s")


@case
def a_silent_host_has_its_connect_timeout_and_no_more(bench):
    friend = list_of(bench, A, GOOD, settings={"connect-timeout": "1"})
    first = silent(bench, A, friend.sshd.port)
    result = friend.send()
    arrived(friend, result)
    expect(len(first.times), 1, "connections to the silent one")
    expect(0.9 < result.seconds < 10, True, f"after {result.seconds} s")


@case
def a_host_that_swallows_packets_has_its_connect_timeout_and_no_more(bench):
    friend = list_of(bench, A, GOOD, settings={"connect-timeout": "1"})
    black_hole(bench, A, friend.sshd.port)
    result = friend.send()
    arrived(friend, result)
    expect(0.9 < result.seconds < 10, True, f"after {result.seconds} s")


@case
def hosts_share_a_time_to_the_greeting_that_is_too_short_for_all(bench):
    friend = list_of(bench, A, B, GOOD, settings={"greeting-timeout": "9"})
    for host in (A, B):
        silent(bench, host, friend.sshd.port)
    result = friend.send()
    arrived(friend, result)
    expect(5 < result.seconds < 9, True, f"after {result.seconds} s")


@case
def an_address_that_refuses_leaves_the_others_of_its_name(bench):
    needs_ipv6()
    friend = list_of(bench, "mx.example")
    names = with_names(bench, {"mx.example": [GOOD, "::1"]})
    arrived(friend, friend.send(prefix=names))


@case
def an_ipv6_address_that_swallows_packets_costs_no_second(bench):
    needs_ipv6()
    friend = list_of(bench, "mx.example")
    black_hole(bench, "::1", friend.sshd.port)
    names = with_names(bench, {"mx.example": ["::1", GOOD]})
    result = sends_loudly(friend, prefix=names)
    in_order(arrived_loudly(friend, result), f"connected to {GOOD} port ")
    expect(result.seconds < 8, True, f"after {result.seconds} s, where connect-timeout is 30")


@case
def an_address_that_is_silent_is_left_out_of_the_next_try(bench):
    needs_ipv6()
    friend = list_of(bench, "mx.example", settings={"connect-timeout": "4"})
    first = silent(bench, "::1", friend.sshd.port)
    names = with_names(bench, {"mx.example": ["::1", GOOD]})
    result = sends_loudly(friend, prefix=names)
    in_order(arrived_loudly(friend, result), "connected to ::1 port ", f"connected to {GOOD} port ")
    expect(len(first.times), 1, "connections to the silent one")


@case
def only_the_address_that_hung_up_gets_the_second_try(bench):
    needs_ipv6()
    friend = list_of(bench, "mx.example", GOOD, settings={"connect-timeout": "4"})
    port = friend.sshd.port
    first = silent(bench, "::1", port)
    second = closing(bench, A, port)
    names = with_names(bench, {"mx.example": ["::1", A]})
    said = arrived_loudly(friend, sends_loudly(friend, prefix=names))
    in_order(said, "connected to ::1 port ", f"connected to {A} port ", "closed before the SSH banner",
             f"connected to {A} port ", "mx.example: connected, but no SSH server answered: "
             f"::1 port {port} is silent, {A} port {port} closed the connection", f"connecting to {GOOD} port ")
    expect((len(first.times), len(second.times)), (1, 2), "connections")


@case
def a_silent_address_and_one_that_refuses_are_both_told(bench):
    needs_ipv6()
    friend = list_of(bench, "mx.example", settings={"connect-timeout": "2"})
    port = friend.sshd.port
    silent(bench, "::1", port)
    names = with_names(bench, {"mx.example": ["::1", A]})
    friend.send(prefix=names).says(75, line(
        "mx.example", f"4.4.1 connected, but no SSH server answered: ::1 port {port} is silent, cannot "
        f"connect: {refused(friend, A)}{BANNER}"))


@case
def an_address_that_a_name_has_twice_is_one_address(bench):
    friend = list_of(bench, "mx.example", settings={"connect-timeout": "2"})
    first = silent(bench, A, friend.sshd.port)
    names = with_names(bench, {"mx.example": [A, A]})
    friend.send(prefix=names).says(75, line(
        "mx.example", f"4.4.1 connected, but no SSH server answered: {A} port {friend.sshd.port} is silent"
        f"{BANNER}"))
    expect(len(first.times), 1, "connections")


@case
def a_resolver_that_hangs_does_not_keep_the_next_host(bench):
    friend = list_of(bench, "mx.example", GOOD, settings={"connect-timeout": "1"})
    resolver = with_file(bench, "/etc/resolv.conf", "nameserver 127.0.0.77\n")
    with socket.socket(type=socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.77", 53))
        result = sends_loudly(friend, prefix=resolver)
        said = arrived_loudly(friend, result)
    in_order(said, "mx.example: cannot look up the host name: the resolver does not answer",
             f"connecting to {GOOD} port ")
    expect(result.seconds < 9, True, f"after {result.seconds} s")


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@case
def no_child_is_left_behind_a_list(bench):
    friend = list_of(bench, A, B, C, GOOD, settings={"connect-timeout": "20"})
    silent(bench, A, friend.sshd.port)
    running = friend.start()
    bench.wait_until(lambda: len(running.children()) == 4, "one dialler for each host runs")
    children = running.children()
    running.process.kill()
    running.process.wait()
    bench.wait_until(lambda: not any(is_running(pid) for pid in children), "the diallers have ended")
