"""Faults of the line and of the far command: the mail waits, and the words say where it broke."""

import time

from fault_proxy import FaultProxy
from friend import LETTER, ONE, batch, canonical
from registry import case, expect

REMEDY_WAITS = "the mail waits in the queue"
MAYBE = "no clear answer to the final dot; the message may have been delivered"


@case
def a_command_that_does_not_exist_is_named(bench):
    friend = bench.friend(command="/nonexistent/sendmail -bs")
    friend.send().matches(75, r"4\.3\.0 sshsm: friend \(127\.0\.0\.1\): the forced command ended "
                          r"without a greeting: exit status 127; check command= in authorized_keys "
                          r'there; '
                          r'then try: sshsmctl check friend: ".*/nonexistent/sendmail: No such file or directory.*"')


@case
def a_command_that_ends_in_peace_without_a_greeting_is_no_mail_server(bench):
    friend = bench.friend("die before greeting")
    friend.send().says(75, friend.line("4.4.2 no greeting from the mail server: the forced command "
                                       "ended; check that the forced command is sendmail -bs; "
                                       "then try: sshsmctl check friend"))


@case
def a_command_that_ends_without_a_greeting_is_told_with_its_status(bench):
    for status in (1, 17, 255):
        friend = bench.friend(f"die before greeting\nexit {status}")
        friend.send().says(75, friend.line("4.3.0 the forced command ended without a greeting: exit "
                                           f"status {status}; check command= in authorized_keys there; "
                                           "then try: sshsmctl check friend"))


@case
def the_last_words_of_a_command_are_quoted(bench):
    friend = bench.friend('stderr "sendmail: fatal: not allowed to submit mail\\n"\n'
                          "die before greeting\nexit 75")
    friend.send().says(75, friend.line(
        "4.3.0 the forced command ended without a greeting: exit status 75; check command= in "
        'authorized_keys there; '
        'then try: sshsmctl check friend: "sendmail: fatal: not allowed to submit mail"'))


@case
def a_command_that_dies_by_a_signal_is_told(bench):
    friend = bench.friend("die before greeting\nsignal 11")
    # A shell that did not exec the command says it in its own way.
    friend.send().matches(75, r"4\.3\.0 sshsm: friend \(127\.0\.0\.1\): the forced command ended without a "
                          r"greeting: (killed by signal SEGV|exit status 139); check command= in "
                          r'authorized_keys there; '
                          r'then try: sshsmctl check friend(: ".*Segmentation fault.*")?')


@case
def text_before_the_greeting_is_quoted_and_explained(bench):
    for noise in ("Welcome to friend.example\\r\\n", "This account is currently not available.\\n"):
        friend = bench.friend(f'print-before-greeting "{noise}"')
        shown = noise.replace("\\r", "").replace("\\n", "")
        friend.send().says(75, friend.line(
            "4.5.0 text where the greeting was expected; the forced command or smtp-address must "
            'lead to a mail server, and no shell start-up file may print before it; '
            f'then try: sshsmctl check friend: "{shown}"'))
        friend.received_nothing()


@case
def a_login_shell_that_only_says_goodbye_is_told(bench):
    friend = bench.friend(command="echo This account is currently not available.; exit 1")
    friend.send().matches(75, r"4\.[35]\.0 sshsm: friend \(127\.0\.0\.1\): .*"
                          r'"This account is currently not available\."')


@case
def a_greeting_that_refuses_is_75_whatever_its_class(bench):
    for greeting in ("554 5.7.1 go away", "421 4.3.2 busy"):
        friend = bench.friend(f"reply greeting {greeting}")
        friend.send().says(75, friend.line("4.3.2 the mail server takes no mail now; "
                                           f'{REMEDY_WAITS}: "{greeting}"'))


@case
def a_server_that_refuses_ehlo_and_helo_is_75(bench):
    friend = bench.friend("reply EHLO 550 5.7.1 no\nreply HELO 550 5.7.1 never")
    friend.send().says(75, friend.line("4.5.0 the mail server refused EHLO and HELO; check helo; "
                                       "then try: sshsmctl check friend: "
                                       '"550 5.7.1 never"'))


@case
def what_is_no_reply_is_quoted(bench):
    for raw in (r"25\r\n", r"250:hello\r\n", r"abc def\r\n", r"\r\n", r"999 x\r\n",
                r"250-a\r\n251 b\r\n"):
        friend = bench.friend(f'raw MAIL "{raw}"')
        result = friend.send()
        result.has_status(75)
        expect(result.stderr.startswith(friend.line("4.5.0 not an SMTP reply")), True,
               f"{raw}: {result.stderr!r}")
        friend.received_nothing()


@case
def a_reply_without_an_end_is_cut_off(bench):
    friend = bench.friend('raw MAIL "250 ' + "x" * 200000 + '"\nstall RCPT', settings={"timeout": "5"})
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.5.0 not an SMTP reply")), True, result.stderr)


