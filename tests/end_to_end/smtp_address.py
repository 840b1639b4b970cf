"""smtp-address: the far host connects to its mail server for us, and our key can do nothing else."""

import re
import socket
import struct
import subprocess
import threading
import time

from fault_proxy import FaultProxy
from friend import LETTER, ONE, batch, canonical
from interactive import ACCEPTED, CLOSING, ENVELOPE, GREETING, MESSAGE, opened
from registry import Skip, case, expect

WAITS = "; the mail waits in the queue"
QUICK = {"greeting-timeout": "2", "timeout": "1"}
# Far more than a mail server ever says.
FLOOD = 1_000_000


class Listener:
    """What listens at smtp-address: `serve` gets each connection, in a thread of its own."""

    def __init__(self, bench, serve=None, address="127.0.0.1", backlog=16):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.bind((address, 0))
        self._socket.listen(backlog)
        self.serve = serve
        self.count = 0
        self.port = self._socket.getsockname()[1]
        self.name = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        bench.at_end(self.close)
        if serve is not None:
            threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass

    def close(self):
        # Closing alone would not wake up whoever accepts.
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()


def key_options(name):
    """The key line of the README, but for its command."""
    return f'restrict,port-forwarding,permitopen="{name}",permitlisten="localhost:1"'


def friend_at(bench, name, permitted=None, **more):
    """A friend whose key may reach `permitted` alone, and whose mail is for `name`."""
    settings = {"smtp-address": name, **more.pop("settings", {})}
    return bench.friend(command="/bin/false", key_options=key_options(permitted or name),
                        settings=settings, **more)


def friend_with_sink(bench, script="", address="127.0.0.1", **more):
    """The sink behind a listener."""
    def serve(connection):
        sink = subprocess.Popen(friend.sink_command(), stdin=connection, stdout=connection,
                                stderr=subprocess.DEVNULL)
        # One that stalls would outlive its case, and hold the standard error of all the cases.
        bench.at_end(sink.kill)
        sink.wait()
    listener = Listener(bench, serve, address)
    friend = friend_at(bench, listener.name, script=script, **more)
    friend.listener = listener
    return friend


def friend_served(bench, serve, **more):
    return friend_at(bench, Listener(bench, serve).name, **more)


def reset(connection, pause=0.0):
    """Ends it with RST instead of FIN."""
    time.sleep(pause)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def is_delivered(friend):
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


# --- mail goes through ---


@case
def a_batch_is_delivered_to_an_address_instead_of_a_command(bench):
    friend = friend_with_sink(bench)
    friend.send().is_accepted()
    is_delivered(friend)
    expect(friend.listener.count, 1, "connections")


@case
def a_conversation_is_delivered_to_an_address(bench):
    friend = friend_with_sink(bench)
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(0)
    is_delivered(friend)


@case
def without_a_mode_both_are_delivered_to_an_address(bench):
    friend = friend_with_sink(bench)
    running = bench.start("--config-dir", friend.directory, "--", "friend")
    running.feed(ONE)
    running.finish(None).has_status(0)
    is_delivered(friend)
    friend = friend_with_sink(bench)
    talk = opened(friend, mode=())
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(0)
    is_delivered(friend)


@case
def a_writer_who_did_not_wait_gets_a_second_connection_to_the_address(bench):
    friend = friend_with_sink(bench)
    talk = friend.talk()
    expect(talk.hear(), [GREETING], "the greeting")
    talk.say(ONE)
    talk.end().has_status(0)
    is_delivered(friend)
    expect(friend.listener.count, 2, "connections")


@case
def an_ipv6_address_is_reached(bench):
    try:
        friend = friend_with_sink(bench, address="::1")
    except OSError as error:
        raise Skip(f"no IPv6 loopback: {error}") from None
    friend.send().is_accepted()
    is_delivered(friend)


@case
def large_mail_in_many_messages_arrives_octet_for_octet(bench):
    friend = friend_with_sink(bench)
    text = b"".join(b"%06d " % number + b"x" * 60 + b"\n" for number in range(60_000))
    letters = [LETTER, text, LETTER, text[:68_000], LETTER]
    mail = b"".join(batch("<alice@here.example>", ["<bob@friend.example>"], letter) for letter in letters)
    friend.send(mail).is_accepted()
    expect([message == canonical(letter) for message, letter in zip(friend.messages(), letters)],
           [True] * len(letters), "messages that arrived as they were sent")


@case
def a_refusal_of_the_mail_server_comes_through_an_address_as_it_is(bench):
    friend = friend_with_sink(bench, "reply RCPT 550 5.1.1 no such user")
    friend.send().says(69, friend.line('5.1.1 the mail server refused <bob@friend.example>: '
                                       '"550 5.1.1 no such user"'))
    friend.received_nothing()


