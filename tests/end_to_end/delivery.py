"""Mail that arrives: every byte of it, once, in order, and whatever the far side can and cannot."""

import itertools
import os

from friend import LETTER, ONE, batch, canonical
from registry import case, expect

OFFERS = ["PIPELINING", "CHUNKING", "8BITMIME", "SIZE 52428800", "ENHANCEDSTATUSCODES"]


def offering(*offers):
    return "withhold all\n" + "".join(f"offer {offer}\n" for offer in offers)


def delivers(bench, text, script="", recipients=("<bob@friend.example>",), eol="\r\n"):
    """Sends one message and holds what arrives to it; gives the friend."""
    friend = bench.friend(script)
    friend.send(batch("<alice@here.example>", recipients, text, eol)).is_accepted()
    expect(friend.messages(), [canonical(text)], "delivered messages")
    return friend


@case
def a_message_stands_in_the_mailbox_byte_for_byte(bench):
    friend = delivers(bench, LETTER)
    expect(friend.mbox(),
           b"From alice@here.example\nX-Envelope-From: <alice@here.example>\n"
           b"X-Envelope-To: <bob@friend.example>\n" + LETTER + b"\n", "the mailbox")


@case
def the_dialogue_with_a_pipelining_server_is_this(bench):
    friend = bench.friend(settings={"helo": "here.example"})
    friend.send().is_accepted()
    expect(friend.transcript_to(b"QUIT\r\n"),
           b"EHLO here.example\r\nMAIL FROM:<alice@here.example>\r\n"
           b"RCPT TO:<bob@friend.example>\r\nDATA\r\n" + canonical(LETTER) + b".\r\nQUIT\r\n",
           "what the mail server received")


@case
def the_dialogue_with_a_chunking_server_is_this(bench):
    friend = bench.friend("offer CHUNKING", settings={"helo": "here.example"})
    friend.send().is_accepted()
    expect(friend.transcript_to(b"QUIT\r\n"),
           b"EHLO here.example\r\nMAIL FROM:<alice@here.example>\r\n"
           b"RCPT TO:<bob@friend.example>\r\nBDAT %d LAST\r\n" % len(canonical(LETTER))
           + canonical(LETTER) + b"QUIT\r\n", "what the mail server received")


@case
def a_server_that_knows_only_helo_gets_the_mail(bench):
    friend = delivers(bench, LETTER, "reply EHLO 502 5.5.1 what?")
    expect(b"\r\nHELO " in friend.transcript(), True, "HELO was said")


@case
def a_server_that_offers_nothing_gets_the_mail(bench):
    delivers(bench, LETTER, offering())


@case
def several_recipients_get_one_message(bench):
    recipients = [f"<person{n}@friend.example>" for n in range(3)]
    for script in ("", offering(), "offer CHUNKING", offering("CHUNKING")):
        friend = delivers(bench, LETTER, script, recipients)
        expect(friend.mbox().count(b"\nX-Envelope-To: "), 3, "recipients in the mailbox")


@case(long=True)
def every_combination_of_offers_takes_a_message_for_one_and_for_three(bench):
    recipients = [f"<person{n}@friend.example>" for n in range(3)]
    for count in range(len(OFFERS) + 1):
        for offers in itertools.combinations(OFFERS, count):
            delivers(bench, LETTER, offering(*offers), recipients[:1])
            delivers(bench, LETTER, offering(*offers), recipients)


@case
def several_messages_arrive_in_order(bench):
    texts = [b"Subject: %d\n\nnumber %d\n" % (n, n) for n in range(5)]
    for script in ("", "offer CHUNKING", offering()):
        friend = bench.friend(script)
        friend.send(b"".join(batch("<a@here.example>", ["<b@friend.example>"], text)
                             for text in texts)).is_accepted()
        expect(friend.messages(), [canonical(text) for text in texts], "delivered messages")


@case
def a_hundred_messages_go_in_one_batch(bench):
    texts = [b"Subject: %d\n\nnumber %d\n" % (n, n) for n in range(100)]
    friend = bench.friend()
    friend.send(b"".join(batch("<a@here.example>", ["<b@friend.example>"], text)
                         for text in texts)).is_accepted()
    expect(friend.messages(), [canonical(text) for text in texts], "delivered messages")


@case
def a_bounce_keeps_its_empty_sender(bench):
    friend = bench.friend()
    friend.send(batch("<>", ["<bob@friend.example>"], LETTER)).is_accepted()
    expect(b"X-Envelope-From: <>\n" in friend.mbox(), True, "the empty sender in the mailbox")


@case
def lines_of_dots_arrive_as_they_were(bench):
    text = b"Subject: dots\n\n.\n..\n...\n. \n.x\n" + b"." * 3000 + b"\n"
    for script in ("", "offer CHUNKING"):
        delivers(bench, text, script)