@case
def a_reply_out_of_place_ends_the_session(bench):
    friend = bench.friend('raw EHLO "250 ok\\r\\n250 and another\\r\\n"')
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.5.0 a reply out of place")), True, result.stderr)


@case
def a_reply_of_class_3_to_mail_is_out_of_place(bench):
    friend = bench.friend("reply MAIL 354 go on")
    result = friend.send()
    result.has_status(75)
    friend.received_nothing()


@case
def a_server_that_dies_at_a_step_leaves_the_mail_here(bench):
    for step in ("EHLO", "MAIL", "RCPT", "DATA"):
        for offer in ("", "withhold PIPELINING\n"):
            friend = bench.friend(f"{offer}die before {step}")
            result = friend.send()
            result.has_status(75)
            expect(result.stderr.startswith(friend.line("4.4.2 the connection was lost")), True,
                   f"{step}: {result.stderr!r}")
            expect("may have been delivered" in result.stderr, False, f"{step}: {result.stderr!r}")
            friend.received_nothing()
    friend = bench.friend("die after greeting")
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.4.2 the connection was lost")), True, result.stderr)


@case
def a_server_that_dies_inside_the_message_leaves_the_mail_here(bench):
    text = b"Subject: big\n\n" + b"x" * 70 + b"\n" + (b"y" * 70 + b"\n") * 60000
    for offer in ("", "offer CHUNKING\n"):
        friend = bench.friend(f"{offer}die inside 200000")
        result = friend.send(batch("<a@b.example>", ["<c@d.example>"], text))
        result.has_status(75)
        friend.received_nothing()


@case
def a_server_that_takes_the_mail_and_drops_the_line_is_told_as_maybe(bench):
    for offer in ("", "offer CHUNKING\n", "withhold PIPELINING\n"):
        friend = bench.friend(f"{offer}drop after dot")
        result = friend.send()
        result.has_status(75)
        expect(result.stderr.startswith(friend.line("4.4.2 " + MAYBE)), True, result.stderr)
        expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_server_that_dies_before_it_takes_the_mail_is_told_as_maybe_too(bench):
    friend = bench.friend("die before dot")
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.4.2 " + MAYBE)), True, result.stderr)


@case
def of_three_messages_the_second_lost_the_first_is_not_taken_back(bench):
    friend = bench.friend("die before MAIL #2")
    result = friend.send(ONE * 3)
    result.has_status(75)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_421_in_the_middle_leaves_the_mail_here(bench):
    for step in ("MAIL", "RCPT", "DATA", "dot"):
        friend = bench.friend(f"reply {step} 421 4.3.2 shutting down\ndie after {step}")
        friend.send().says(75, friend.line("4.3.2 the mail server does not take now "
                                           '<bob@friend.example>: "421 4.3.2 shutting down"'))
        friend.received_nothing()


@case
def a_421_to_the_first_of_two_messages_keeps_both(bench):
    friend = bench.friend("reply MAIL 421 4.3.2 shutting down\ndie after MAIL")
    friend.send(ONE + ONE).says(
        75,
        friend.line('4.3.2 the mail server does not take now <bob@friend.example>: "421 4.3.2 '
                    'shutting down"'),
        friend.line("4.4.2 the connection was lost; the mail waits in the queue: "
                    '"421 4.3.2 shutting down"'))
    friend.received_nothing()


@case
def a_line_lost_behind_a_refusal_for_good_keeps_the_rest(bench):
    """69 would tell the mail server to bounce what was never sent."""
    friend = bench.friend("reply RCPT 550 5.1.1 no such user\ndie after RSET")
    running = friend.start()
    running.feed_some(ONE)
    time.sleep(1)
    running.feed(ONE)
    running.finish(None).has_status(75)
    friend.received_nothing()
    friend.send(ONE).says(69, friend.line('5.1.1 the mail server refused <bob@friend.example>: '
                                          '"550 5.1.1 no such user"'))


@case
def a_server_that_says_nothing_is_given_up_in_time(bench):
    friend = bench.friend("stall greeting", settings={"greeting-timeout": "2"})
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.4.2 no answer in time: the greeting; ")), True,
           result.stderr)
    expect(1.5 < result.seconds < 4, True, f"after {result.seconds} s")


@case
def a_server_that_stalls_at_a_step_is_given_up_in_time(bench):
    for step in ("EHLO", "MAIL", "RCPT", "DATA"):
        friend = bench.friend(f"stall {step}", settings={"timeout": "1"})
        result = friend.send()
        result.has_status(75)
        expect(result.stderr.startswith(friend.line("4.4.2 no answer in time")), True,
               f"{step}: {result.stderr!r}")
        expect(result.seconds < 4, True, f"{step}: after {result.seconds} s")


