"""Every mail server to every other, through sshsm."""

from letter import Letter
from registry import expect
from rows import always, in_each_direction

ALL_THREE = ["bob@friend.example", "carol@friend.example", "dave@friend.example"]
NO_CAROL = "550 5.1.1 no Carol lives here"


def numbered(count):
    return [Letter(f"number {number}\n".encode()) for number in range(count)]


@in_each_direction("a_message_arrives", short=always)
def a_message_arrives(pair):
    pair.send(Letter("Grüße\n.\n..\nend\n".encode()))
    pair.everything_arrived()


@in_each_direction("one_of_three_recipients_is_refused")
def one_of_three_recipients_is_refused(pair):
    pair.refuse("^RCPT TO:<carol@", NO_CAROL)
    letter = Letter(recipients=ALL_THREE)
    pair.send(letter)
    expect(pair.delivered(letter), {"bob": [letter.body], "dave": [letter.body]}, "delivered")
    pair.counts(delivered=2, bounced=1)
    [bounce] = pair.bounces()
    for words in ("carol@friend.example", NO_CAROL[4:]):
        expect(words in bounce, True, f"{words!r} is in the bounce:\n{bounce}\n")


@in_each_direction("two_megabytes_of_eight_bit_text_arrive")
def two_megabytes_of_eight_bit_text_arrive(pair):
    line = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich\n".encode()
    pair.send(Letter(line * (2 * 1024 * 1024 // len(line))))
    pair.everything_arrived()


@in_each_direction("lines_of_dots_arrive")
def lines_of_dots_arrive(pair):
    pair.send(Letter(b".\n..\n...\n. \n.x\n \n.\n\n.\n" + b"." * 900 + b"\nx\n" + b"." * 900 + b"\n"
                     b"QUIT\n354 go\n.\nend\n"))
    pair.everything_arrived()


@in_each_direction("twenty_messages_of_one_queue_run_arrive")
def twenty_messages_of_one_queue_run_arrive(pair):
    pair.submit(*numbered(20))
    pair.run_queues()
    pair.everything_arrived()


@in_each_direction("a_bounce_arrives_with_its_empty_sender")
def a_bounce_arrives_with_its_empty_sender(pair):
    pair.send(Letter(b"it failed\n", sender=""))
    pair.everything_arrived()
    envelope = pair.friend.read("/var/mail/bob").split(b"\n", 1)[0].decode()
    expect(envelope.split()[:2], ["From", "MAILER-DAEMON"], "the envelope's sender")


@in_each_direction("lines_of_2500_octets")
def lines_of_2500_octets(pair):
    """Nobody agrees about them: a sender may break them, a receiver may break or refuse them."""
    letter = Letter(b"x" * 900 + b"\n" + b"y" * 2500 + b"\nend\n")
    pair.send(letter)
    sent = pair.sender.as_sent(letter.body)
    limit = pair.receiver.longest_line
    if limit and max(map(len, sent.split(b"\n"))) > limit:
        pair.counts(bounced=1)
    else:
        pair.everything_arrived(lambda _: pair.receiver.as_delivered(sent))
