"""Through smtp-address, to the listener of contrib/ that trusts nobody."""

from letter import Letter
from registry import expect
from rows import in_each_direction, once_per_sender

UNKNOWN = "nobody.such@friend.example"


@in_each_direction("the_strict_listener_refuses_whom_it_does_not_know", short=once_per_sender, strict=True)
def the_strict_listener_refuses_whom_it_does_not_know(pair):
    letter = Letter(recipients=["bob@friend.example", UNKNOWN, "dave@friend.example"])
    pair.send(letter)
    expect(pair.delivered(letter), {"bob": [letter.body], "dave": [letter.body]}, "delivered")
    pair.counts(delivered=2, bounced=1)
    [bounce] = pair.bounces()
    expect(UNKNOWN in bounce and "550" in bounce, True, f"who and why:\n{bounce}\n")


@in_each_direction("two_megabytes_arrive_through_smtp_address", strict=True)
def two_megabytes_arrive_through_smtp_address(pair):
    pair.send(Letter("Grüße über den großen Deich\n".encode() * 75000))
    pair.everything_arrived()
