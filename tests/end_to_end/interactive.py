"""-bs: SMTP on standard input and output, as sendmail's mailer and `sendmail -bs` callers speak it."""

import os
import pty
import signal
import time
import tty

from friend import LETTER, canonical
from registry import case, expect

GREETING = "220 sink.example ESMTP mail sink"
OFFERS = ["250-sink.example", "250-PIPELINING", "250-8BITMIME", "250-SIZE 52428800",
          "250 ENHANCEDSTATUSCODES"]
SENDER_OK = "250 2.1.0 <alice@here.example> sender ok"
RECIPIENT_OK = "250 2.1.5 <bob@friend.example> recipient ok"
ENVELOPE = (("MAIL FROM:<alice@here.example>", SENDER_OK),
            ("RCPT TO:<bob@friend.example>", RECIPIENT_OK),
            ("DATA", "354 go ahead"))
MESSAGE = canonical(LETTER) + b".\r\n"
ACCEPTED = "250 2.0.0 message accepted"
CLOSING = "221 2.0.0 closing"
# A loaded machine may be late; what would not end at all takes minutes.
AT_ONCE = 4


def greeted(friend, *mode):
    talk = friend.talk(*mode)
    expect(talk.hear(), [GREETING], "the greeting")
    return talk


def opened(friend, mode=("-bs",)):
    talk = greeted(friend, *mode)
    expect(talk.ask("EHLO here.example"), OFFERS, "the answer to EHLO")
    return talk


@case
def a_session_is_relayed_reply_by_reply(bench):
    friend = bench.friend()
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    result = talk.end()
    result.has_status(0)
    expect(result.stderr, "", "standard error")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")
    expect(friend.transcript(), b"EHLO here.example\r\nMAIL FROM:<alice@here.example>\r\n"
           b"RCPT TO:<bob@friend.example>\r\nDATA\r\n" + MESSAGE + b"QUIT\r\n", "the transcript")


