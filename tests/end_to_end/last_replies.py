"""What comes last on a line that breaks: no message is lost, and none that was accepted is sent again."""

import os
import subprocess
import time

from friend import LETTER, ONE, canonical
from registry import case, expect

TWICE = "250 2.0.0 ok\\r\\n250 2.0.0 again\\r\\n"


@case
def a_reply_too_many_behind_the_first_of_two_messages_keeps_the_second(bench):
    for reply, delivered in ((TWICE, 1), (TWICE.replace("250 2.0.0 ok", "552 5.2.2 full"), 0)):
        friend = bench.friend(f'withhold PIPELINING\nraw dot #1 "{reply}"')
        result = friend.send(ONE + ONE)
        result.has_status(75)
        expect("4.5.0" in result.stderr, True, result.stderr)


@case
def a_message_that_is_written_later_is_not_forgotten(bench):
    friend = bench.friend(f'offer CHUNKING\nraw dot #1 "{TWICE}"')
    running = friend.start()
    running.feed_some(ONE)
    bench.wait_until(lambda: friend.messages(), "the first message")
    # What is answered twice is heard before the next message is written.
    bench.pause(0.2)
    running.feed_some(ONE)
    running.finish(None).has_status(75)


@case
def a_reply_too_many_behind_the_last_message_changes_nothing(bench):
    friend = bench.friend(f'withhold PIPELINING\nraw dot "{TWICE}"')
    friend.send(ONE).is_accepted()


@case
def a_server_that_leaves_with_its_last_answer_has_taken_the_mail(bench):
    for script in ("die after dot", "withhold PIPELINING\ndie after dot", "offer CHUNKING\ndie after dot"):
        friend = bench.friend(script)
        running = friend.start()
        running.feed_some(ONE)
        time.sleep(0.7)
        running.feed(b"")
        running.finish(None).is_accepted()
        expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def one_unanswered_keepalive_is_counted_once(bench):
    friend = bench.friend("delay dot 6", settings={"server-alive-interval": "1",
                                                   "server-alive-count-max": "1"})
    friend.send().is_accepted()


@case
def readers_that_have_stopped_reading_do_not_hold_up_what_was_accepted(bench):
    """Standard error is a full pipe: the words are lost, and the status is there."""
    friend = bench.friend()
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
        running = friend.start("-v", stderr=writer)
        running.feed(ONE)
        result = running.finish(None)
        expect(result.status, 0, "status")
        expect(result.seconds < 5, True, f"{result.seconds} s")
        expect(friend.messages(), [canonical(LETTER)], "delivered messages")
    finally:
        os.close(reader)
        os.close(writer)


@case
def a_full_file_behind_standard_error_does_not_hold_up_what_was_accepted(bench):
    friend = bench.friend()
    with open(friend.path("words"), "wb") as words:
        running = friend.start("-v", stderr=words, prefix=("prlimit", "--fsize=750"))
        running.feed(ONE)
        expect(running.finish(None).status, 0, "status")
    expect(os.path.getsize(friend.path("words")), 750, "size of the words")


STOPPED_IN_DOUBT = ("4.4.2 sshsm: no clear answer to the final dot; the message may have been delivered: sshsm was "
                    "stopped; the retry may make a second copy")


@case
def a_stop_behind_an_accepted_message_says_that_it_was_delivered(bench):
    """The status sends the whole batch again."""
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script)
        running = friend.start()
        running.feed_some(ONE)
        bench.wait_until(lambda: friend.messages(), "the message")
        bench.pause(0.3)
        subprocess.run(["kill", "-TERM", str(running.pid)], check=True)
        running.finish(None).says(75, STOPPED_IN_DOUBT)


@case
def a_stop_behind_the_final_dot_says_that_the_message_may_have_been_delivered(bench):
    friend = bench.friend("stall dot")
    running = friend.start()
    running.feed(ONE)
    bench.wait_until(lambda: ONE.split(b"DATA\r\n")[1] in friend.transcript(), "the final dot")
    subprocess.run(["kill", "-TERM", str(running.pid)], check=True)
    running.finish(None).says(75, STOPPED_IN_DOUBT)
