"""Somebody who speaks SMTP to an sshsm over its standard input and output, and listens."""

import os
import select
import time

from registry import expect

# No single answer may take longer.
ANSWER_LIMIT = 20


class Talk:
    def __init__(self, running, terminal=None):
        self.running = running
        process = running.process
        self.input = process.stdin.fileno() if terminal is None else terminal
        self.output = process.stdout.fileno() if terminal is None else terminal
        self.heard = b""
        self._unread = b""

    def hear(self):
        """The lines of one reply, without line ends; [] where there is none any more."""
        lines = []
        while not lines or lines[-1][3:4] == "-":
            line = self._read_line()
            if not line:
                return lines
            lines.append(line)
        return lines

    def _read_line(self):
        limit = time.monotonic() + ANSWER_LIMIT
        while b"\n" not in self._unread:
            if not self._read_piece(limit):
                return ""
        line, self._unread = self._unread.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise AssertionError(f"a reply line without CRLF: {line!r}")
        return line[:-1].decode()

    def _read_piece(self, limit):
        if not select.select([self.output], [], [], max(0, limit - time.monotonic()))[0]:
            raise AssertionError(f"no answer within {ANSWER_LIMIT} s behind {self.heard!r}")
        piece = os.read(self.output, 65536)
        self.heard += piece
        self._unread += piece
        return piece

    def wait_for(self, text):
        """Everything heard so far, once the text is in it."""
        limit = time.monotonic() + ANSWER_LIMIT
        while text not in self.heard and self._read_piece(limit):
            pass
        return self.heard

    def wait_for_count(self, text, count):
        """The same, once the text is in it so many times."""
        limit = time.monotonic() + ANSWER_LIMIT
        while self.heard.count(text) < count and self._read_piece(limit):
            pass
        return self.heard

    def drain(self):
        """What is there to be heard already."""
        while select.select([self.output], [], [], 0)[0] and self._read_piece(time.monotonic() + 1):
            pass
        return self.heard

    def say(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        while data:
            data = data[os.write(self.input, data):]

    def ask(self, command, eol="\r\n"):
        self.say(command if isinstance(command, bytes) else command + eol)
        return self.hear()

    def follow(self, *exchanges):
        """(what is said, the one line of the answer), compared literally."""
        for command, answer in exchanges:
            expect(self.ask(command), [answer], f"the answer to {command!r}")

    def end(self, limit=20):
        """Closes the input; the Result has everything that was heard."""
        result = self.running.finish(b"", limit)
        result.stdout = self.heard + result.stdout
        self.running.note(result)
        return result