@case
def eight_bit_text_and_nul_arrive_as_they_were(bench):
    text = b"Subject: bytes\n\n" + bytes(n for n in range(256) if n not in (10, 13)) + b"\n"
    for script in ("", "offer CHUNKING", offering("PIPELINING"), offering()):
        delivers(bench, text, script)


@case
def an_empty_message_arrives(bench):
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script)
        friend.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\n").is_accepted()
        expect(friend.mbox().count(b"X-Envelope-To: <c@d.example>\n"), 1, "messages in the mailbox")


@case
def very_long_lines_arrive_whole(bench):
    text = b"Subject: long\n\n" + b"x" * 998 + b"\n" + b"y" * 5000 + b"\n" + b"z" * 300000 + b"\n"
    for script in ("", "offer CHUNKING"):
        delivers(bench, text, script)


@case
def five_megabytes_arrive_whole(bench):
    line = bytes(32 + n % 95 for n in range(70)) + b"\n"
    text = b"Subject: big\n\n" + line * (5 * 1024 * 1024 // len(line))
    for script in ("", "offer CHUNKING", offering()):
        delivers(bench, text, script)


@case
def a_message_of_every_size_around_the_limits_arrives_whole(bench):
    texts = []
    for size in (65535, 65536, 65537, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1):
        text = b"Subject: edge\n\n"
        canonical_head = len(canonical(text))
        texts.append(text + b"x" * (size - canonical_head - 2) + b"\n")
        expect(len(canonical(texts[-1])), size, "size")
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script)
        friend.send(b"".join(batch("<a@b.example>", ["<c@d.example>"], text)
                             for text in texts)).is_accepted()
        expect(friend.messages() == [canonical(text) for text in texts], True, "all arrived whole")


@case
def a_batch_with_bare_line_feeds_is_the_same_batch(bench):
    for script in ("", "offer CHUNKING"):
        delivers(bench, LETTER, script, eol="\n")


@case
def bare_line_ends_inside_a_message_become_line_ends_and_smuggle_nothing(bench):
    # What a mail server that takes LF.LF for the end would read as a second message.
    smuggled = (b"first\n.\nMAIL FROM:<evil@x.example>\nRCPT TO:<victim@friend.example>\nDATA\n"
                b"Subject: smuggled\n\nx\n.\nlast")
    body = b"Subject: one\r\n\r\n" + smuggled + b"\r\nbare\rreturn\r\n"
    stdin = (b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n" + body + b".\r\n")
    wanted = (b"Subject: one\r\n\r\n" + canonical(smuggled) + b"\r\nbare\r\nreturn\r\n")
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script)
        friend.send(stdin).is_accepted()
        expect(friend.messages(), [wanted], "delivered messages")


@case
def commands_that_a_generator_adds_are_understood_and_not_forwarded(bench):
    friend = bench.friend(settings={"helo": "here.example"})
    friend.send(b"EHLO generator.example\r\nNOOP\r\nVRFY bob\r\nHELO again.example\r\nRSET\r\n"
                + ONE + b"RSET\r\nNOOP words\r\n" + ONE + b"QUIT\r\n").is_accepted()
    expect(len(friend.messages()), 2, "delivered messages")
    for word in (b"generator.example", b"again.example", b"NOOP", b"VRFY"):
        expect(word in friend.transcript(), False, f"{word!r} was forwarded")


@case
def rset_in_a_batch_forgets_the_envelope(bench):
    friend = bench.friend()
    friend.send(b"MAIL FROM:<wrong@here.example>\r\nRCPT TO:<wrong@friend.example>\r\nRSET\r\n"
                + ONE).is_accepted()
    expect(len(friend.messages()), 1, "delivered messages")
    expect(b"wrong" in friend.transcript(), False, "the forgotten envelope was sent")


@case
def commands_in_lower_case_are_understood(bench):
    friend = bench.friend()
    friend.send(b"mail from:<a@b.example>\r\nrcpt to:<c@d.example>\r\ndata\r\nx: y\r\n\r\nz\r\n.\r\nquit\r\n"
                ).is_accepted()
    expect(friend.messages(), [b"x: y\r\n\r\nz\r\n"], "delivered messages")


PARAMETERS = (b"MAIL FROM:<a@b.example> SIZE=20 BODY=8BITMIME RET=HDRS ENVID=e1\r\n"
              b"RCPT TO:<c@d.example> NOTIFY=FAILURE ORCPT=rfc822;c@d.example\r\n"
              b"DATA\r\nx: y\r\n\r\nz\r\n.\r\n")


@case
def parameters_pass_where_they_are_offered(bench):
    friend = bench.friend("offer DSN")
    friend.send(PARAMETERS).is_accepted()
    for word in (b" BODY=8BITMIME", b" RET=HDRS", b" ENVID=e1", b" NOTIFY=FAILURE",
                 b" ORCPT=rfc822;c@d.example"):
        expect(word in friend.transcript(), True, f"{word!r} was sent")


@case
def parameters_that_can_be_dropped_are_dropped_where_they_are_not_offered(bench):
    friend = bench.friend(offering("PIPELINING"))
    friend.send(PARAMETERS).is_accepted()
    expect(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n" in friend.transcript(), True,
           "the bare envelope was sent")


