"""Mail servers that mean harm, in every mode and through the keeper: what they say without end costs no
memory, what they say out of turn delivers nothing twice and loses nothing, and each is told in a sentence."""

import sys

from friend import LETTER, canonical
from keeper_rig import KeptFriend
from registry import case, expect

# Of the most that a run ever has resident; the gigabyte that it is told would not fit.
MOST_KILOBYTES = 40000
# Ends as its child does, whose greatest resident size it writes down.
MEASURE = """import os, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
os._exit(status)
"""
THOUSAND = "x" * 1000
PARTS = ("MAIL FROM:<alice@here.example>", "RCPT TO:<bob@friend.example>", "DATA", canonical(LETTER) + b".\r\n")

SHELL = ("; the forced command or smtp-address must lead to a mail server, and no shell start-up file may print before "
         "it; then try: sshsmctl check friend: ")
NO_REPLY = "4.5.0 not an SMTP reply"
CHECK = "; check the forced command or smtp-address there; then try: sshsmctl check friend: "
NO_GREETING = "4.5.0 text where the greeting was expected"
OUT_OF_PLACE = "4.5.0 a reply out of place: {}; check the mail server there: "
DOUBT = "4.4.2 no clear answer to the final dot; the message may have been delivered: "
TWICE = "; the retry may make a second copy: "
LINE, REPLY = ": a line is too long", ": a reply is too long"

# (script, the sentence up to what the mail server said, that)
ENDLESS = (
    (f'flood greeting 1000000 "{THOUSAND}"', NO_GREETING + LINE + SHELL, "xxx"),
    ('flood greeting 100000 "220-hello\\r\\n"', NO_GREETING + REPLY + SHELL, "220-hello"),
    (f'flood EHLO 1000000 "{THOUSAND}"', NO_REPLY + LINE + CHECK, "xxx"),
    ('flood EHLO 100000 "250-X\\r\\n"', NO_REPLY + REPLY + CHECK, "250-X"),
    (f'flood MAIL 1000000 "{THOUSAND}"', NO_REPLY + LINE + CHECK, "xxx"),
    (f'flood RCPT 1000000 "250-{THOUSAND}"', NO_REPLY + LINE + CHECK, "250-xxx"),
    ('flood RCPT 100000 "250-more\\r\\n"', NO_REPLY + REPLY + CHECK, "250-more"),
    ('flood DATA 1000000 "354-more\\r\\n"', NO_REPLY + REPLY + CHECK, "354-more"),
    (f'flood dot 1000000 "{THOUSAND}"', DOUBT + "not an SMTP reply" + LINE + TWICE, "xxx"),
    ('flood dot 100000 "250-more\\r\\n"', DOUBT + "not an SMTP reply" + REPLY + TWICE, "250-more"),
)
WRONG = (
    ('raw greeting "\\x00\\x00\\r\\n"', NO_GREETING + SHELL, "\\x00\\x00"),
    ('raw MAIL "\\x00\\x00\\x00\\r\\n"', NO_REPLY + CHECK, "\\x00\\x00\\x00"),
    ('raw RCPT "2\\x0050 ok\\r\\n"', NO_REPLY + CHECK, "2\\x0050 ok"),
    ("reply MAIL 000 ok", NO_REPLY + CHECK, "000 ok"),
    ("reply RCPT 199 ok", NO_REPLY + CHECK, "199 ok"),
    ("reply DATA 600 ok", NO_REPLY + CHECK, "600 ok"),
    ("reply dot 999 ok", DOUBT + "not an SMTP reply" + TWICE, "999 ok"),
    ("reply MAIL 354 go on", OUT_OF_PLACE.format("to MAIL"), "354 go on"),
    ("reply DATA 250 ok", OUT_OF_PLACE.format("to DATA"), "250 ok"),
)


def measured(friend):
    return (sys.executable, "-c", MEASURE, friend.path("kilobytes"))


def took_little(bench, friend):
    if not bench.rig.is_built_with_sandbox():
        return  # a sanitizer's own memory
    with open(friend.path("kilobytes"), encoding="ascii") as file:
        kilobytes = int(file.read())
    expect(0 < kilobytes < MOST_KILOBYTES, True, f"at most {MOST_KILOBYTES} kB: {kilobytes} kB")


def is_told(friend, told, code, sentence, said, script):
    """The whole line, but for how much is quoted of what has no end."""
    beginning = f'{code}{friend.line(sentence)}"{said}'
    if told.startswith(beginning) and said.endswith("xxx"):
        told = beginning + told[len(beginning):].lstrip("x")
    end = '..."' if said.endswith("xxx") else '"'
    expect(told, beginning + end, f"what is told of {script[:40]}")
    expect(len(told) <= 504, True, "its length")


def first_refusal(greeting, ask, hello):
    """What the caller is told where it goes wrong."""
    answer = greeting
    for words in (hello, *PARTS):
        if not answer or answer[0][0] in "45":
            break
        answer = ask(words)
    return answer[0] if answer else ""


def harm_batch(bench, tricks):
    for script, sentence, said in tricks:
        friend = bench.friend(script)
        result = friend.send(prefix=measured(friend))
        result.has_status(75)
        expect(result.stderr.count("\n"), 1, "lines")
        is_told(friend, result.stderr.rstrip("\n"), "", sentence, said, script)
        took_little(bench, friend)


def harm_session(bench, mode, tricks):
    for script, sentence, said in tricks:
        friend = bench.friend(script)
        talk = friend.talk(mode, prefix=measured(friend))
        told = first_refusal(talk.hear(), talk.ask, "LHLO a.example" if mode == "--lmtp" else "EHLO a.example")
        talk.end().has_status(75)
        is_told(friend, told, code_of(script, mode == "--lmtp"), sentence, said, script)
        took_little(bench, friend)


