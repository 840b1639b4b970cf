"""A mail server that says no: 69 only where it refused this mail for good, all or nothing."""

from friend import LETTER, ONE, batch, canonical
from registry import case, expect

BOB, CAROL, DAVE = "<bob@friend.example>", "<carol@friend.example>", "<dave@friend.example>"
THREE = batch("<alice@here.example>", [BOB, CAROL, DAVE], LETTER)
# Refusals of class 5 that are our mistake or an administrator's.
NOT_FOR_GOOD = (500, 501, 502, 503, 504, 530, 535, 555)


def refusal(code, recipient, reply):
    return f'{code} the mail server refused {recipient}: "{reply}"'


def delay(code, recipient, reply):
    return f'{code} the mail server does not take now {recipient}: "{reply}"'


def refuses(bench, script, status, *lines, stdin=ONE):
    """Sends, compares status and words, and holds that nobody got anything; gives the friend."""
    friend = bench.friend(script)
    friend.send(stdin).says(status, *(friend.line(line) for line in lines))
    friend.received_nothing()
    return friend


@case
def a_refusal_for_good_at_any_step_is_69(bench):
    for step, offer in (("MAIL", ""), ("RCPT", ""), ("DATA", ""), ("dot", ""),
                        ("dot", "offer CHUNKING\n"), ("RCPT", "offer CHUNKING\n"),
                        ("RCPT", "withhold PIPELINING\n"), ("MAIL", "withhold all\n")):
        refuses(bench, f"{offer}reply {step} 550 5.7.1 not here", 69,
                refusal("5.7.1", BOB, "550 5.7.1 not here"))


@case
def a_refusal_for_now_at_any_step_is_75(bench):
    for step, offer in (("MAIL", ""), ("RCPT", ""), ("DATA", ""), ("dot", ""),
                        ("dot", "offer CHUNKING\n"), ("RCPT", "offer CHUNKING\n"),
                        ("RCPT", "withhold PIPELINING\n"), ("MAIL", "withhold all\n")):
        refuses(bench, f"{offer}reply {step} 451 4.3.2 later", 75,
                delay("4.3.2", BOB, "451 4.3.2 later"))


@case
def a_refusal_that_is_our_own_mistake_is_75(bench):
    for code in NOT_FOR_GOOD:
        for step in ("MAIL", "RCPT", "dot"):
            friend = bench.friend(f"reply {step} {code} 5.5.4 what")
            result = friend.send()
            result.has_status(75)
            expect(result.stderr.startswith("4."), True, f"class 4 in {result.stderr!r}")
            friend.received_nothing()


@case
def one_refused_recipient_of_three_holds_the_message_for_all(bench):
    for offer in ("", "offer CHUNKING\n", "withhold PIPELINING\n"):
        friend = bench.friend(f"{offer}reply RCPT {CAROL} 550 5.1.1 no such user")
        friend.send(THREE).says(69, friend.line(refusal("5.1.1", CAROL, "550 5.1.1 no such user")))
        friend.received_nothing()
        expect(b"DATA" in friend.transcript() or b"BDAT" in friend.transcript(), False,
               "DATA was sent")


@case
def a_recipient_refused_for_now_makes_it_75_beside_one_refused_for_good(bench):
    friend = bench.friend(f"reply RCPT {BOB} 550 5.1.1 no such user\n"
                          f"reply RCPT {CAROL} 450 4.2.1 full")
    # Only what decided is told: carol's 450. The log has a line for each of the three.
    friend.send(THREE).says(75, friend.line(delay("4.2.1", CAROL, "450 4.2.1 full")))
    friend.received_nothing()


@case
def all_recipients_refused_are_all_named(bench):
    refuses(bench, "reply RCPT 550 5.1.1 nobody", 69, refusal("5.1.1", BOB, "550 5.1.1 nobody"),
            refusal("5.1.1", CAROL, "550 5.1.1 nobody"), refusal("5.1.1", DAVE, "550 5.1.1 nobody"),
            stdin=THREE)


