"""Batches to the real sendmail 8.17 of Debian, as installed, behind the real sshd of its root.

Mostly no mail server listens there, so that what `sendmail -bs` accepts stays in its queue, where each
message must stand once and octet by octet. sendmail_sessions.py does the same with -bs.
"""

from registry import case, expect
from sendmail_host import EARLY_TALK, USER, Letter, SendmailHost

HELLO = Letter(b"Hello Bob.\n")


def delivers(bench, *letters, eol=b"\r\n"):
    """One batch; gives what stands in the queue."""
    host = SendmailHost(bench)
    host.send(b"".join(letter.batch(eol) for letter in letters)).is_accepted()
    return host.holds(*letters)


def numbered(count):
    return [Letter(b"number %d\n" % n, b"Subject: %d\n" % n) for n in range(count)]


@case(root=True)
def sendmail_itself_refuses_a_client_that_does_not_wait(bench):
    # This is what the other cases must never find in its log.
    host = SendmailHost(bench)
    session = b"EHLO here.example\r\n" + HELLO.batch() + b"QUIT\r\n"
    replies = host.root.run("su", USER, "-c", "/usr/sbin/sendmail -bs", stdin=session).splitlines()
    expect(replies[1:3], [b"554 5.5.0 SMTP protocol error", b"550 5.0.0 Command rejected"], "answers")
    expect(host.queue(), [], "the queue")
    # The line may come behind the answers.
    bench.wait_until(lambda: any(EARLY_TALK in line for line in host.root.log), "the log says so")


@case(root=True)
def a_message_stands_in_sendmails_queue(bench):
    delivers(bench, HELLO)


@case(root=True)
def a_batch_of_twenty_five_stands_in_sendmails_queue(bench):
    delivers(bench, *numbered(25))


@case(root=True)
def batches_with_lf_stand_in_sendmails_queue(bench):
    delivers(bench, *numbered(3), Letter(b".\n..\n", b"Subject: dots\n"), eol=b"\n")


@case(root=True)
def several_recipients_share_one_message_in_sendmails_queue(bench):
    delivers(bench, Letter(b"to all\n", recipients=[b"<person%d@friend.example>" % n
                                                    for n in range(120)]))


@case(root=True)
def odd_bodies_stand_in_sendmails_queue_as_they_were(bench):
    delivers(
        bench, Letter(b".\n..\n...\n. \n.x\n" + b"." * 3000 + b"\n", b"Subject: dots\n"),
        Letter(bytes(n for n in range(1, 256) if n not in (10, 13)) + b"\n", b"Subject: octets\n"),
        Letter(b"", b"Subject: no body\n"), Letter(b"\n\n\n", b"Subject: empty lines\n"),
        Letter(b"body alone\nwith two lines\n", b""),
        Letter(b"From alice is no envelope\n>From neither\nFrom: x\n", b"Subject: From\n"),
        Letter(b"554 5.5.0 no error\n421 neither\nQUIT\nRSET\n", b"Subject: words\n"),
        Letter(b"folded\n", b"Subject: one\n two\n\tthree\nX-Mark: four\n"))


@case(root=True)
def a_message_of_no_octets_is_taken_by_sendmail(bench):
    host = SendmailHost(bench)
    host.send(b"MAIL FROM:<alice@here.example>\r\nRCPT TO:<bob@friend.example>\r\nDATA\r\n.\r\n"
              ).is_accepted()
    host.holds(Letter(b"", b""))


@case(root=True)
def long_lines_stand_in_sendmails_queue_unfolded(bench):
    # It folds them when it hands the message on; the mailbox below shows it.
    delivers(bench, *(Letter(b"%d:" % length + b"x" * length + b"\nnext\n", b"Subject: %d\n" % length)
                      for length in (998, 999, 1000, 2038, 2039, 2040, 2041, 2048, 2500, 70000)))


