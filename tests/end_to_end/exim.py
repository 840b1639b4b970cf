"""sshsm as the command of Exim's pipe and lmtp transports: the bytes and the surroundings that Exim 4.96
gives."""

import os

from registry import case, expect
from talk import Talk

# What use_bsmtp writes: no HELO, no QUIT, no parameters; a bounce has an empty sender.
BARE = (b"MAIL FROM:<alice@here.example>\nRCPT TO:<bob@friend.example>\nDATA\n"
        b"Received: from alice by here.example with local (Exim 4.96)\n"
        b"\t(envelope-from <alice@here.example>)\n\tid 1tEST0-000000-00\n"
        b"\tfor bob@friend.example; Sat, 21 Nov 2026 09:30:00 +0000\n"
        b"To: bob@friend.example\nSubject: from Exim\n"
        b"Message-Id: <E1tEST0-000000-00@here.example>\nFrom: alice@here.example\n\n"
        b"..a line with a dot\n8-bit: \xe4\xf6\xfc\x00\n" + b"long " * 500 + b"\n.\n")
CONTENT = (BARE.split(b"DATA\n", 1)[1][:-2].replace(b"\n..a", b"\n.a").replace(b"\n", b"\r\n"))
# USER and LOGNAME are "NULL" in a batch; everything but the mail is noise to us.
SURROUNDINGS = {"LOCAL_PART": "NULL", "LOGNAME": "NULL", "USER": "NULL", "DOMAIN": "friend.example",
                "HOME": "/nonexistent", "MESSAGE_ID": "1tEST0-000000-00", "RECIPIENT": "", "SENDER": "",
                "SHELL": "/bin/sh", "HOST": "", "TZ": "UTC"}


def as_exim(bench, friend, stdin):
    """One pipe for standard output and error, ignored signals, a foreign descriptor."""
    return bench.start(*friend.arguments(), environment=SURROUNDINGS, prefix=(
        "sh", "-c", 'trap "" HUP INT USR1 TERM; umask 0; exec 7</dev/null; exec "$@" 2>&1', "sh")
    ).finish(stdin)


@case
def exims_bytes_arrive_with_both_line_ends(bench):
    for stdin in (BARE, BARE.replace(b"\n", b"\r\n"),
                  b"EHLO here.example\r\n" + BARE.replace(b"\n", b"\r\n")):
        for script in ("", "offer CHUNKING"):
            friend = bench.friend(script)
            as_exim(bench, friend, stdin).is_accepted()
            expect(friend.messages(), [CONTENT], "delivered messages")


@case
def a_bounce_from_exim_arrives(bench):
    friend = bench.friend()
    as_exim(bench, friend, BARE.replace(b"<alice@here.example>\nRCPT", b"<>\nRCPT")).is_accepted()
    expect(b"X-Envelope-From: <>\n" in friend.mbox(), True, "the empty sender")


@case
def what_exim_writes_when_its_filter_fails_is_never_delivered(bench):
    for stdin in (b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\r\n",
                  b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nFrom: alic.\r\n",
                  b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nFrom: alic.\n"):
        friend = bench.friend()
        result = as_exim(bench, friend, stdin)
        result.has_status(75)
        friend.received_nothing()


@case
def a_failure_fits_into_exims_pipe_and_begins_with_its_code(bench):
    friend = bench.friend("reply RCPT 550 5.1.1 no such user")
    result = as_exim(bench, friend, BARE)
    result.has_status(69)
    expect(result.stdout.startswith(b"5.1.1 sshsm: friend (127.0.0.1): "), True, f"{result.stdout!r}")
    expect(len(result.stdout) <= 2048, True, "at most 2048 octets")


@case
def exim_gets_75_and_not_a_signal_when_the_far_host_is_off(bench):
    friend = bench.friend(settings={"port": "1"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    result = as_exim(bench, friend, BARE)
    result.has_status(75)
    expect(result.stdout.startswith(b"4.4.1 sshsm: friend (127.0.0.1): cannot connect"), True,
           f"{result.stdout!r}")
    expect(os.path.exists(friend.path("transcript")), False, "the mail server was started")


def by_lmtp(bench, friend):
    """The command of the lmtp transport: the same, and no environment at all."""
    return Talk(bench.start("--lmtp", "--config-dir", friend.directory, "--", "friend", prefix=(
        "sh", "-c", 'trap "" HUP INT USR1 TERM; umask 0; exec 7</dev/null; exec env -i "$@" 2>&1', "sh")))


@case
def exims_lmtp_transport_hears_of_each_recipient(bench):
    friend = bench.friend("reply RCPT <eve@friend.example> 550 5.1.1 no such user\n"
                          "reply RCPT <tom@friend.example> 450 4.2.1 busy\nstderr \"550 noise\\n\"",
                          settings={"helo": "here.example"})
    talk = by_lmtp(bench, friend)
    expect(talk.hear(), ["220 here.example LMTP sshsm: friend (127.0.0.1): ready"], "the greeting")
    # One command at a time, whatever is offered, and no parameters.
    expect(talk.ask("LHLO here.example")[0], "250-here.example", "the answer to LHLO")
    talk.follow(("MAIL FROM:<alice@here.example>", "250 2.1.0 <alice@here.example> sender ok"),
                ("RCPT TO:<bob@friend.example>", "250 2.1.5 <bob@friend.example> recipient ok"),
                ("RCPT TO:<eve@friend.example>", "550 5.1.1 no such user"),
                ("RCPT TO:<carol@friend.example>", "250 2.1.5 <carol@friend.example> recipient ok"),
                ("RCPT TO:<tom@friend.example>", "450 4.2.1 busy"),
                ("DATA", "354 end the message with a dot"))
    talk.say(BARE.split(b"DATA\n", 1)[1].replace(b"\n", b"\r\n"))
    expect([talk.hear(), talk.hear()], [["250 2.0.0 message accepted"]] * 2, "the answers to the message")
    talk.follow(("QUIT", "221 2.0.0 sshsm: friend (127.0.0.1): closing"))
    talk.end().has_status(0)
    expect(friend.messages(), [CONTENT], "delivered messages")


@case
def exims_lmtp_transport_reads_a_failure_as_the_greeting(bench):
    friend = bench.friend(settings={"port": "1"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    talk = by_lmtp(bench, friend)
    [line] = talk.hear()
    expect(line.startswith("421 4.4.1 sshsm: friend (127.0.0.1): cannot connect: "), True, line)
    talk.follow(("QUIT", "221 2.0.0 sshsm: friend (127.0.0.1): closing"))
    talk.end().has_status(75)
