"""What the friend's mail server refuses for good comes back to the sender: once, and in its words."""

from letter import Letter
from registry import expect
from rows import in_each_direction, once_per_sender


def comes_back(pair, pattern, reply):
    pair.refuse(pattern, reply)
    pair.send(Letter())
    pair.counts(bounced=1)
    [bounce] = pair.bounces()
    expect(reply[4:] in bounce, True, f"{reply!r} is in the bounce:\n{bounce}\n")
    expect("Subject: " + pair.letters[0].subject in bounce, True, f"it tells of the letter:\n{bounce}\n")


@in_each_direction("a_recipient_refused_for_good_bounces_once", short=once_per_sender)
def a_recipient_refused_for_good(pair):
    comes_back(pair, "^RCPT TO:<bob@", "550 5.1.1 Bob has moved away")


@in_each_direction("a_sender_refused_for_good_bounces_once")
def a_sender_refused_for_good(pair):
    comes_back(pair, "^MAIL FROM:<alice@", "550 5.7.1 Alice may not write to us")


@in_each_direction("a_recipient_refused_for_now_waits")
def a_recipient_refused_for_now(pair):
    pair.refuse("^RCPT TO:<bob@", "450 4.2.1 Bob is at lunch")
    pair.send(Letter())
    pair.counts(waits=1)
    expect("Bob is at lunch" in pair.words(), True, "the queue listing or the log says why")
    pair.force("/usr/sbin/sendmail -bs")
    pair.run_queues()
    pair.everything_arrived()
