"""Sessions with the real sendmail through `sshsm -bs`, of every shape that its callers have.

As in sendmail.py each accepted message must stand once in sendmail's queue. The last cases name no
mode.
"""

import os
import smtplib

from registry import case, expect
from sendmail import HELLO, numbered
from sendmail_host import Letter, SendmailHost
from talk import Talk

HELLO_WORDS = ["ENHANCEDSTATUSCODES", "PIPELINING", "8BITMIME", "SIZE", "DSN"]


class Session:
    """Somebody in an `sshsm -bs` who waits for each answer."""

    def __init__(self, host, mode=("-bs",), eol="\r\n"):
        self.host, self.eol = host, eol
        self.talk = Talk(host.start(*mode))
        self.is_answered("220", self.talk.hear())

    @staticmethod
    def is_answered(code, reply):
        expect([line[:3] for line in reply], [code] * max(1, len(reply)), f"codes of {reply!r}")
        return reply

    def ask(self, command, code):
        return self.is_answered(code, self.talk.ask(command, self.eol))

    def group(self, lines, *codes):
        """Several commands in one write, and their answers."""
        self.talk.say("".join(line + self.eol for line in lines))
        for code in codes:
            self.is_answered(code, self.talk.hear())

    def send(self, letter):
        for command in letter.envelope():
            self.ask(command.decode(), "354" if command == b"DATA" else "250")
        self.is_answered("250", self.talk.ask(letter.data(self.eol.encode())))

    def leave(self, status=0):
        self.ask("QUIT", "221")
        return self.end(status)

    def end(self, status):
        result = self.talk.end()
        self.host.results.append(result)
        result.has_status(status)
        expect(result.stderr, "", "standard error")
        return result


class PipedSmtp(smtplib.SMTP):
    """Python's own client, over the pipes of an sshsm."""

    class Pipes:
        def __init__(self, process):
            self._process = process

        def sendall(self, data):
            self._process.stdin.write(data)
            self._process.stdin.flush()

        def makefile(self, _mode):
            return os.fdopen(os.dup(self._process.stdout.fileno()), "rb")

        def close(self):
            pass

    def __init__(self, running):
        super().__init__(local_hostname="here.example")
        self.sock = self.Pipes(running.process)
        expect(self.getreply()[0], 220, "the greeting")


@case(root=True)
def sendmail_as_a_client_gets_its_mail_through(bench):
    # Its bytes: EHLO, MAIL with parameters, the recipients and DATA in one write, the text, QUIT.
    host = SendmailHost(bench)
    session = Session(host)
    reply = session.ask("EHLO here.example", "250")
    expect([line[4:].split()[0] for line in reply[1:]], HELLO_WORDS, "what EHLO offers")
    letter = Letter("Grüße\n".encode() + b".\n..x\n" + b"z" * 989 + b"\n",
                    recipients=[b"<bob@friend.example>", b"<carol@friend.example>"])
    session.ask("MAIL From:<alice@here.example> SIZE=1031 BODY=8BITMIME RET=FULL", "250")
    session.group(["RCPT To:<bob@friend.example> NOTIFY=SUCCESS,FAILURE",
                   "RCPT To:<carol@friend.example> ORCPT=rfc822;carol@friend.example", "DATA"],
                  "250", "250", "354")
    session.is_answered("250", session.talk.ask(letter.data()))
    session.leave()
    [message] = host.holds(letter)
    expect((message.body_type, message.original_recipients),
           (b"8BITMIME", [b"rfc822;carol@friend.example"]), "parameters")


@case(root=True)
def pythons_client_gets_its_mail_through(bench):
    host = SendmailHost(bench)
    running = host.start("-bs")
    client = PipedSmtp(running)
    letters = [HELLO, *numbered(3), Letter(b".\n..\n\xe4\n", b"Subject: dots\n")]
    for letter in letters:
        refused = client.sendmail("alice@here.example", ["bob@friend.example"],
                                  letter.text().replace(b"\n", b"\r\n"))
        expect(refused, {}, "refused recipients")
    expect(client.noop()[0], 250, "NOOP")
    expect(client.verify("bob@friend.example")[0], 252, "VRFY")
    expect(client.quit()[0], 221, "QUIT")
    result = running.finish(b"")
    host.results.append(result)
    result.is_accepted()
    host.holds(*letters)


