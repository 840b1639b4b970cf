"""A message for a case, and how to know it again."""

import itertools

_numbers = itertools.count(1)
SENDER = "alice@here.example"
BOB = "bob@friend.example"


class Letter:
    """`body` is bytes with LF line ends. `sender` may be empty."""

    def __init__(self, body=b"Hello Bob.\n", sender=SENDER, recipients=(BOB,)):
        self.body, self.sender, self.recipients = body, sender, list(recipients)
        self.subject = f"letter {next(_numbers)}"

    def text(self):
        headers = (f"From: {self.sender or 'mailer-daemon@here.example'}\nTo: {self.recipients[0]}\n"
                   f"Subject: {self.subject}\nMIME-Version: 1.0\n"
                   "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n")
        return headers.encode() + self.body

    def is_in(self, headers):
        return f"\nSubject: {self.subject}\n".encode() in b"\n" + headers + b"\n"