@case
def keepalives_watch_the_line_to_an_address(bench):
    friend = friend_with_sink(bench, "stall MAIL", settings={"server-alive-interval": "1",
                                                             "server-alive-count-max": "1"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    with FaultProxy(friend.sshd.port) as proxy:
        friend.settings["port"] = str(proxy.port)
        friend.write_configuration()
        running = friend.start()
        running.feed(ONE)
        bench.wait_until(lambda: b"MAIL" in friend.transcript(), "the mail server heard MAIL")
        # An honest sshd answers, so a mail server that thinks is no lost line.
        bench.pause(3)
        expect(running.process.poll(), None, "the end of sshsm while the host answers")
        proxy.freeze()
        running.finish(None).says(75, friend.line(
            f"4.4.2 the connection was lost: no answer to 1 keepalives{WAITS}"))


# --- what goes wrong has its sentence ---


@case
def an_address_that_the_key_may_not_reach(bench):
    listener = Listener(bench, lambda connection: connection.sendall(b"220 not for you\r\n"))
    port = listener.port
    # The same place by another name is another address to OpenSSH.
    for name, permitted in ((listener.name, "127.0.0.1:1"), (f"localhost:{port}", listener.name)):
        friend = friend_at(bench, name, permitted)
        friend.send().says(75, friend.line(
            f"4.7.1 the host does not let our key through to smtp-address: {name}; authorized_keys there must "
            "say port-forwarding and permitopen= with exactly this address, and sshd_config must allow it; "
            "then try: sshsmctl check friend: "
            '"open failed"'))
    expect(listener.count, 0, "connections")


@case
def an_address_that_the_key_line_or_sshd_forbids_altogether(bench):
    listener = Listener(bench, lambda connection: connection.sendall(b"220 not for you\r\n"))
    sshd = bench.sshd(["AllowTcpForwarding no"])
    for more in ({"key_options": "restrict"}, {"key_options": key_options(listener.name), "sshd": sshd}):
        friend = bench.friend(command="/bin/false", settings={"smtp-address": listener.name}, **more)
        friend.send().matches(75, re.escape(friend.line(
            f"4.7.1 the host does not let our key through to smtp-address: {listener.name}; ")) + ".*")
    expect(listener.count, 0, "connections")


@case
def an_address_where_nobody_listens(bench):
    listener = Listener(bench)
    listener.close()
    friend = friend_at(bench, listener.name)
    friend.send().says(75, friend.line(
        f"4.4.1 the host cannot connect to smtp-address: {listener.name}; check that a mail server listens "
        'there; then try: sshsmctl check friend: "Connection refused"'))
    talk = friend.talk("-bs")
    expect(talk.hear(), [friend.reply_line("421", (
        f"4.4.1 the host cannot connect to smtp-address: {listener.name}; check that a mail server listens "
        'there; then try: sshsmctl check friend: "Connection refused"'))], "the greeting")
    talk.end().has_status(75)


@case
def an_address_whose_name_the_host_does_not_know(bench):
    friend = friend_at(bench, "no-such-host.invalid:25")
    friend.send().matches(75, re.escape(friend.line(
        "4.4.1 the host cannot connect to smtp-address: no-such-host.invalid:25; check that a mail server "
        'listens there; then try: sshsmctl check friend: "')) + '.+"')


@case
def a_mail_server_that_hangs_up_without_a_greeting(bench):
    def half_a_line(connection):
        connection.sendall(b"go away")

    # A reset that is there before sshd looks is a connection that failed.
    def late_reset(connection):
        reset(connection, 0.3)

    for serve, words in ((lambda connection: None, ""), (late_reset, ""), (half_a_line, ': "go away"')):
        friend = friend_served(bench, serve)
        result = friend.send()
        result.says(75, friend.line(
            f"4.4.2 smtp-address closed the connection without a greeting: {friend.settings['smtp-address']}; "
            "check that a mail server listens there and lets that host in; "
            f"then try: sshsmctl check friend{words}"))
        expect(result.seconds < 5, True, f"ended at once, after {result.seconds:.1f} s")


@case
def something_else_than_a_mail_server(bench):
    friend = friend_served(bench, lambda connection: connection.sendall(b"* OK IMAP4rev1 ready\r\n"))
    friend.send().says(75, friend.line(
        "4.5.0 text where the greeting was expected; the forced command or smtp-address must lead to a mail "
        'server, and no shell start-up file may print before it; '
        'then try: sshsmctl check friend: "* OK IMAP4rev1 ready"'))


@case
def a_mail_server_that_does_not_take_us(bench):
    friend = friend_served(bench, lambda connection: connection.sendall(b"554 5.7.1 not from there\r\n"))
    friend.send().says(75, friend.line(
        '4.3.2 the mail server takes no mail now; the mail waits in the queue: "554 5.7.1 not from there"'))


@case
def a_mail_server_that_never_greets(bench):
    stop = threading.Event()
    bench.at_end(stop.set)
    accepted = friend_served(bench, lambda connection: stop.wait(60), settings=QUICK)
    waiting = friend_at(bench, Listener(bench).name, settings=QUICK)
    for friend in (accepted, waiting):
        friend.send().says(75, friend.line("4.4.2 no answer in time: the greeting" + WAITS))


@case
def an_address_that_swallows_packets(bench):
    listener = Listener(bench, backlog=0)
    fillers = [socket.socket() for _ in range(8)]
    for filler in fillers:
        bench.at_end(filler.close)
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", listener.port))
    friend = friend_at(bench, listener.name, settings=QUICK)
    friend.send().says(75, friend.line(
        "4.4.2 no answer in time: the host's connection to smtp-address" + WAITS))


@case
def a_mail_server_that_floods(bench):
    friend = friend_served(bench, lambda connection: connection.sendall(b"220-" + b"x" * FLOOD))
    friend.send().matches(75, re.escape(friend.line("4.5.0 text where the greeting was expected")) + ".*")
    friend = friend_served(bench, lambda connection: connection.sendall(b"220-more\r\n" * (FLOOD // 10)))
    friend.send().matches(75, r"4\.5\.0 sshsm: friend .*")


def greets_then(end):
    """A mail server that takes a message up to its first octets."""
    def serve(connection):
        connection.sendall(b"220 here\r\n")
        stream = connection.makefile("rb")
        for answer in (b"250 here\r\n", b"250 2.1.0 ok\r\n", b"250 2.1.5 ok\r\n", b"354 go on\r\n"):
            stream.readline()
            connection.sendall(answer)
        stream.read(10)
        end(connection, stream)
    return serve


@case
def a_mail_server_that_goes_away_inside_the_message(bench):
    large = batch("<alice@here.example>", ["<bob@friend.example>"], b"x" * 70 + b"\n" + b"y\n" * 2_000_000)
    for end in (lambda connection, _: reset(connection),
                lambda connection, _: connection.shutdown(socket.SHUT_RDWR)):
        friend = friend_served(bench, greets_then(end))
        friend.send(large).says(75, friend.line(
            f"4.4.2 the connection was lost: the mail server ended the conversation{WAITS}"))


@case
def a_mail_server_that_ends_its_side_and_reads_on(bench):
    def drain(connection, stream):
        connection.shutdown(socket.SHUT_WR)
        while stream.read(65536):
            pass
    friend = friend_served(bench, greets_then(drain))
    friend.send().matches(75, r"4\.4\.2 sshsm: friend \(127\.0\.0\.1\): .*the mail server ended the "
                              r"conversation.*")


@case
def a_mail_server_that_goes_away_behind_the_dot_may_have_delivered(bench):
    friend = friend_with_sink(bench, "drop after dot")
    friend.send().says(75, friend.line(
        "4.4.2 no clear answer to the final dot; the message may have been delivered: the connection was "
        "lost: the mail server ended the conversation; the retry may make a second copy"))


@case
def a_host_that_hangs_up_or_is_gone_at_once(bench):
    for fault, words in (
            ("hang-up-at-open", "4.4.2 smtp-address closed the connection without a greeting: mx:25; check that "
             "a mail server listens there and lets that host in; then try: sshsmctl check friend"),
            ("stall-in-open", f"4.4.2 no answer in time: the host's connection to smtp-address{WAITS}")):
        friend = bench.faulty_friend(fault, settings={"smtp-address": "mx:25", **QUICK})
        friend.send().says(75, friend.line(words))
    friend = bench.faulty_friend("close-in-open", settings={"smtp-address": "mx:25", **QUICK})
    friend.send().matches(75, r"4\.4\.2 sshsm: friend \(127\.0\.0\.1\): the connection was lost: .*")


@case
def command_and_address_exclude_each_other(bench):
    friend = bench.friend(settings={"smtp-address": "localhost:25", "command": "exit"})
    path = friend.path("friend.conf")
    friend.send().says(75, friend.early_line(
        f"4.3.5 configuration error: {path}:4: smtp-address and command ({path}:5) cannot both be set; correct "
        "the line"))