@case(root=True)
def a_web_frameworks_client_gets_several_messages_through(bench):
    # Symfony's and Swift Mailer's: an address for a name, one command at a time, RSET and NOOP
    # between messages, and at last no QUIT but the end.
    host = SendmailHost(bench)
    session = Session(host)
    session.ask("EHLO [127.0.0.1]", "250")
    letters = numbered(12)
    for number, letter in enumerate(letters):
        session.send(letter)
        session.ask("NOOP" if number % 2 else "RSET", "250")
    session.end(0)
    host.holds(*letters)


@case(root=True)
def rset_in_the_middle_leaves_nothing_behind(bench):
    host = SendmailHost(bench)
    session = Session(host)
    session.ask("EHLO here.example", "250")
    session.ask("MAIL FROM:<wrong@here.example>", "250")
    session.ask("RSET", "250")
    session.group(["MAIL FROM:<wrong@here.example>", "RCPT TO:<wrong@friend.example>", "RSET",
                   "MAIL FROM:<wrong@here.example>", "RSET"], *["250"] * 5)
    session.send(HELLO)
    session.ask("HELO here.example", "250")
    session.send(numbered(1)[0])
    session.ask("MAIL FROM:<wrong@here.example>", "250")
    session.ask("RCPT TO:<wrong@friend.example>", "250")
    session.leave()
    host.holds(HELLO, *numbered(1))


@case(root=True)
def sendmail_never_hears_of_a_command_that_is_not_passed(bench):
    host = SendmailHost(bench)
    session = Session(host)
    session.ask("EHLO here.example", "250")
    for command in ("STARTTLS", "AUTH PLAIN AGEAYg==", "ETRN friend.example", "BDAT 0 LAST", "XCLIENT A=b",
                    "TURN", "VERB ON", "DEBUG", "", " ", "foo bar", "<html>"):
        session.ask(command, "502")
    session.ask("HELP", "214")
    session.ask("VRFY bob@friend.example", "252")
    # More bad commands than sendmail takes without slowing down.
    for _ in range(30):
        session.ask("XFOO", "502")
    session.send(HELLO)
    session.leave()
    host.holds(HELLO)


@case(root=True)
def a_session_typed_with_lf_gets_its_mail_through(bench):
    host = SendmailHost(bench)
    session = Session(host, eol="\n")
    session.ask("helo here.example", "250")
    session.send(HELLO)
    session.send(Letter(b".\nnot: the end\n", b"Subject: dot\n"))
    session.leave()
    host.holds(HELLO, Letter(b".\nnot: the end\n", b"Subject: dot\n"))


@case(root=True)
def a_session_written_in_one_piece_gets_its_mail_through(bench):
    # Before the greeting, behind EHLO and behind DATA: to sendmail itself each would be
    # 554 5.5.0 and then 550 to everything.
    for eol in (b"\r\n", b"\n"):
        host = SendmailHost(bench) if eol == b"\r\n" else host
        letters = numbered(8)
        stdin = b"EHLO here.example" + eol + b"".join(one.batch(eol) for one in letters) + b"QUIT" + eol
        result = host.run(stdin, "-bs")
        result.has_status(0)
        codes = [line[:3] for line in result.stdout.splitlines() if line[3:4] == b" "]
        expect(codes, [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 8, b"221"], "answers")
    host.holds(*letters, *letters)


@case(root=True)
def pipelined_groups_get_their_mail_through(bench):
    host = SendmailHost(bench)
    session = Session(host)
    session.ask("EHLO here.example", "250")
    letters = numbered(20)
    for letter in letters:
        session.group([line.decode() for line in letter.envelope()], "250", "250", "354")
        session.talk.say(letter.data() + b"NOOP\r\n")
        session.is_answered("250", session.talk.hear())
        session.is_answered("250", session.talk.hear())
    session.leave()
    host.holds(*letters)