@case
def the_very_octets_of_sendmail_pass(bench):
    friend = bench.friend("offer DSN")
    talk = greeted(friend, "-bs")
    expect(talk.ask("EHLO here.example")[-1], "250 DSN", "the end of EHLO's answer")
    talk.say("MAIL From:<alice@here.example> SIZE=412 BODY=8BITMIME\r\n")
    expect(talk.hear(), [SENDER_OK], "the answer to MAIL")
    talk.say("RCPT To:<bob@friend.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@friend.example\r\n"
             "RCPT To:<eve@friend.example> NOTIFY=NEVER\r\nDATA\r\n")
    expect([talk.hear() for _ in range(3)],
           [[RECIPIENT_OK], ["250 2.1.5 <eve@friend.example> recipient ok"], ["354 go ahead"]],
           "the answers to a group")
    talk.follow((MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(0)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def several_messages_and_rset_share_a_session(bench):
    friend = bench.friend()
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED), ("RSET", "250 2.0.0 reset"), *ENVELOPE[:2],
                ("RSET", "250 2.0.0 reset"), ("NOOP", "250 2.0.0 ok"), *ENVELOPE,
                (b"again\r\n.\r\n", ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(0)
    expect(friend.messages(), [canonical(LETTER), b"again\r\n"], "delivered messages")


@case
def what_a_relay_cannot_keep_its_word_for_is_not_offered(bench):
    friend = bench.friend("offer STARTTLS\noffer AUTH PLAIN LOGIN\noffer CHUNKING\noffer BINARYMIME\n"
                          "offer PRDR\noffer ETRN\noffer DELIVERBY\noffer X-FRIEND\noffer SMTPUTF8\n"
                          "offer DSN")
    talk = greeted(friend, "-bs")
    expect(talk.ask("EHLO here.example"), OFFERS[:-1] + ["250-ENHANCEDSTATUSCODES", "250-SMTPUTF8",
                                                         "250 DSN"], "the answer to EHLO")
    for command in ("STARTTLS", "AUTH PLAIN AGEAYg==", "BDAT 5 LAST", "ETRN here.example", "XFOO", ""):
        expect(talk.ask(command), ["502 5.5.1 sshsm: friend (127.0.0.1): this command is not supported"],
               f"the answer to {command!r}")
    talk.follow(("QUIT", CLOSING))
    talk.end().has_status(0)
    expect(friend.transcript(), b"EHLO here.example\r\nQUIT\r\n", "the transcript")


@case
def mistakes_of_administrators_become_451(bench):
    for code in (500, 501, 502, 503, 504, 530, 535, 555):
        answer = f"{code} 5.5.1 not like this"
        changed = ("451 4.5.1 sshsm: friend (127.0.0.1): the mail server rejected a command for no fault "
                   f'of the mail: {{}}; check the mail server there: "{answer}"')
        exchanges = [*ENVELOPE, (MESSAGE, ACCEPTED)]
        for place, step in enumerate(("MAIL", "RCPT", "DATA", "dot")):
            friend = bench.friend(f"reply {step} {answer}")
            talk = opened(friend)
            told = changed.format("the message" if step == "dot" else step)
            talk.follow(*exchanges[:place], (exchanges[place][0], told), ("QUIT", CLOSING))
            result = talk.end()
            result.has_status(75 if step in ("DATA", "dot") else 0)
            bench.rig.compared |= result.causes


@case
def all_other_refusals_pass_untouched(bench):
    for answer in ("550 5.1.1 no such user", "552 5.3.4 too big", "554 5.7.1 no", "450 4.2.0 later",
                   "451 4.3.0 later", "452 4.5.3 too many", "521 5.3.2 no mail here"):
        friend = bench.friend(f"reply RCPT {answer}")
        talk = opened(friend)
        talk.follow(ENVELOPE[0], (ENVELOPE[1][0], answer), ("QUIT", CLOSING))
        talk.end().has_status(0)
        friend = bench.friend(f"reply dot {answer}")
        talk = opened(friend)
        talk.follow(*ENVELOPE, (MESSAGE, answer), ("QUIT", CLOSING))
        talk.end().has_status(75)


@case
def a_failure_is_the_greeting_and_quit_is_answered(bench):
    def is_421(friend, rest, *, name="friend (127.0.0.1): "):
        talk = friend.talk("-bs")
        expect(len(talk.hear()), 1, "lines of the greeting")
        expect(len(talk.ask("EHLO here.example")), 1, "lines of the answer to EHLO")
        talk.follow(("QUIT", f"221 2.0.0 sshsm: {name}closing"))
        code, text = rest.split(" ", 1)
        line = f"421 {code} sshsm: {name}{text}"
        talk.end().replies(75, line, line, f"221 2.0.0 sshsm: {name}closing")

    friend = bench.friend("reply greeting 554 5.3.2 no mail for you")
    is_421(friend, '4.3.2 the mail server takes no mail now; the mail waits in the queue: '
                   '"554 5.3.2 no mail for you"')
    friend = bench.friend('print-before-greeting "Welcome home!\\r\\n"')
    is_421(friend, '4.5.0 text where the greeting was expected; the forced command or smtp-address must '
                   'lead to a mail server, and no shell start-up file may print before it; '
                   'then try: sshsmctl check friend: "Welcome home!"')
    friend = bench.friend("die before greeting\nexit 3")
    is_421(friend, "4.3.0 the forced command ended without a greeting: exit status 3; check command= in "
                   "authorized_keys there; then try: sshsmctl check friend")
    friend = bench.friend()
    os.remove(friend.path("friend.conf"))
    is_421(friend, f"4.3.5 cannot read the configuration: {friend.path('friend.conf')}: No such file or "
                   "directory; make it with "
                   "sshsmctl enrol friend, or let the mail user read it", name="friend: ")
    friend = bench.friend()
    friend.write_pins([])
    is_421(friend, f"4.7.5 no host key is pinned: 127.0.0.1 port {friend.sshd.port} in "
                   f"{friend.path('known_hosts')}; pin the host's key, "
                   "as its owner read it out: sshsmctl trust --add friend")


@case
def a_bad_argument_is_a_greeting_too(bench):
    result = bench.run("-bs", "--no-such", "friend", stdin=b"QUIT\r\n")
    result.replies(75, "421 4.3.5 sshsm: cannot use these arguments: unrecognised option '--no-such'; "
                       "see sshsm --help", "221 2.0.0 sshsm: closing")


@case
def a_line_that_breaks_in_the_middle_is_421(bench):
    lost = ("421 4.4.2 sshsm: friend (127.0.0.1): the connection was lost: the mail server ended the "
            "conversation; the mail waits in the queue")
    doubt = ("421 4.4.2 sshsm: friend (127.0.0.1): no clear answer to the final dot; the message may have "
             "been delivered: the connection was lost: the mail server ended the conversation; the retry "
             "may make a second copy")
    exchanges = [("EHLO here.example", None), *ENVELOPE, (MESSAGE, ACCEPTED)]
    for place, step in enumerate(("EHLO", "MAIL", "RCPT", "DATA", "dot")):
        friend = bench.friend(f"die before {step}")
        talk = greeted(friend, "-bs")
        for command, _ in exchanges[:place]:
            talk.ask(command)
        told = doubt if step == "dot" else lost
        talk.follow((exchanges[place][0], told), ("NOOP", told),
                    ("QUIT", "221 2.0.0 sshsm: friend (127.0.0.1): closing"))
        result = talk.end()
        result.has_status(75)
        bench.rig.compared |= result.causes
        friend.received_nothing()


@case
def a_line_that_breaks_inside_a_reply_gives_no_half_reply(bench):
    friend = bench.friend('raw EHLO "250-sink.example\\r\\n250-PIPELI"\ndie after EHLO')
    talk = greeted(friend, "-bs")
    expect(talk.ask("EHLO here.example"),
           ["421 4.4.2 sshsm: friend (127.0.0.1): the connection was lost: the mail server ended the "
            "conversation; the mail waits in the queue"], "the answer to EHLO")
    talk.end().has_status(75)


@case
def a_mail_server_that_leaves_at_quit_costs_nothing(bench):
    friend = bench.friend("die before QUIT")
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED),
                ("QUIT", "221 2.0.0 sshsm: friend (127.0.0.1): closing"))
    talk.end().has_status(0)


