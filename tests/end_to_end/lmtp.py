"""--lmtp: LMTP on standard input and output, as Exim's lmtp transport and Postfix's spawn(8) call it."""

from friend import LETTER, canonical
from registry import case, expect

GREETING = "LMTP sshsm: friend (127.0.0.1): ready"
OFFERS = ["250-here.example", "250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250-8BITMIME",
          "250 SIZE 52428800"]
SENDER_OK = "250 2.1.0 <alice@here.example> sender ok"
GO_AHEAD = "354 end the message with a dot"
ACCEPTED = "250 2.0.0 message accepted"
CLOSING = "221 2.0.0 sshsm: friend (127.0.0.1): closing"
MESSAGE = canonical(LETTER) + b".\r\n"
MAIL = "MAIL FROM:<alice@here.example>"
LOST = "the connection was lost: the mail server ended the conversation; the mail waits in the queue"
# A loaded machine may be late; what would not end at all takes minutes.
AT_ONCE = 4


def rcpt(name):
    return f"RCPT TO:<{name}@friend.example>"


def rcpt_ok(name):
    return f"250 2.1.5 <{name}@friend.example> recipient ok"


ENVELOPE = ((MAIL, SENDER_OK), (rcpt("bob"), rcpt_ok("bob")), ("DATA", GO_AHEAD))


def befriended(bench, script="", **settings):
    return bench.friend(script, settings={"helo": "here.example", **settings})


def greeted(friend):
    talk = friend.talk("--lmtp")
    expect(talk.hear(), ["220 here.example " + GREETING], "the greeting")
    return talk


def opened(friend):
    talk = greeted(friend)
    expect(talk.ask("LHLO client.example"), OFFERS, "the answer to LHLO")
    return talk


def sessions(friend):
    """What the mail server received, session by session."""
    return [b"EHLO" + text for text in friend.transcript().split(b"EHLO")[1:]]


@case
def a_message_goes_to_one_recipient_octet_by_octet(bench):
    friend = befriended(bench)
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    result = talk.end()
    result.has_status(0)
    expect(result.stderr, "", "standard error")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")
    expect(friend.transcript_to(b"QUIT\r\n"), b"EHLO here.example\r\nMAIL FROM:<alice@here.example>\r\n"
           b"RCPT TO:<bob@friend.example>\r\nDATA\r\n" + MESSAGE + b"QUIT\r\n", "the transcript")


@case
def every_recipient_has_his_own_answer(bench):
    for offer in ("", "offer CHUNKING", "withhold PIPELINING"):
        friend = befriended(bench, offer + "\nreply RCPT <eve@friend.example> 550 5.1.1 no such user")
        talk = opened(friend)
        talk.say("\r\n".join([MAIL, rcpt("bob"), rcpt("eve"), rcpt("carol"), "DATA", ""]))
        expect([talk.hear() for _ in range(5)],
               [[SENDER_OK], [rcpt_ok("bob")], ["550 5.1.1 no such user"], [rcpt_ok("carol")], [GO_AHEAD]],
               "the answers to a group")
        talk.say(MESSAGE)
        expect([talk.hear(), talk.hear()], [[ACCEPTED], [ACCEPTED]], "the answers to the message")
        talk.follow(("QUIT", CLOSING))
        result = talk.end()
        result.has_status(0)
        expect(friend.messages(), [canonical(LETTER)], "delivered messages")
        expect([line for line in friend.mbox().split(b"\n") if line.startswith(b"X-Envelope-To: ")],
               [b"X-Envelope-To: <bob@friend.example>", b"X-Envelope-To: <carol@friend.example>"],
               "the recipients")


@case
def lines_that_end_in_lf_and_bare_line_ends_arrive_whole(bench):
    friend = befriended(bench)
    talk = greeted(friend)
    expect(talk.ask("LHLO client.example", "\n"), OFFERS, "the answer to LHLO")
    for command, answer in ENVELOPE:
        expect(talk.ask(command, "\n"), [answer], command)
    expect(talk.ask(b"one\r.\rtwo\n..\nMAIL FROM:<evil@e.example>\n.\n"), [ACCEPTED], "the message")
    expect(talk.ask("QUIT", "\n"), [CLOSING], "QUIT")
    talk.end().has_status(0)
    expect(friend.messages(), [b"one\r\n.\r\ntwo\r\n.\r\nMAIL FROM:<evil@e.example>\r\n"],
           "delivered messages")


