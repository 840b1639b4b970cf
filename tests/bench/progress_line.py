"""One line on standard error that says where we are."""

import sys
import time


class Progress:
    def __init__(self):
        self._began = time.monotonic()
        self._what = ""

    @property
    def seconds(self):
        return time.monotonic() - self._began

    def begin(self, what):
        self._what = what
        self._say("")

    def step(self, done, of):
        if sys.stderr.isatty():
            self._say(f" {done + 1}/{of}")

    def _say(self, more):
        before, behind = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")
        sys.stderr.write(f"{before}bench: {self.seconds:4.0f} s: {self._what}{more}{behind}")
        sys.stderr.flush()

    def end(self):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
