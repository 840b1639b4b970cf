"""Each cause of src/base/causes.cc provoked and compared as a whole line, where no other case does.

The run names the causes that no case compares so. These lines are what people search for, and what
Exim and Postfix put into their logs and bounces: a change here is a change of the interface.
"""

import contextlib
import os
import re
import signal
import socket

from fault_proxy import FaultProxy
from friend import ONE
from registry import case, expect
from servers import fingerprint, new_key

QUICK = {"connect-timeout": "1", "greeting-timeout": "2", "timeout": "1"}
WAITS = "; the mail waits in the queue"
TYPE_UNPINNED = (
    "4.7.0 the host has no key of a pinned type: in the SSH handshake; pin a key of a type that the "
    'host has: sshsmctl trust --add friend: "kex error : no match for method server host key algo: server '
    '[ssh-ed25519], client '
    '[ecdsa-sha2-nistp256]"')


def public_key_of(friend):
    with open(friend.key + ".pub", encoding="ascii") as file:
        return " ".join(file.read().split()[:2])


@case
def sentences_about_the_command_line(bench):
    bench.run("-bS", "--no-such", "friend", stdin=ONE).says(
        75, "4.3.5 sshsm: cannot use these arguments: unrecognised option '--no-such'; see sshsm --help")
    bench.run("-bS", stdin=ONE).says(
        75, "4.3.5 sshsm: cannot use these arguments: no destination is named; see sshsm --help")
    bench.run("-bS", "--", "../x", stdin=ONE).says(
        75, '4.3.5 sshsm: not a destination name: "../x"; use letters, digits, dots, underscores and '
        "hyphens, 64 at most")


@case
def sentences_about_the_batch(bench):
    friend = bench.friend()
    friend.send(b"").says(75, friend.line(
        "4.5.2 the batch has no message; feed it batch SMTP: MAIL, RCPT, DATA, the message, a dot"))
    friend.send(b"WHAT now\r\n").says(75, friend.line(
        '4.5.2 not batch SMTP: line 1: not a command of batch SMTP: "WHAT now"; nothing from there on '
        "was sent"))
    friend.send(ONE[:-3]).says(75, friend.line(
        "4.5.2 the batch ends inside a message; that message was not sent: line 8; the program that "
        "wrote the batch stopped early"))
    bench.run(*friend.arguments(), prefix=("sh", "-c", 'exec "$@" </', "sh")).says(75, friend.line(
        "4.3.0 cannot read the batch: Is a directory"))


@case
def sentences_about_the_configuration(bench):
    friend = bench.friend()
    path = friend.path("friend.conf")
    friend.write_configuration("user = x\nhots = y\n")
    friend.send().says(75, friend.early_line(
        f'4.3.5 configuration error: {path}:2: unknown key "hots"; correct the line'))
    friend = bench.friend()
    os.chmod(friend.path("friend.conf"), 0o664)
    friend.send().says(75, friend.early_line(
        f"4.3.5 configuration file not to be trusted: {friend.path('friend.conf')}: mode 0664; it must "
        "be root's or the mail user's (root's, where it says run-as), and nobody else's to write"))


@case(root=True)
def sentences_about_identity_and_owners(bench):
    friend = bench.friend()
    friend.write("sshsm.conf", "run-as = no-such-user-here\n")
    friend.send().says(75, friend.early_line(
        "4.3.5 cannot become the mail user: no such user: no-such-user-here; set run-as in sshsm.conf, or "
        "have sshsm started as the mail user"))
    friend = bench.friend()
    os.chown(friend.path("friend.conf"), 2, 2)
    friend.send().says(75, friend.early_line(
        f"4.3.5 configuration file not to be trusted: {friend.path('friend.conf')}: owned by uid 2; it "
        "must be root's or the mail user's (root's, where it says run-as), and nobody else's to write"))