@case
def a_server_that_stops_reading_the_message_is_given_up_in_time(bench):
    text = b"Subject: big\n\n" + (b"y" * 70 + b"\n") * 120000
    for offer in ("", "offer CHUNKING\n"):
        friend = bench.friend(f"{offer}stall inside 100000",
                              settings={"timeout": "2", "dot-timeout": "3"})
        result = friend.send(batch("<a@b.example>", ["<c@d.example>"], text))
        result.has_status(75)
        friend.received_nothing()
        expect(result.seconds < 8, True, f"after {result.seconds} s")


@case
def a_server_that_does_not_answer_the_dot_is_given_up_in_time(bench):
    friend = bench.friend("stall dot", settings={"dot-timeout": "2", "timeout": "30"})
    result = friend.send()
    result.has_status(75)
    expect("may have been delivered" in result.stderr, True, result.stderr)
    expect(1.5 < result.seconds < 5, True, f"after {result.seconds} s")


@case
def a_batch_that_takes_too_long_sends_no_more_dots(bench):
    friend = bench.friend("delay MAIL 3", settings={"batch-timeout": "2"})
    result = friend.send()
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.4.7 the batch takes too long")), True, result.stderr)
    friend.received_nothing()


@case
def a_batch_that_never_comes_is_given_up_in_time(bench):
    friend = bench.friend(settings={"batch-timeout": "2"})
    running = friend.start()
    bench.wait_until(lambda: running.process.poll() is not None, "sshsm ended", 8)
    running.finish(None).has_status(75)
    friend.received_nothing()


@case
def a_line_cut_anywhere_delivers_or_defers(bench):
    friend = bench.friend()
    with FaultProxy(friend.sshd.port) as honest:
        friend.settings["port"] = str(honest.port)
        friend.write_configuration()
        friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
        friend.send().is_accepted()
        total = dict(honest.passed)
    delivered = len(friend.messages())
    for way in ("up", "down"):
        for place in range(0, total[way], max(1, total[way] // 20)):
            with FaultProxy(friend.sshd.port, way, cut_at=place) as proxy:
                friend.settings["port"] = str(proxy.port)
                friend.write_configuration()
                result = friend.send()
            now = len(friend.messages())
            if result.status == 0:
                expect(now, delivered + 1, f"cut {way} at {place}: messages after status 0")
            else:
                result.has_status(75)
                if now > delivered:
                    expect("may have been delivered" in result.stderr, True,
                           f"cut {way} at {place}: {result.stderr!r}")
            delivered = now


@case(long=True)
def a_line_reset_or_stalled_anywhere_delivers_or_defers(bench):
    friend = bench.friend(settings={"connect-timeout": "2", "greeting-timeout": "3", "timeout": "2",
                                    "dot-timeout": "2"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    for fault in ("reset_at", "stall_at"):
        for way in ("up", "down"):
            for place in range(10, 3600, 600):
                with FaultProxy(friend.sshd.port, way, **{fault: place}) as proxy:
                    friend.settings["port"] = str(proxy.port)
                    friend.write_configuration()
                    before = len(friend.messages())
                    result = friend.send()
                    if result.status == 0:
                        expect(len(friend.messages()), before + 1, f"{fault} {way} {place}")
                    else:
                        result.has_status(75)


@case
def a_flipped_bit_is_never_delivered(bench):
    text = b"Subject: bits\n\n" + (b"z" * 70 + b"\n") * 300
    for ciphers in ("chacha20-poly1305@openssh.com", "aes256-ctr", "aes128-ctr"):
        friend = bench.friend(settings={"ciphers": ciphers, "timeout": "3", "dot-timeout": "3"})
        friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
        for way, place in (("up", 9000), ("up", 20000), ("down", 2600)):
            with FaultProxy(friend.sshd.port, way, flip_at=place) as proxy:
                friend.settings["port"] = str(proxy.port)
                friend.write_configuration()
                result = friend.send(batch("<a@b.example>", ["<c@d.example>"], text))
            if result.status == 0 and proxy.passed[way] <= place:
                continue
            result.has_status(75)
            friend.received_nothing()


@case
def a_line_in_small_pieces_delivers(bench):
    friend = bench.friend()
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    for pieces in (1, 7, 100):
        with FaultProxy(friend.sshd.port, pieces=pieces) as proxy:
            friend.settings["port"] = str(proxy.port)
            friend.write_configuration()
            friend.send().is_accepted()


@case
def a_line_that_goes_silent_is_noticed(bench):
    friend = bench.friend("delay MAIL 30", settings={"server-alive-interval": "1",
                                                     "server-alive-count-max": "2"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    with FaultProxy(friend.sshd.port) as proxy:
        friend.settings["port"] = str(proxy.port)
        friend.write_configuration()
        running = friend.start()
        running.feed(ONE)
        bench.wait_until(lambda: b"MAIL" in friend.transcript(), "the mail server heard MAIL")
        proxy.freeze()
        bench.pause(1)
        began = bench.now()
        result = running.finish(None, limit=20)
        expect(bench.now() - began < 8, True, "it was noticed in time")
    result.has_status(75)
    friend.received_nothing()