@case
def a_server_that_answers_354_all_the_same_delivers_to_nobody(bench):
    friend = bench.friend(f"lax-354\nreply RCPT {BOB} 550 5.1.1 no such user")
    friend.send().says(69, friend.line(refusal("5.1.1", BOB, "550 5.1.1 no such user")))
    friend.received_nothing()
    bench.wait_until(lambda: b"DATA\r\n.\r\n" in friend.transcript(), "a lone dot was sent")
    expect(b"Hello Bob" in friend.transcript(), False, "the message was sent")


@case
def of_several_recipients_one_refused_a_server_with_354_delivers_to_nobody(bench):
    for script in (f"reply RCPT {CAROL} 550 5.1.1 no", "reply RCPT 550 5.1.1 no"):
        friend = bench.friend("lax-354\n" + script)
        friend.send(THREE).has_status(69)
        friend.received_nothing()
        expect(b"Hello Bob" in friend.transcript(), False, "the message was sent")


@case
def only_the_first_refusal_in_protocol_order_counts(bench):
    # MAIL is refused for now; what rode behind it is refused for good, but only for want of a MAIL.
    refuses(bench, "reply MAIL 451 4.3.0 busy\nreply RCPT 550 5.5.1 no MAIL\n"
            "reply DATA 554 5.5.1 no RCPT", 75, delay("4.3.0", BOB, "451 4.3.0 busy"))


@case
def the_message_behind_a_refused_one_is_delivered(bench):
    second = batch("<alice@here.example>", [CAROL], b"Subject: two\n\nx\n")
    for offer in ("", "offer CHUNKING\n", "withhold PIPELINING\n", "lax-354\n"):
        for rule in (f"reply RCPT {BOB}", "reply MAIL #1", "reply dot #1"):
            friend = bench.friend(f"{offer}{rule} 550 5.7.1 no")
            friend.send(ONE + second).says(69, friend.line(refusal("5.7.1", BOB, "550 5.7.1 no")))
            expect(friend.messages(), [b"Subject: two\r\n\r\nx\r\n"], "delivered messages")


@case
def deferred_beats_refused_beats_accepted(bench):
    messages = [batch("<a@b.example>", [f"<r{n}@friend.example>"], LETTER) for n in range(3)]
    friend = bench.friend("reply RCPT <r0@friend.example> 550 5.1.1 no\n"
                          "reply RCPT <r1@friend.example> 451 4.3.0 later")
    result = friend.send(b"".join(messages))
    result.has_status(75)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")
    expect([line[:2] for line in result.stderr.splitlines()], ["4.", "4."], "classes of the lines")


@case
def a_refusal_of_several_lines_is_one_line(bench):
    refuses(bench, r"reply RCPT 550 5.1.1 no such user\nsee https://friend.example", 69,
            refusal("5.1.1", BOB, "550 5.1.1 no such user see https://friend.example"))


@case
def a_refusal_without_an_enhanced_code_gets_one(bench):
    refuses(bench, "withhold ENHANCEDSTATUSCODES\nreply RCPT 550 no such user", 69,
            refusal("5.0.0", BOB, "550 no such user"))


@case
def hostile_words_of_a_server_are_made_harmless(bench):
    friend = bench.friend(r"reply RCPT 550 5.1.1 \x1b[31mred\x07 \xff" + "y" * 600)
    result = friend.send()
    result.has_status(69)
    expect(all(" " <= c <= "~" or c == "\n" for c in result.stderr), True, "printable")
    expect(max(map(len, result.stderr.splitlines())) <= 500, True, "at most 500 octets")


@case
def a_thousand_refused_recipients_are_told_in_two_kilobytes(bench):
    recipients = [f"<person{n}@friend.example>" for n in range(1000)]
    friend = bench.friend("reply RCPT 550 5.1.1 nobody of that name")
    result = friend.send(batch("<a@b.example>", recipients, LETTER))
    result.has_status(69)
    expect(len(result.stderr) <= 2048, True, "at most 2048 octets")
    lines = result.stderr.splitlines()
    told = len(lines) - 1
    expect(lines[-1].endswith(f"and {1000 - told} more"), True, f"the last line {lines[-1]!r}")


@case
def a_strict_server_takes_the_mail(bench):
    friend = bench.friend("strict\ndelay greeting 0.3\ndelay EHLO 0.3")
    friend.send().is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")