@case
def only_what_the_mail_server_offers_is_offered(bench):
    friend = befriended(bench, "withhold all\noffer DSN\noffer SMTPUTF8\noffer STARTTLS\noffer CHUNKING\n"
                               "offer AUTH PLAIN")
    talk = greeted(friend)
    expect(talk.ask("LHLO client.example"), OFFERS[:4] + ["250-DSN", "250 SMTPUTF8"], "the answer to LHLO")
    talk.follow(("EHLO client.example", "500 5.5.1 sshsm: friend (127.0.0.1): this is LMTP: say LHLO"),
                ("STARTTLS", "502 5.5.1 sshsm: friend (127.0.0.1): this command is not supported"),
                ("DATA", "503 5.5.1 sshsm: friend (127.0.0.1): no recipient was accepted"),
                ("QUIT", CLOSING))
    talk.end().has_status(75)


@case
def a_parameter_that_is_not_offered_is_451_with_a_reason(bench):
    friend = befriended(bench)
    talk = opened(friend)
    line = friend.reply_line("451", "4.6.3 the mail server does not offer what this message needs: SMTPUTF8; "
                                    "send it another way")
    talk.follow((MAIL + " SMTPUTF8", line), (MAIL + " SIZE=100 RET=HDRS", SENDER_OK), ("QUIT", CLOSING))
    talk.end().has_status(0)


@case
def a_host_that_allows_one_session_at_a_time_gives_the_next_channel(bench):
    friend = bench.friend(sshd=bench.sshd(["MaxSessions 1"]), afterwards="; sleep 0.3",
                          settings={"helo": "here.example", "messages-per-session": "1"})
    talk = opened(friend)
    for _ in range(3):
        talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED))
    talk.follow(("QUIT", CLOSING))
    talk.end().has_status(0)
    expect(len(friend.messages()), 3, "delivered messages")


@case
def mistakes_of_administrators_become_451(bench):
    exchanges = [*ENVELOPE[:2], (MESSAGE, ACCEPTED)]
    for step, name, place in (("MAIL", "MAIL", 1), ("RCPT", "RCPT", 1), ("DATA", "the message", 3),
                              ("dot", "the message", 3)):
        friend = befriended(bench, f"reply {step} 530 5.7.0 log in first")
        talk = opened(friend)
        told = friend.reply_line("451", f"4.7.0 the mail server rejected a command for no fault of the mail: "
                                        f'{name}; check the mail server there: "530 5.7.0 log in first"')
        said = [*ENVELOPE, exchanges[2]]
        if step == "MAIL":
            said[0] = (said[0][0], friend.reply_line(
                "250", "2.1.0 the mail server's refusal comes with each recipient"))
        talk.follow(*said[:place], (said[place][0], told), ("QUIT", CLOSING))
        talk.end().has_status(75 if place == 3 else 0)


@case
def a_failure_is_the_greeting_and_quit_is_answered(bench):
    def is_421(friend, rest):
        talk = friend.talk("--lmtp")
        line = friend.reply_line("421", rest)
        expect(talk.hear(), [line], "the greeting")
        talk.follow(("LHLO client.example", line), ("QUIT", CLOSING))
        talk.end().replies(75, line, line, CLOSING)

    is_421(befriended(bench, "reply greeting 554 5.3.2 no mail for you"),
           '4.3.2 the mail server takes no mail now; the mail waits in the queue: "554 5.3.2 no mail for you"')
    is_421(befriended(bench, 'print-before-greeting "Welcome home!\\r\\n"'),
           '4.5.0 text where the greeting was expected; the forced command or smtp-address must lead to a '
           'mail server, and no shell start-up file may print before it; '
           'then try: sshsmctl check friend: "Welcome home!"')
    is_421(befriended(bench, "die before greeting\nexit 3"),
           "4.3.0 the forced command ended without a greeting: exit status 3; check command= in "
           "authorized_keys there; then try: sshsmctl check friend")
    friend = befriended(bench, "reply EHLO 501 5.5.4 what?\nreply HELO 501 5.5.4 what?")
    is_421(friend, '4.5.0 the mail server refused EHLO and HELO; check helo; '
                   'then try: sshsmctl check friend: "501 5.5.4 what?"')
    friend = befriended(bench)
    friend.write_pins([])
    talk = friend.talk("--lmtp")
    talk.say("QUIT\r\n")
    talk.end().replies(75, friend.reply_line(
        "421", f"4.7.5 no host key is pinned: 127.0.0.1 port {friend.sshd.port} in "
               f"{friend.path('known_hosts')}; pin the host's key, "
               "as its owner read it out: sshsmctl trust --add friend"), CLOSING)


@case
def a_line_that_breaks_before_the_message_is_421(bench):
    for place, step in enumerate(("MAIL", "RCPT")):
        friend = befriended(bench, f"die before {step}")
        talk = opened(friend)
        told = friend.reply_line("421", "4.4.2 " + LOST)
        talk.follow(*ENVELOPE[:place], (ENVELOPE[place][0], told), ("NOOP", told), ("QUIT", CLOSING))
        talk.end().has_status(75)