@case
def smtputf8_passes_where_it_is_offered(bench):
    friend = bench.friend("offer SMTPUTF8")
    friend.send("MAIL FROM:<käthe@b.example> SMTPUTF8\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx: y\r\n.\r\n"
                .encode()).is_accepted()
    expect("MAIL FROM:<käthe@b.example> SMTPUTF8".encode() in friend.transcript(), True, "MAIL")


@case
def what_cannot_be_dropped_and_is_not_offered_defers_the_message(bench):
    friend = bench.friend()
    friend.send("MAIL FROM:<käthe@b.example> SMTPUTF8\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx: y\r\n.\r\n"
                .encode() + ONE).says(75, friend.line(
                    "4.6.3 the mail server does not offer what this message needs: SMTPUTF8; send it "
                    "another way"))
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_slow_server_is_waited_for(bench):
    for step in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"):
        friend = bench.friend(f"delay {step} 0.4")
        friend.send().is_accepted()
        expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def quit_is_not_waited_for(bench):
    friend = bench.friend("stall QUIT")
    result = friend.send()
    result.is_accepted()
    expect(result.seconds < 5, True, "sshsm ended without the answer to QUIT")


@case
def the_exit_status_of_the_command_means_nothing_once_the_mail_is_taken(bench):
    for script in ("exit 1", "exit 255", "signal 9"):
        friend = bench.friend(script)
        friend.send().is_accepted()
        expect(len(friend.messages()), 1, "delivered messages")


@case
def a_flood_on_the_standard_error_stops_nothing(bench):
    for size in (1000, 3000000):
        friend = bench.friend(f"stderr {size}")
        friend.send().is_accepted()
        expect(len(friend.messages()), 1, "delivered messages")


@case
def a_multi_line_greeting_and_long_replies_are_read(bench):
    delivers(bench, LETTER, r"reply greeting 220 one\nESMTP two\nthree" + "\n"
             r"reply MAIL 250 2.1.0 a\n2.1.0 b" + "\n" + "reply dot 250 " + "x" * 400)


@case
def a_big_message_passes_while_the_keys_are_renewed(bench):
    sshd = bench.sshd(["RekeyLimit 256K"])
    text = b"Subject: big\n\n" + (b"x" * 76 + b"\n") * 40000
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script, sshd=sshd)
        friend.send(batch("<a@b.example>", ["<c@d.example>"], text)).is_accepted()
        expect(friend.messages() == [canonical(text)], True, "the message arrived whole")


@case
def a_batch_that_comes_slowly_is_waited_for(bench):
    friend = bench.friend()
    running = friend.start()
    for piece in (ONE[:10], ONE[10:70], ONE[70:-2]):
        running.process.stdin.write(piece)
        running.process.stdin.flush()
        bench.pause(0.2)
    running.finish(ONE[-2:]).is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def a_batch_from_a_file_is_read(bench):
    friend = bench.friend()
    path = friend.path("batch")
    with open(path, "wb") as file:
        file.write(ONE)
    with open(path, "rb") as file:
        friend.start(stdin=file).finish(None).is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def every_kind_of_client_key_opens_the_door(bench):
    for kind in ("ed25519", "rsa", "ecdsa"):
        friend = bench.friend(key_type=kind)
        friend.send().is_accepted()


@case
def the_old_recipe_of_two_lines_works(bench):
    # The recipe's sshd listens on port 22; ours cannot, so its port comes from the defaults.
    friend = bench.friend()
    friend.write_configuration(f'user={bench.rig.login}\nhost="127.0.0.1"\n')
    defaults = f"port = {friend.sshd.port}\n"
    if bench.rig.is_root:
        defaults += "run-as = nobody\n"
    friend.write("sshsm.conf", defaults)
    friend.send().is_accepted()
    expect(len(friend.messages()), 1, "delivered messages")


@case
def the_environment_is_not_read(bench):
    # Opening any of these files would block for ever: they are pipes without a writer.
    friend = bench.friend()
    home = friend.path("home")
    os.makedirs(os.path.join(home, ".ssh"))
    pipes = [os.path.join(home, ".ssh", name) for name in ("config", "known_hosts", "id_ed25519")]
    pipes += [friend.path(name) for name in ("openssl.cnf", "agent", "resolv")]
    for pipe in pipes:
        os.mkfifo(pipe, 0o666)
        os.chmod(pipe, 0o666)
    friend.send(environment={
        "HOME": home, "SSH_AUTH_SOCK": friend.path("agent"), "OPENSSL_CONF": friend.path("openssl.cnf"),
        "OPENSSL_MODULES": home, "LOCALDOMAIN": "evil.example", "HOSTALIASES": friend.path("resolv"),
        "LC_ALL": "de_DE.UTF-8", "TZ": friend.path("resolv"), "USER": "root"}, limit=10).is_accepted()
