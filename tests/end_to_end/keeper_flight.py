"""sshsmd: a message that leaves in one flight with its envelope, and what becomes of it when the line does."""

from friend import ONE
from keeper_faults import kill
from keeper_rig import ACCEPTED, ENVELOPE, MAIL, MESSAGE, KeptFriend
from registry import case, expect

IN_DOUBT = "no clear answer to the final dot; the message may have been delivered: the connection was lost"
ENDED = "the mail server ended the conversation"


def with_one_parked(bench, script):
    kept = KeptFriend(bench, script, is_met=True)
    kept.friend.send(ONE).is_accepted()
    return kept


def once_more(kept, count):
    """The next message goes through, and as many as were told accepted have arrived."""
    kept.friend.send(ONE).is_accepted()
    kept.delivers(count)


def tells_of_doubt(kept):
    """As sshsm does where there is no keeper, to the caller and in the log."""
    result = kept.friend.send(ONE)
    result.says(75, kept.friend.line(f"4.4.2 {IN_DOUBT}: {ENDED}; the retry may make a second copy"))
    lines = [line for line in result.log if "relay=friend[" in line and ".sock]" in line]
    expect(len(lines), 1, f"lines in {result.log!r}")
    expect("class=maybe-delivered" in lines[0], True, lines[0])


@case
def a_parked_mail_server_who_says_that_he_hangs_up_costs_nobody_anything(bench):
    for offer in ("", "offer CHUNKING\n"):
        kept = with_one_parked(bench, offer + "reply MAIL #2 421 4.4.2 timeout\ndie after MAIL #2")
        once_more(kept, 2)
        expect(kept.said().count("logged in as"), 1, "logins")


@case
def a_parked_mail_server_who_is_dead_when_data_reaches_him_costs_nobody_anything(bench):
    kept = with_one_parked(bench, "die before MAIL #2")
    once_more(kept, 2)


@case
def a_parked_mail_server_who_is_dead_when_all_of_it_reaches_him_leaves_a_doubt(bench):
    kept = with_one_parked(bench, "offer CHUNKING\ndie before MAIL #2")
    tells_of_doubt(kept)
    once_more(kept, 2)


@case
def a_mail_server_who_dies_when_he_has_taken_it_leaves_a_doubt(bench):
    for offer in ("", "offer CHUNKING\n"):
        kept = KeptFriend(bench, offer + "drop after dot", is_met=True)
        expect(kept.speaker().hear()[0][:4], "220 ", "the greeting")
        tells_of_doubt(kept)
        kept.delivers(1)


@case
def a_parked_mail_server_who_was_seen_to_die_costs_nobody_anything(bench):
    kept = with_one_parked(bench, "offer CHUNKING")
    kill(kept.sinks())
    bench.wait_until(lambda: kept.status()["parked"] == 0, "it is noticed")
    once_more(kept, 2)


@case
def a_recipient_who_is_refused_has_no_message_that_rode_behind_him(bench):
    for offer in ("", "offer CHUNKING\n"):
        kept = with_one_parked(bench, offer + "reply RCPT #2 550 5.1.1 no such user")
        result = kept.friend.send(ONE)
        result.has_status(69)
        expect("550 5.1.1 no such user" in result.stderr, True, result.stderr)
        once_more(kept, 2)


@case
def what_the_keeper_says_to_the_next_message_of_an_lmtp_session_is_told(bench):
    kept = KeptFriend(bench, is_met=True)
    talk = kept.friend.talk("--lmtp")
    talk.hear()
    talk.ask("LHLO client.example")
    talk.follow(*ENVELOPE, (MESSAGE, ACCEPTED))
    kept.friend.settings["user"] = "nobody-there"
    kept.friend.write_configuration()
    answer = talk.ask(MAIL)[0]
    expect(answer.startswith("421 4.7.8 sshsm: friend (127.0.0.1): the host refused our key: "), True, answer)
    talk.end().has_status(75)
