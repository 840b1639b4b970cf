"""SMTP smuggling and real mail servers: each message with a trick of tricks.py arrives as one, in every
mode of sshsm, with and without a keeper (sshsmd)."""

from kept_rows import PostfixToPort
from pair import SENDMAIL, SSHSM, USER, Pair
from registry import case, expect
from rows import RECEIVERS, SENDERS
from tricks import TRICKS, bodies_with, one_message, session_of, tricky_body

INPUT = "/tmp/input"
FRIEND = "myfriend"
# sendmail refuses some, and the status says so; here only what arrives counts.
BATCH = f'"$@" <{INPUT} || true'
# Whoever closes his input behind QUIT says that he waits for no answer.
OPEN_INPUT = f'"$@" < <(cat {INPUT}; exec sleep 60 2>/dev/null) || true'
# What is said to a port goes on while the answers are read.
TO_PORT = f"exec 3<>/dev/tcp/127.0.0.1/1025; cat {INPUT} >&3 & timeout 50 cat <&3"


def batch(pair, bodies, eol):
    put(pair, b"".join(one_message(body, eol) for body in bodies))
    pair.here.run("sh", "-c", BATCH, "sh", SSHSM, "-bS", FRIEND)


def session(pair, bodies, eol):
    put(pair, session_of(bodies, eol))
    pair.here.run("bash", "-c", OPEN_INPUT, "bash", SSHSM, "-bs", FRIEND)


def lmtp_session(pair, bodies, eol):
    put(pair, session_of(bodies, eol).replace(b"EHLO", b"LHLO", 1))
    pair.here.run("bash", "-c", OPEN_INPUT, "bash", SSHSM, "--lmtp", FRIEND)


def port_of_keeper(pair, bodies, eol):
    put(pair, session_of(bodies, eol))
    pair.here.run("bash", "-c", TO_PORT)


def put(pair, text):
    with open(pair.here.path(INPUT), "wb") as file:
        file.write(text)


def pair_with_victim(bench, sender, receiver):
    pair = Pair(bench, sender, receiver)
    pair.friend.add_user("victim")
    return pair


def arrived(pair):
    """(for bob, for whom no message was meant)"""
    pair.settle()
    pair.receiver.run_queue(pair.friend)
    pair.settle()
    owners = [owner for owner, _, _ in pair.friend.mailboxes()]
    return owners.count("bob"), owners.count("victim")


def is_refused(receiver, body):
    """sendmail 8.17 takes no NUL."""
    return receiver.name == "sendmail" and b"\0" in body


def no_trick_makes_two(pair, ways):
    count = 0
    for way in ways:
        for eol in (b"\r\n", b"\n"):
            bodies = bodies_with(TRICKS, eol)
            way(pair, bodies, eol)
            count += sum(1 for body in bodies if not is_refused(pair.receiver, body))
            expect(arrived(pair), (count, 0), f"for bob and for the victim behind {way.__name__} with {eol!r}")


@case(root=True, long=True)
def postfix_itself_is_taken_in_by_some_tricks(bench):
    """Else the others could not fail. Debian's sendmail and Exim are mended by now."""
    pair = pair_with_victim(bench, SENDERS[0], RECEIVERS[2])
    for trick in TRICKS:
        said = b"EHLO here.example\r\n" + one_message(tricky_body(trick, b"\r\n"), b"\r\n") + b"QUIT\r\n"
        pair.friend.run("runuser", "-u", USER, "--", "sh", "-c", SENDMAIL + " || true", stdin=said)
    expect(arrived(pair)[1] > 0, True, "some trick works")


def register(receiver):
    def alone(bench):
        no_trick_makes_two(pair_with_victim(bench, SENDERS[0], receiver), (batch, session, lmtp_session))

    def with_keeper(bench):
        no_trick_makes_two(pair_with_victim(bench, PostfixToPort(), receiver),
                           (batch, session, lmtp_session, port_of_keeper))

    for run, name in ((alone, f"no_trick_makes_two_messages_at_{receiver.name}"),
                      (with_keeper, f"no_trick_makes_two_messages_at_{receiver.name}_behind_a_keeper")):
        run.__name__ = name
        case(root=True, long=True)(run)


for one in RECEIVERS:
    register(one)