@case
def a_line_that_breaks_in_the_message_is_451_for_each(bench):
    doubt = ("4.4.2 no clear answer to the final dot; the message may have been delivered: the connection was "
             "lost: the mail server ended the conversation; the retry may make a second copy")
    for script, reason in (("die before DATA", "4.4.2 " + LOST), ("die after DATA", None),
                           ("die before dot", doubt), ("drop after dot", doubt),
                           ("offer CHUNKING\ndie before dot", doubt)):
        friend = befriended(bench, script)
        talk = opened(friend)
        talk.follow(*ENVELOPE[:2], (rcpt("carol"), rcpt_ok("carol")), ENVELOPE[2])
        talk.say(MESSAGE)
        lines = [talk.hear(), talk.hear()]
        # Behind 354 it depends on the moment whether the dot was on its way.
        reasons = [reason] if reason else ["4.4.2 " + LOST, doubt]
        expect(lines in [[[friend.reply_line("451", one)]] * 2 for one in reasons], True, f"{lines}")
        talk.follow(("QUIT", CLOSING))
        result = talk.end()
        result.has_status(75)
        bench.rig.compared |= result.causes
        expect(len(friend.messages()), 1 if script == "drop after dot" else 0, "delivered messages")


@case
def a_hang_up_of_the_mail_server_is_passed_on(bench):
    friend = befriended(bench, "reply RCPT 421 4.3.2 going down\ndie after RCPT")
    talk = opened(friend)
    talk.follow(ENVELOPE[0], (ENVELOPE[1][0], "421 4.3.2 going down"), ("QUIT", CLOSING))
    talk.end().has_status(75)


@case
def several_messages_share_a_channel_until_it_is_used_up(bench):
    friend = befriended(bench, **{"messages-per-session": "2"})
    talk = opened(friend)
    for number in range(5):
        talk.follow(*ENVELOPE, (b"%d\r\n.\r\n" % number, ACCEPTED), ("RSET", friend.reply_line(
            "250", "2.0.0 reset")))
    talk.follow(("QUIT", CLOSING))
    talk.end().has_status(0)
    expect(friend.messages(), [b"%d\r\n" % number for number in range(5)], "delivered messages")
    friend.transcript_to(b"QUIT\r\n")
    expect([text.count(b"DATA") for text in sessions(friend)], [2, 2, 1], "messages in each session")


@case
def a_channel_that_ends_between_messages_is_replaced_silently(bench):
    for script in ("die after dot", "reply dot #1 250 2.0.0 message accepted\ndie after dot",
                   "raw dot \"250 2.0.0 message accepted\\r\\n421 4.4.2 timeout\\r\\n\"\ndie after dot"):
        friend = befriended(bench, script)
        talk = opened(friend)
        for number in range(3):
            talk.follow(*ENVELOPE, (b"%d\r\n.\r\n" % number, ACCEPTED))
            bench.pause(0.1)
        talk.follow(("NOOP", friend.reply_line("250", "2.0.0 here")), ("QUIT", CLOSING))
        talk.end().has_status(0)
        expect(friend.messages(), [b"0\r\n", b"1\r\n", b"2\r\n"], "delivered messages")
        expect([text.count(b"DATA") for text in sessions(friend)], [1, 1, 1], "messages in each session")


@case
def a_refused_message_leaves_the_session_good(bench):
    friend = befriended(bench, "reply dot #1 554 5.7.1 spam\nreply DATA #2 451 4.3.0 later")
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, "554 5.7.1 spam"), *ENVELOPE, (MESSAGE, "451 4.3.0 later"),
                *ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(75)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def the_end_of_input_ends_everything_at_once(bench):
    def is_gone_at_once(talk, status):
        began = bench.now()
        result = talk.end(limit=AT_ONCE)
        result.has_status(status)
        expect(bench.now() - began < AT_ONCE, True, "gone at once")
        return result

    is_gone_at_once(opened(befriended(bench)), 0)
    slow = befriended(bench, "delay greeting 30")
    result = is_gone_at_once(slow.talk("--lmtp"), 75)
    result.replies(75, slow.reply_line("421", "4.4.2 the caller ended the session; the mail waits in the "
                                              "queue"))
    silent = bench.faulty_friend("stall-before-banner")
    is_gone_at_once(silent.talk("--lmtp"), 75)
    for said in range(1, len(ENVELOPE) + 1):
        friend = befriended(bench)
        talk = opened(friend)
        talk.follow(*ENVELOPE[:said])
        if said == len(ENVELOPE):
            talk.say(MESSAGE[:-3])
        is_gone_at_once(talk, 75)
        friend.received_nothing()
        expect(b"DATA" in friend.transcript(), False, "DATA was sent")
    friend = befriended(bench, "stall dot")
    talk = opened(friend)
    talk.follow(*ENVELOPE)
    talk.say(MESSAGE)
    is_gone_at_once(talk, 75)