def harm_keeper(bench, tricks):
    for script, sentence, said in tricks:
        kept = KeptFriend(bench, script)
        client = kept.speaker()
        told = first_refusal(client.hear(), client.ask, "EHLO a.example")
        is_told(kept.friend, told, code_of(script, True), sentence, said, script)
        kept.stays_small()
        expect(kept.process.poll(), None, "the keeper goes on")


def code_of(script, is_read_whole):
    """A message that we read to its end before it is sent is told of with 451."""
    return "451 " if script.split()[1] in ("DATA", "dot") and is_read_whole else "421 "


@case
def what_has_no_end_is_cut_off_in_a_batch(bench):
    harm_batch(bench, ENDLESS)


@case
def what_has_no_end_is_cut_off_in_a_session(bench):
    harm_session(bench, "-bs", ENDLESS)


@case
def what_has_no_end_is_cut_off_in_lmtp(bench):
    harm_session(bench, "--lmtp", ENDLESS)


@case
def what_has_no_end_is_cut_off_by_the_keeper(bench):
    harm_keeper(bench, ENDLESS)


@case
def what_is_no_reply_or_none_to_this_is_told_in_a_batch(bench):
    harm_batch(bench, WRONG)


@case(long=True)
def what_is_no_reply_or_none_to_this_is_told_in_a_session(bench):
    harm_session(bench, "-bs", WRONG)


@case(long=True)
def what_is_no_reply_or_none_to_this_is_told_in_lmtp(bench):
    harm_session(bench, "--lmtp", WRONG)


@case
def what_is_no_reply_or_none_to_this_is_told_by_the_keeper(bench):
    harm_keeper(bench, WRONG)


# --- liars ---

EARLY = 'raw DATA "354 go on\\r\\n250 2.0.0 taken\\r\\n"\nstall dot'


def whole_session(friend, mode):
    talk = friend.talk(mode)
    told = first_refusal(talk.hear(), talk.ask, "LHLO a.example" if mode == "--lmtp" else "EHLO a.example")
    return talk, told


@case
def a_message_that_is_taken_before_its_end_is_not_delivered(bench):
    line = 'a reply out of place: nothing was asked; check the mail server there: "250 2.0.0 taken"'
    friend = bench.friend(EARLY)
    friend.send().says(75, friend.line("4.5.0 " + line))
    for mode, code in (("-bs", "421"), ("--lmtp", "451")):
        friend = bench.friend(EARLY)
        talk, told = whole_session(friend, mode)
        expect(told, friend.reply_line(code, "4.5.0 " + line), mode)
        talk.end().has_status(75)
    kept = KeptFriend(bench, EARLY)
    client = kept.speaker()
    expect(first_refusal(client.hear(), client.ask, "EHLO a.example"), kept.refusal("451", "4.5.0 " + line), "the keeper")


@case
def a_server_that_offers_chunking_and_refuses_it_delivers_nothing(bench):
    friend = bench.friend("offer CHUNKING\nreply dot 502 5.5.1 BDAT unknown")
    friend.send().says(75, friend.line("4.5.1 the mail server does not take now <bob@friend.example>: "
                                       '"502 5.5.1 BDAT unknown"'))
    friend.received_nothing()


@case
def a_tiny_size_is_the_mail_servers_own_to_enforce(bench):
    friend = bench.friend("withhold SIZE\noffer SIZE 10\nreply MAIL 552 5.3.4 too big")
    friend.send().says(69, friend.line('5.3.4 the mail server refused <bob@friend.example>: "552 5.3.4 too big"'))
    friend.received_nothing()
    friend = bench.friend("withhold SIZE\noffer SIZE 10")
    friend.send().is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def answers_out_of_order_deliver_nothing(bench):
    friend = bench.friend('raw MAIL ""\nraw RCPT "354 go on\\r\\n250 ok\\r\\n250 ok\\r\\n"\nraw DATA ""')
    friend.send().says(75, friend.line('4.5.0 a reply out of place: to MAIL; check the mail server there: "354 go on"'))
    friend.received_nothing()
    # RCPT's refusal in MAIL's place: nobody is told that he was accepted.
    friend = bench.friend('raw MAIL ""\nraw RCPT "550 5.1.1 no\\r\\n250 ok\\r\\n"')
    friend.send().says(69, friend.line('5.1.1 the mail server refused <bob@friend.example>: "550 5.1.1 no"'))
    friend.received_nothing()


@case
def what_is_said_behind_quit_or_by_whoever_comes_behind_the_mail_server_changes_nothing(bench):
    more = "250 more\\r\\n550 and more\\r\\n"
    for script, afterwards in ((f'raw QUIT "221 2.0.0 closing\\r\\n{more}"', ""), ("", f"; printf '{more}'")):
        friend = bench.friend(script, afterwards=afterwards)
        friend.send().is_accepted()
        for mode in ("-bs", "--lmtp"):
            friend = bench.friend(script, afterwards=afterwards)
            talk, told = whole_session(friend, mode)
            expect(told, "250 2.0.0 message accepted", mode)
            expect(talk.ask("QUIT")[0][:10], "221 2.0.0 ", mode)
            result = talk.end()
            result.has_status(0)
            expect(b"more" in result.stdout, False, f"{mode}: {result.stdout!r}")
            expect(friend.messages(), [canonical(LETTER)], "delivered messages")
        kept = KeptFriend(bench, friend=bench.friend(script, afterwards=afterwards), messages_per_session="1")
        for _ in range(2):
            client = kept.greeted()
            client.send_letter()
            client.quit()
        kept.delivers(2)
