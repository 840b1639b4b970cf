"""A batch that comes slowly: the time that the caller takes is not the mail server's."""

import time

from friend import LETTER, ONE, canonical
from registry import case, expect

TIMEOUT = 1
PAUSE = 2.5


@case
def a_pause_between_two_messages_is_no_silence_of_the_mail_server(bench):
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script, settings={"timeout": TIMEOUT, "dot-timeout": TIMEOUT})
        running = friend.start()
        running.feed_some(ONE)
        time.sleep(PAUSE)
        running.feed(ONE)
        running.finish(None).is_accepted()
        expect(friend.messages(), [canonical(LETTER)] * 2, "delivered messages")


@case
def a_pause_inside_a_large_message_is_none_either(bench):
    text = LETTER + b"a line of the large message\n" * 60000
    head, tail = text[:1500000], text[1500000:]
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script, settings={"timeout": TIMEOUT, "dot-timeout": TIMEOUT})
        running = friend.start()
        running.feed_some(ONE.split(b"From:")[0] + canonical(head))
        time.sleep(PAUSE)
        running.feed(canonical(tail) + b".\r\n")
        running.finish(None).is_accepted()
        expect(friend.messages(), [canonical(text)], "delivered messages")