@case
def a_message_of_2_mb_streams_and_cut_in_the_middle_is_never_completed(bench):
    text = b"Subject: large\r\n\r\n" + b"a line of the large message, and a dot .\r\n" * 50000
    for script in ("", "offer CHUNKING", "offer CHUNKING\nwithhold PIPELINING"):
        friend = befriended(bench, script)
        talk = opened(friend)
        talk.follow(*ENVELOPE, (text + b".\r\n", ACCEPTED), ("QUIT", CLOSING))
        talk.end().has_status(0)
        expect(friend.messages() == [text], True, "the message, octet for octet")
        friend = befriended(bench, script)
        talk = opened(friend)
        talk.follow(*ENVELOPE)
        talk.say(text)
        bench.wait_until(lambda: len(friend.transcript()) > 500000, "the message streams")
        talk.end(limit=AT_ONCE).has_status(75)
        bench.pause(0.2)
        friend.received_nothing()
        expect(b"LAST" in friend.transcript() or friend.transcript().endswith(b"\r\n.\r\n"), False,
               "the message was completed")


@case
def a_message_that_is_refused_in_the_middle_is_told_at_its_end(bench):
    text = b"a line of the large message\r\n" * 80000
    friend = befriended(bench, "offer CHUNKING\nreply BDAT 552 5.3.4 too big")
    talk = opened(friend)
    talk.follow(*ENVELOPE, (text + b".\r\n", "552 5.3.4 too big"), ("QUIT", CLOSING))
    talk.end().has_status(75)
    friend.received_nothing()


@case
def a_silent_caller_is_told_421(bench):
    for said in range(len(ENVELOPE) + 1):
        friend = befriended(bench, **{"idle-timeout": "1"})
        talk = opened(friend)
        talk.follow(*ENVELOPE[:said])
        line = friend.reply_line("421", "4.4.2 no answer in time: the caller said nothing for 1 s; the mail "
                                        "waits in the queue")
        expect(talk.hear(), [line], "the last word")
        talk.follow(("QUIT", CLOSING))
        talk.end().has_status(75)
        friend.received_nothing()


@case
def waiting_for_the_mail_server_is_no_silence_of_the_caller(bench):
    friend = befriended(bench, "delay RCPT 1.5\ndelay dot 1.5", **{"idle-timeout": "1"})
    talk = opened(friend)
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED), ("QUIT", CLOSING))
    talk.end().has_status(0)


@case
def a_mail_server_that_does_not_answer_is_given_up(bench):
    friend = befriended(bench, "stall RCPT", timeout="1")
    talk = opened(friend)
    talk.follow(ENVELOPE[0], (ENVELOPE[1][0], friend.reply_line(
        "421", "4.4.2 no answer in time: the answer to a command; the mail waits in the queue")),
        ("QUIT", CLOSING))
    talk.end().has_status(75)


@case
def the_log_tells_what_became_of_each_recipient(bench):
    friend = befriended(bench, "reply RCPT <eve@friend.example> 550 5.1.1 no such user")
    talk = opened(friend)
    talk.follow(*ENVELOPE[:2], (rcpt("eve"), "550 5.1.1 no such user"), (rcpt("carol"), rcpt_ok("carol")),
                ENVELOPE[2])
    talk.say(MESSAGE)
    expect([talk.hear(), talk.hear()], [[ACCEPTED], [ACCEPTED]], "the answers to the message")
    talk.follow(("QUIT", CLOSING))
    log = talk.end().log
    relay = f"relay=friend[127.0.0.1]:{friend.sshd.port}, "
    sent = "2.0.0, status=sent (250 2.0.0 message accepted)"
    expect([line.split(", delay=")[0] + ", " + line.split(", dsn=")[1] for line in log],
           [f"friend: to=<eve@friend.example>, {relay}5.1.1, status=bounced (550 5.1.1 no such user), "
            "class=reply, phase=envelope",
            f"friend: to=<bob@friend.example>, {relay}{sent}",
            f"friend: to=<carol@friend.example>, {relay}{sent}"], "the log")


@case
def standard_error_is_never_a_reply(bench):
    friend = befriended(bench, 'stderr "550 noise on the far side\\n"')
    talk = friend.talk("-v", "--lmtp")
    expect(talk.hear(), ["220 here.example " + GREETING], "the greeting")
    talk.follow(("QUIT", CLOSING))
    result = talk.end()
    result.has_status(0)
    expect(result.stderr, "", "standard error")