@case(root=True)
def odd_bodies_pass_through_a_session_as_they_were(bench):
    host = SendmailHost(bench)
    session = Session(host)
    session.ask("EHLO here.example", "250")
    line = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich\n".encode()
    letters = [
        Letter(b".\n..\n...\n. \n" + b"." * 3000 + b"\n", b"Subject: dots\n"),
        Letter(bytes(n for n in range(1, 256) if n not in (10, 13)) + b"\n", b"Subject: octets\n"),
        Letter(b"", b"Subject: no body\n"), Letter(b"body alone\n", b""),
        Letter(b"x" * 2500 + b"\n" + b"y" * 70000 + b"\n", b"Subject: long\n"),
        Letter(line * (2 * 1024 * 1024 // len(line)), b"Subject: big\n"),
        Letter(b"it failed\n", b"Subject: bounce\n", sender=b"<>"),
        Letter(b"to all\n", b"Subject: all\n", recipients=[b"<p%d@friend.example>" % n for n in range(150)]),
        Letter(b"QUIT\nRSET\n554 5.5.0 no error\n", b"Subject: words\n")]
    for letter in letters:
        session.send(letter)
    session.leave()
    host.holds(*letters)


@case(root=True)
def what_sendmail_refuses_in_a_session_is_told_and_the_rest_arrives(bench):
    host = SendmailHost(bench)
    session = Session(host)
    session.ask("EHLO here.example", "250")
    expect(session.ask("MAIL FROM:<x@nowhere.example>", "451"),
           ["451 4.1.8 Domain of sender address x@nowhere.example does not resolve"], "the reply")
    session.send(HELLO)
    for command in Letter(b"a\0b\n").envelope():
        session.ask(command.decode(), "354" if command == b"DATA" else "250")
    session.is_answered("554", session.talk.ask(Letter(b"a\0b\n").data()))
    session.send(numbered(1)[0])
    session.leave(75)
    host.holds(HELLO, *numbered(1))


@case(root=True)
def bare_line_ends_in_a_session_are_line_ends_before_sendmail_sees_them(bench):
    host = SendmailHost(bench)
    session = Session(host)
    session.ask("EHLO here.example", "250")
    session.group([line.decode() for line in HELLO.envelope()], "250", "250", "354")
    session.is_answered("250", session.talk.ask(
        b"Subject: bare\r\n\r\none\ntwo\rthree\r\r\n..four\n.\nfive\r.\r\nsix\r\n.\r\n"))
    session.ask("MAIL FROM:<a@here.example>\rRCPT TO:<victim@friend.example>", "451")
    session.leave()
    host.holds(Letter(b"one\ntwo\nthree\n\n.four\n.\nfive\n.\nsix\n", b"Subject: bare\n"))


@case(root=True)
def a_session_cut_off_anywhere_leaves_sendmail_with_whole_messages_only(bench):
    host = SendmailHost(bench)
    second = b"EHLO here.example\r\n" + HELLO.batch() + numbered(1)[0].batch()
    first = len(second) - len(numbered(1)[0].batch())
    for length in range(len(second) - 1, first, -11):
        host.run(second[:length], "-bs").has_status(75)
    host.holds(*[HELLO] * len(host.results))


@case(root=True)
def eight_sessions_at_once_lose_nothing(bench):
    host = SendmailHost(bench)
    sessions = [Session(host) for _ in range(8)]
    for session in sessions:
        session.ask("EHLO here.example", "250")
    for letter in numbered(3):
        for session in sessions:
            session.send(letter)
    for session in sessions:
        session.leave()
    host.holds(*numbered(3) * 8)


@case(root=True)
def without_a_mode_sendmail_gets_batches_and_sessions(bench):
    host = SendmailHost(bench)
    for eol in (b"\r\n", b"\n"):
        host.run(b"".join(letter.batch(eol) for letter in numbered(5))).is_accepted()
    session = Session(host, mode=())
    session.ask("EHLO here.example", "250")
    session.send(HELLO)
    session.leave()
    host.holds(*numbered(5) * 2, HELLO)