@case
def sentences_about_key_and_pins(bench):
    friend = bench.friend()
    os.chmod(friend.key, 0o644)
    friend.send().says(75, friend.line(
        f"4.7.5 private key file not to be trusted: {friend.key}: mode 0644; give it to the mail user "
        "with mode 0600"))
    os.chmod(friend.key, 0o600)
    with open(friend.key, "w", encoding="ascii") as file:
        file.write("garbage\n")
    friend.send().says(75, friend.line(
        f"4.7.5 not a usable private key: {friend.key}; create it with ssh-keygen -t ed25519 -N ''"))
    friend = bench.friend()
    friend.write_pins([])
    friend.send().says(75, friend.line(
        f"4.7.5 no host key is pinned: 127.0.0.1 port {friend.sshd.port} in {friend.path('known_hosts')}; "
        "pin the host's key, as its owner read it out: sshsmctl trust --add friend"))
    os.remove(friend.path("known_hosts"))
    friend.send().says(75, friend.line(
        f"4.7.5 cannot read the known hosts: {friend.path('known_hosts')}: No such file or directory; "
        "let the mail user read the file, or pin the host's key, "
        "as its owner read it out: sshsmctl trust --add friend"))


@case
def sentences_about_the_way_to_the_host(bench):
    friend = bench.friend(settings={"host": "no-such-host.invalid", **QUICK})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    # A machine without a resolver cannot tell a name that does not exist from one not found.
    friend.send().matches(75, re.escape("4.4.4 sshsm: friend (no-such-host.invalid): the host name does "
                                        "not exist: no-such-host.invalid: Name or service not known; "
                                        "check host in the configuration and the host's dynamic DNS")
                          + "|" + re.escape("4.4.3 sshsm: friend (no-such-host.invalid): cannot look up "
                                            "the host name: no-such-host.invalid: ")
                          + ".*" + re.escape("; check the resolver of this machine"))
    friend = bench.friend(settings={"address-family": "inet6"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    friend.send().says(75, friend.line(
        "4.4.3 cannot look up the host name: 127.0.0.1: Address family for hostname not supported; check "
        "the resolver of this machine"))


@case
def the_sentence_about_an_address_that_swallows_packets(bench):
    friend = bench.friend(settings=QUICK)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        friend.settings["port"] = str(port)
        friend.write_configuration()
        friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
        friend.send().says(75, friend.line(
            f"4.4.1 no connection in time: 127.0.0.1 port {port}; check that the host is up and no "
            "firewall drops the packets; then try: sshsmctl check friend"))


@case
def sentences_about_the_ssh_server(bench):
    # The second try comes up to a second behind the first.
    for fault, words, settings in (("close-before-banner", "closed the connection", {}),
                                   ("stall-before-banner", "is silent", QUICK)):
        friend = bench.faulty_friend(fault, settings=settings)
        friend.send().says(75, friend.line(
            "4.4.1 connected, but no SSH server answered: 127.0.0.1 port "
            f"{friend.settings['port']} {words}; check port, and MaxStartups and PerSourcePenalties of "
            "the sshd there; then try: sshsmctl check friend"))
    friend = bench.faulty_friend("stall-in-handshake", settings=QUICK)
    friend.send().says(75, friend.line("4.4.2 no answer in time: the SSH handshake" + WAITS))
    friend = bench.faulty_friend("stall-in-auth", settings=QUICK)
    friend.send().says(75, friend.line("4.4.2 no answer in time: the login" + WAITS))
    friend = bench.faulty_friend("stall-in-exec", settings=QUICK)
    friend.send().says(75, friend.line("4.4.2 no answer in time: starting the command" + WAITS))
    friend = bench.faulty_friend("refuse-exec")
    friend.send().says(75, friend.line(
        "4.4.5 the host refused to start the command; check MaxSessions and the forced command there; "
        "then try: sshsmctl check friend: "
        '"Channel request exec failed"'))


@case
def sentences_about_a_login_that_is_refused(bench):
    for fault, detail, words in (
            ("refuse-auth", "", ": \"Access denied for 'publickey'. Authentication that can continue: "
             'publickey"'), ("partial-auth", ", and it asks for more than a key", "")):
        friend = bench.faulty_friend(fault)
        friend.send().says(75, friend.line(
            f"4.7.8 the host refused our key: user {bench.rig.login}, key ED25519 "
            f"{fingerprint(public_key_of(friend))}{detail}; add our public key to authorized_keys there, "
            f"or check user; then try: sshsmctl check friend{words}"))


@case
def sentences_about_a_handshake_that_fails(bench):
    def says(friend, line):
        # The proxy lets the server's offer come later than its banner; the next case is the other.
        with FaultProxy(friend.sshd.port, "down", split_at=20) as proxy:
            friend.settings["port"] = str(proxy.port)
            friend.write_configuration()
            friend.send().says(75, friend.line(line))

    friend = bench.friend(sshd=bench.sshd(["Ciphers aes256-gcm@openssh.com"]),
                          settings={"ciphers": "aes256-ctr,aes128-ctr"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    says(friend, "4.7.5 the SSH handshake failed: in the SSH handshake; compare ciphers, macs and "
         'kex-algorithms with what the sshd there offers; '
         'then try: sshsmctl check friend: "kex error : no match for method encryption '
         'client->server: server [aes256-gcm@openssh.com], client [aes256-ctr,aes128-ctr]"')
    friend = bench.friend(sshd=bench.sshd())
    friend.write_pins([f"* {new_key(friend.path('other'), 'ecdsa')}"])
    says(friend, TYPE_UNPINNED)


@case
def the_same_sentence_where_banner_and_offer_come_in_one_piece(bench):
    friend = bench.friend(sshd=bench.sshd())
    friend.write_pins([f"* {new_key(friend.path('other'), 'ecdsa')}"])
    with socket.create_connection(("127.0.0.1", friend.sshd.port)) as sshd:
        sshd.sendall(b"SSH-2.0-test\r\n")
        opening = b""
        while len(opening) < 1000:
            opening += sshd.recv(4096)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        friend.settings["port"] = str(listener.getsockname()[1])
        friend.write_configuration()
        running = friend.start()
        running.feed(ONE)
        client, _ = listener.accept()
        with client:
            client.sendall(opening)
            running.finish(None).says(75, friend.line(TYPE_UNPINNED))


@case
def sentences_about_a_mail_server_that_goes_away(bench):
    ended = "the mail server ended the conversation"
    friend = bench.friend("die before MAIL")
    friend.send().says(75, friend.line(f"4.4.2 the connection was lost: {ended}{WAITS}"))
    friend = bench.friend("drop after dot")
    friend.send().says(75, friend.line(
        "4.4.2 no clear answer to the final dot; the message may have been delivered: the connection was lost: "
        f"{ended}; the retry may make a second copy"))


@case
def sentences_about_replies(bench):
    friend = bench.friend(r'raw MAIL "25x\r\n"')
    friend.send().says(75, friend.line('4.5.0 not an SMTP reply; check the forced command or smtp-address there; '
                                       'then try: sshsmctl check friend: "25x"'))
    friend = bench.friend("reply MAIL 354 go on")
    friend.send().says(75, friend.line(
        '4.5.0 a reply out of place: to MAIL; check the mail server there: "354 go on"'))


@case
def the_sentence_about_a_batch_that_takes_too_long(bench):
    friend = bench.friend("delay MAIL 3", settings={"batch-timeout": "1"})
    friend.send().says(75, friend.line(
        "4.4.7 the batch takes too long; send fewer messages at once or raise batch-timeout"))


@case
def sentences_of_a_process_that_is_stopped(bench):
    for number, line in ((signal.SIGTERM, "4.3.2 sshsm: stopped by a signal" + WAITS),
                         (signal.SIGSEGV, "4.3.0 sshsm: an error in sshsm itself; please report it" + WAITS)):
        friend = bench.friend("delay EHLO 20")
        running = friend.start()
        running.feed(ONE)
        bench.wait_until(friend.transcript, "the mail server heard something")
        os.kill(running.pid, number)
        running.finish(None).says(75, line)