@case(root=True)
def two_megabytes_of_eight_bit_text_stand_in_sendmails_queue(bench):
    line = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich\n".encode()
    delivers(bench, Letter(line * (2 * 1024 * 1024 // len(line)), b"Subject: big\n"), HELLO)


@case(root=True)
def a_bounce_stands_in_sendmails_queue_with_its_empty_sender(bench):
    delivers(bench, Letter(b"it failed\n", b"Subject: returned mail\n", sender=b"<>"))


@case(root=True)
def parameters_arrive_in_sendmails_queue(bench):
    host = SendmailHost(bench)
    host.send(b"MAIL FROM:<alice@here.example> SIZE=40 BODY=8BITMIME RET=HDRS ENVID=letter+2B1\r\n"
              b"RCPT TO:<bob@friend.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob+2Bx@friend.example\r\n"
              b"DATA\r\nSubject: eight\r\n\r\nGr\xfc\xdfe\r\n.\r\n").is_accepted()
    [message] = host.holds(Letter(b"Gr\xfc\xdfe\n", b"Subject: eight\n"))
    expect((message.body_type, message.envelope_id), (b"8BITMIME", b"letter+2B1"), "of MAIL")
    expect(message.original_recipients, [b"rfc822;bob+2Bx@friend.example"], "ORCPT")
    expect(b"n" in message.flags, True, "RET=HDRS: no body is returned")
    expect([sorted(flags) for flags in message.recipient_flags], [sorted(b"PNFD")], "NOTIFY")


@case(root=True)
def bare_line_ends_are_line_ends_before_sendmail_sees_them(bench):
    host = SendmailHost(bench)
    body = b"one\ntwo\rthree\r\r\n..four\n.\nfive\r.\r\nsix\r\n"
    host.send(b"MAIL FROM:<alice@here.example>\r\nRCPT TO:<bob@friend.example>\r\nDATA\r\n"
              b"Subject: bare\r\n\r\n" + body + b".\r\n").is_accepted()
    host.holds(Letter(b"one\ntwo\nthree\n\n.four\n.\nfive\n.\nsix\n", b"Subject: bare\n"))


@case(root=True)
def nul_is_refused_by_sendmail_and_the_next_message_is_not(bench):
    host = SendmailHost(bench)
    host.send(Letter(b"a\0b\n").batch() + HELLO.batch()).has_status(69)
    host.holds(HELLO)


@case(root=True)
def a_sender_whose_domain_cannot_be_looked_up_waits(bench):
    host = SendmailHost(bench)
    stray = Letter(b"x\n", sender=b"<x@nowhere.example>")
    host.send(stray.batch() + HELLO.batch()).has_status(75)
    host.holds(HELLO)


@case(root=True)
def a_sender_whose_domain_does_not_exist_is_refused(bench):
    host = SendmailHost(bench)
    # Without DNS the hosts file knows all domains that there are.
    host.root.write("/etc/mail/service.switch", "hosts files\naliases files\n")
    stray = Letter(b"x\n", sender=b"<x@nowhere.example>")
    host.send(stray.batch() + HELLO.batch()).says(69, host.friend.line(
        '5.1.8 the mail server refused <bob@friend.example>: "553 5.1.8 <x@nowhere.example>... Domain of '
        'sender address x@nowhere.example does not exist"'))
    host.holds(HELLO)


@case(root=True)
def a_batch_cut_off_anywhere_leaves_sendmail_with_whole_messages_only(bench):
    host = SendmailHost(bench)
    whole = HELLO.batch()
    second = numbered(1)[0].batch()
    for length in range(len(second) - 1, 0, -7):
        host.send(whole + second[:length]).has_status(75)
    host.holds(*[HELLO] * len(host.results))


@case(root=True)
def mail_reaches_the_mailbox_where_sendmails_daemon_runs(bench):
    host = SendmailHost(bench)
    host.start_daemon(["bob", "carol", "dave"])
    letter = Letter(b"Hello.\n.\n..\nFrom here\n\xe4\n" + b"x" * 900 + b"\n",
                    recipients=[b"<bob@friend.example>", b"<carol@friend.example>"])
    # On the way to its daemon sendmail folds lines of more than 2,040 octets.
    long_lines = Letter(b"x" * 2500 + b"\n" + b"y" * 2040 + b"\n", recipients=[b"<dave@friend.example>"])
    folded = b"x" * 2039 + b"!\n " + b"x" * 461 + b"\n" + b"y" * 2040 + b"\n"
    host.send(letter.batch() + long_lines.batch()).is_accepted()
    host.holds()
    # The mailbox's own escape.
    in_mbox = letter.body.replace(b"\nFrom ", b"\n>From ")
    expect((host.mailbox("bob"), host.mailbox("carol")), ([in_mbox], [in_mbox]), "two mailboxes")
    expect(host.mailbox("dave"), [folded], "the mailbox of long lines")
