"""The real line, cut at every 37th octet of each direction, for each kind of message."""

from fault_proxy import FaultProxy
from friend import LETTER, ONE, batch, canonical
from keeper_rig import processes_with
from registry import case, expect

STEP = 37
# A large message has a hundred thousand of those places; its beginning and end are those of a small one.
LARGE_STEP = STEP * 1024
QUICK = {"connect-timeout": "5", "timeout": "5", "dot-timeout": "5"}
DOUBT = b"may have been delivered"


def talk_to(mode, hello):
    """What delivers one letter as somebody who listens; gives the status and all that was heard."""
    def deliver(friend):
        talk = friend.talk(mode)
        talk.hear()
        for command in (hello, "MAIL FROM:<a@here.example>", "RCPT TO:<b@friend.example>", "DATA",
                        canonical(LETTER) + b".\r\n", "QUIT"):
            if not talk.ask(command)[-1:] or not talk.heard.rsplit(b"\r\n", 2)[-2].startswith((b"2", b"3")):
                break
        result = talk.end()
        return result.status, result.stdout
    return deliver


def send(text):
    """The same as a batch."""
    def deliver(friend):
        result = friend.send(text)
        return result.status, result.stderr.encode()
    return deliver


def is_cut_everywhere(bench, deliver, script="", step=STEP):
    friend = bench.friend(script, settings=QUICK)
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])

    def through(**fault):
        before = len(friend.messages())
        with FaultProxy(friend.sshd.port, **fault) as proxy:
            friend.settings["port"] = str(proxy.port)
            friend.write_configuration()
            status, said = deliver(friend)
        # What it got before the cut it may still be taking.
        bench.wait_until(lambda: not processes_with(friend.path("script")), "the mail server ends")
        return status, said, len(friend.messages()) - before, proxy

    status, _, arrived, honest = through()
    expect((status, arrived), (0, 1), "status and messages of the line that is not cut")
    failed = 0
    for way in ("up", "down"):
        for place in range(0, honest.passed[way], step):
            status, said, arrived, _ = through(direction=way, cut_at=place)
            what = f"cut {way} at {place}: {said!r}"
            expect(status in (0, 75), True, f"{what}: status {status}")
            failed += status == 75
            expect(arrived, 1 if status == 0 or DOUBT in said and arrived else 0, f"{what}: messages")
    # What passes behind the answer to the dot changes nothing any more.
    expect(failed > 0.8 * sum(honest.passed.values()) / step, True, f"{failed} attempts failed")


@case(long=True)
def one_message_to_one_recipient_is_delivered_or_deferred(bench):
    is_cut_everywhere(bench, send(ONE))


@case(long=True)
def one_message_to_three_recipients_is_delivered_or_deferred(bench):
    paths = [f"<r{number}@friend.example>" for number in range(3)]
    is_cut_everywhere(bench, send(batch("<a@here.example>", paths, LETTER)))


@case(long=True)
def one_message_in_a_chunk_is_delivered_or_deferred(bench):
    is_cut_everywhere(bench, send(ONE), "offer CHUNKING")


@case(long=True)
def one_message_command_by_command_is_delivered_or_deferred(bench):
    is_cut_everywhere(bench, send(ONE), "withhold PIPELINING")


@case(long=True)
def one_conversation_is_delivered_or_deferred(bench):
    is_cut_everywhere(bench, talk_to("-bs", "EHLO here.example"))


@case(long=True)
def one_message_by_lmtp_is_delivered_or_deferred(bench):
    is_cut_everywhere(bench, talk_to("--lmtp", "LHLO here.example"), "offer CHUNKING")


@case(long=True)
def one_large_message_is_delivered_or_deferred(bench):
    text = b"Subject: large\n\n" + (b"l" * 70 + b"\n") * 20000
    for script in ("", "offer CHUNKING"):
        is_cut_everywhere(bench, send(batch("<a@here.example>", ["<b@friend.example>"], text)), script, LARGE_STEP)