@case
def a_hang_up_of_the_mail_server_is_passed_on(bench):
    friend = bench.friend("reply RCPT 421 4.3.2 going down\ndie after RCPT")
    talk = opened(friend)
    talk.follow(ENVELOPE[0], (ENVELOPE[1][0], "421 4.3.2 going down"),
                ("QUIT", "221 2.0.0 sshsm: friend (127.0.0.1): closing"))
    talk.end().has_status(75)


@case
def the_end_of_input_ends_everything_at_once(bench):
    def is_gone_at_once(talk, status):
        began = time.monotonic()
        result = talk.end(limit=AT_ONCE)
        result.has_status(status)
        expect(time.monotonic() - began < AT_ONCE, True, "gone at once")
        return result

    is_gone_at_once(opened(bench.friend()), 0)
    slow = bench.friend("delay greeting 30")
    result = is_gone_at_once(slow.talk("-bs"), 75)
    result.replies(75, slow.reply_line("421", "4.4.2 the caller ended the session; the mail waits in the "
                                              "queue"))
    silent = bench.faulty_friend("stall-before-banner")
    is_gone_at_once(silent.talk("-bs"), 75)
    for said in range(1, len(ENVELOPE) + 1):
        friend = bench.friend()
        talk = opened(friend)
        talk.follow(*ENVELOPE[:said])
        if said == len(ENVELOPE):
            talk.say(MESSAGE[:-3])
        is_gone_at_once(talk, 75)
        friend.received_nothing()
    friend = bench.friend("stall dot")
    talk = opened(friend)
    talk.follow(*ENVELOPE)
    talk.say(MESSAGE)
    is_gone_at_once(talk, 75)


@case
def a_quit_before_the_end_of_input_is_carried_to_its_answer(bench):
    friend = bench.friend("delay greeting 0.1")
    result = bench.run("--config-dir", friend.directory, "-bs", "friend", stdin=b"QUIT\r\n", limit=AT_ONCE)
    result.replies(0, GREETING, CLOSING)


@case
def words_spoken_too_early_wait_for_their_turn(bench):
    friend = bench.friend("delay greeting 0.2\nwithhold PIPELINING")
    talk = friend.talk("-bs")
    talk.say(b"EHLO x\r\nMAIL FROM:<alice@here.example>\r\nRCPT TO:<bob@friend.example>\r\nDATA\r\n"
             + MESSAGE + b"QUIT\r\n")
    codes = [talk.hear()[-1][:3] for _ in range(7)]
    expect(codes, ["220", "250", "250", "250", "354", "250", "221"], "the answers")
    talk.end().has_status(0)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_large_message_passes_whole(bench):
    text = canonical(LETTER + b"a line of the large message, .\n" * 700000)
    friend = bench.friend()
    talk = opened(friend)
    talk.follow(*ENVELOPE, (text + b".\r\n", ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(0)
    expect(friend.messages() == [text], True, "the message, byte for byte")


@case
def standard_error_is_never_a_reply(bench):
    friend = bench.friend('stderr "550 noise on the far side\\n"')
    talk = friend.talk("-v", "-bs")
    expect(talk.hear(), [GREETING], "the greeting")
    talk.follow(("QUIT", CLOSING))
    result = talk.end()
    result.has_status(0)
    expect(result.stderr, "", "standard error")


@case
def a_signal_ends_it_with_75(bench):
    friend = bench.friend()
    talk = opened(friend)
    os.kill(talk.running.pid, signal.SIGTERM)
    result = talk.end()
    result.has_status(75)
    expect(result.stderr, "", "standard error")


@case
def a_person_at_a_terminal_types_and_reads(bench):
    friend = bench.friend()
    controller, terminal = pty.openpty()
    bench.at_end(lambda: [os.close(number) for number in (controller, terminal)])
    talk = friend.talk("-v", "-bs", stdin=terminal, stdout=terminal, stderr=terminal, on=controller)
    screen = talk.wait_for(b"220 sink.example ESMTP mail sink\r")
    for line, answer in ((b"EHLO here", b"250 ENHANCEDSTATUSCODES\r"),
                         (b"MAIL FROM:<alice@here.example>", b"sender ok\r"),
                         (b"RCPT TO:<bob@friend.example>", b"recipient ok\r"),
                         (b"DATA", b"354 go ahead\r"), (b"Hello Bob.\n.", b"message accepted\r"),
                         (b"QUIT", b"221 2.0.0 closing\r")):
        talk.say(line + b"\n")
        screen = talk.wait_for(answer)
    expect(b"ms > MAIL FROM:<alice@here.example>" in screen, True, "what -v shows on a terminal")
    expect(talk.running.process.wait(20), 0, "the exit status")
    expect(friend.messages(), [b"Hello Bob.\r\n"], "delivered messages")


@case
def a_terminal_that_nobody_reads_does_not_hold_us(bench):
    friend = bench.friend("reply NOOP 250 " + "\\n".join(["x" * 480] * 40))
    controller, terminal = pty.openpty()
    tty.setraw(terminal)
    bench.at_end(lambda: [os.close(number) for number in (controller, terminal)])
    running = bench.start("--config-dir", friend.directory, "-bs", "friend", stdout=terminal)
    running.feed_some(b"NOOP\r\n" * 20)
    bench.pause(1)
    began = bench.now()
    running.feed(b"")
    running.process.wait(10)
    expect(bench.now() - began < AT_ONCE, True, "gone at once")


@case
def a_caller_who_takes_no_replies_is_given_up(bench):
    friend = bench.friend(settings={"timeout": 1})
    running = bench.start("--config-dir", friend.directory, "-bs", "friend")
    try:
        for _ in range(20000):
            running.feed_some(b"NOOP\r\n")
    except BrokenPipeError:
        pass
    expect(running.process.wait(20), 75, "the exit status")
    result = running.finish(None)
    expect("the caller does not listen: takes no replies" in " ".join(result.log), True, f"{result.log}")


@case
def a_caller_is_given_time_for_a_late_answer(bench):
    friend = bench.friend("delay dot 2", settings={"timeout": 1})
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(0)


@case
def the_log_tells_of_a_session_that_was_lost(bench):
    def logs(friend, *exchanges, fate):
        talk = opened(friend)
        for command, _ in exchanges:
            talk.ask(command)
        result = talk.end()
        result.has_status(75)
        expect([line.split(", dsn=")[1] for line in result.log], fate, "the log")

    gone = "4.4.2, status=deferred (the caller ended the session; the mail waits in the queue), class=caller-gone"
    logs(bench.friend(), *ENVELOPE[:1], fate=[gone + ", phase=envelope"])
    logs(bench.friend(), *ENVELOPE, fate=[gone + ", phase=data"])
    lost = ("4.4.2, status=deferred (the connection was lost: the mail server ended the conversation; the "
            "mail waits in the queue), class=connection-lost")
    logs(bench.friend("die before MAIL"), *ENVELOPE[:1], fate=[lost + ", phase=envelope"])
    logs(bench.friend("reply MAIL 421 4.3.2 bye\ndie after MAIL"), *ENVELOPE[:1],
         fate=['4.4.2, status=deferred (the connection was lost: the mail server ended the conversation; '
               'the mail waits in the queue: "421 4.3.2 bye"), class=connection-lost, phase=envelope'])


@case
def the_log_tells_what_became_of_each_recipient(bench):
    friend = bench.friend("reply RCPT <eve@friend.example> 550 5.1.1 no such user")
    talk = opened(friend)
    talk.follow(*ENVELOPE[:2], ("RCPT TO:<eve@friend.example>", "550 5.1.1 no such user"),
                ENVELOPE[2], (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    log = talk.end().log
    relay = f"relay=friend[127.0.0.1]:{friend.sshd.port}, "
    expect([line.split(", delay=")[0] + ", " + line.split(", dsn=")[1] for line in log],
           [f"friend: to=<eve@friend.example>, {relay}5.1.1, status=bounced (550 5.1.1 no such user), "
            "class=reply, phase=envelope",
            f"friend: to=<bob@friend.example>, {relay}2.0.0, status=sent (250 2.0.0 message accepted)"],
           "the log")
