#!/usr/bin/env python3
"""Makes the inputs that the fuzzers begin with: the dialogues of tests/dialogues in the form of each
target, the files of known_hosts_cases.py, and some configuration.

usage: seeds.py DIRECTORY

The form of an input is said at the head of each target.
"""

import hashlib
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DIALOGUES = os.path.join(os.path.dirname(HERE), "dialogues")
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "end_to_end"))

# The orders of script.h.
CALLER, SERVER, END, LOST, HOLD, FLOW, ONE = (bytes([0xf0 + i]) for i in range(7))
CHANNEL_ENDS, IDLE = b"\xfd", b"\xfe"
WHOLE, OCTETS, PIECES = b"\x01\xff", b"\x00", b"\x03\x02\x06\x00"

SETTINGS = """
port = 2222
identity-file = keys/id_ed25519
certificate-file = /etc/sshsm/id_ed25519-cert.pub
known-hosts-file = /etc/ssh/ssh_known_hosts
host-key = ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
host-key-alias = friend
command = "sendmail -bs"
smtp-address = [2001:db8::1]:25
smtp-address = localhost:25
address-family = inet6
bind-address = 192.0.2.1
proxy-command = /usr/bin/nc -X 5 %h %p
connect-timeout = 10
dot-timeout = 600
server-alive-interval = 0
ciphers = chacha20-poly1305@openssh.com,aes256-ctr
macs = hmac-sha2-256-etm@openssh.com
kex-algorithms = curve25519-sha256
helo = mail.here.example
run-as = bsmtp
listen = smtp:/run/sshsm/friend.smtp
listen = lmtp:127.0.0.1:2525
linger = 10
persistent = yes
max-sessions = 3
messages-per-session = 10
allow-users = exim postfix
metrics-file = /var/lib/node/sshsm.prom
host = "mx.friend.example mx2.friend.example"
""".strip().split("\n")


def octets_of(text):
    """The octets that `\\r`, `\\xNN` and so on in a dialogue stand for."""
    def replace(match):
        escape = match.group(1)
        return bytes([int(escape[1:], 16)]) if escape[:1] == b"x" else \
            {b"r": b"\r", b"n": b"\n", b"\\": b"\\"}[escape]
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rn\\])", replace, text.encode("latin-1"))


def dialogues_in(folder):
    """Each dialogue's lines, with the opening of its file before them."""
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".txt"):
            continue
        with open(os.path.join(folder, name), encoding="latin-1") as file:
            opening, *rest = re.split(r"^== .*\n", file.read(), flags=re.M)
        for part in rest or [""]:
            yield [line for line in (opening + part).split("\n") if line and line[0] != "#"]


def text_behind(line, mark):
    """What stands behind a mark, or None."""
    if not line.startswith(mark):
        return None
    return octets_of(line[len(mark):].removeprefix(" "))


def client_script(lines):
    script, messages = b"", b""
    for line in lines:
        said, words = text_behind(line, "S:"), line.split(" ")
        if said is not None:
            script += said + b"\r\n"
        elif words[0] in ("message", "stream"):
            recipients = sum(word.startswith("<") for word in words) - 1
            is_streamed = 4 if words[0] == "stream" else 0
            messages += bytes([0x50 | is_streamed | ((max(recipients, 1) - 1) & 3)])
        elif words[0] == "close":
            script += LOST
    messages = messages[:4] or b"\x50"
    return bytes([len(messages) - 1]) + messages + script


def first_octet(lines, is_keeper):
    word, _, count = lines[0].partition(" ")
    if word not in ("lmtp", "smtp", "meeting"):
        return b"\x01" if word == "may-not-listen" else b"\x00"
    without_chunks = 16 if word == "smtp" else 0
    if is_keeper:
        return bytes([0x0e | without_chunks | (word == "lmtp")])
    return bytes([(int(count) - 1) % 4 * 4 + (0 if word == "lmtp" else 3) + without_chunks])


def session_script(lines, is_keeper=False):
    """The keeper's mail servers have greeted before they are lent."""
    script, line_end, is_greeting = first_octet(lines, is_keeper), b"\r\n", False
    orders = {"end": END, "lose": LOST, "channel-ends": CHANNEL_ENDS, "idle": IDLE}
    for line in lines[1:]:
        word, _, argument = line.partition(" ")
        caller, octets, server = (text_behind(line, mark) for mark in ("caller:", "octets:", "server:"))
        if caller is not None or octets is not None:
            is_greeting = False
            script += CALLER + (octets if caller is None else caller + line_end)
        elif server is not None:
            is_greeting = is_keeper and (is_greeting or server.startswith(b"220"))
            script += b"" if is_greeting else SERVER + server + b"\r\n"
        elif word == "line-end":
            line_end = b"\n" if argument == "LF" else b"\r\n"
        elif word == "takes":
            script += FLOW if argument == "all" else HOLD + ONE * min(int(argument), 100)
        else:
            script += orders.get(word, b"")
    return script


def said_in(lines, *marks):
    texts = (text_behind(line, mark) for line in lines for mark in marks)
    return [text for text in texts if text is not None]


def seeds_of_dialogues():
    client = list(dialogues_in(DIALOGUES))
    relay = list(dialogues_in(os.path.join(DIALOGUES, "relay")))
    server = list(dialogues_in(os.path.join(DIALOGUES, "server")))
    yield from (("client", client_script(lines)) for lines in client)
    yield from (("relay", session_script(lines)) for lines in relay)
    yield from (("lmtp", session_script(lines)) for lines in server)
    yield from (("keeper", session_script(lines, True)) for lines in server)
    for lines in client + relay + server:
        said = said_in(lines, "S:", "server:")
        yield "reply", PIECES + b"\r\n".join(said) + b"\r\n"
        yield "capabilities", b"\n".join(line[4:] for line in said if line.startswith(b"250"))
    for lines in relay + server:
        yield "batch", WHOLE + b"\r\n".join(said_in(lines, "caller:")) + b"\r\n"
        yield "batch", OCTETS + b"\n".join(said_in(lines, "caller:", "octets:")) + b"\n"


def seeds_of_known_hosts():
    from known_hosts_cases import CASES  # pylint: disable=import-outside-toplevel
    from known_hosts_oracle import Keys  # pylint: disable=import-outside-toplevel
    with tempfile.TemporaryDirectory() as directory:
        keys = Keys(directory)
        for one in CASES:
            subject = bytes([2 if one.alias else 1 if one.port != 22 else 0])
            text = "\n".join(keys.fill(text) for text in one.files)
            if len(text) < 4000:
                yield "known_hosts", subject + text.encode("latin-1")


def seeds_of_configuration():
    start = "user = bob\nhost = mx.friend.example\n"
    for line in SETTINGS:
        yield "configuration", (start + line + " # why\n").encode()
        yield "configuration", (start + "\n%\n" + line + "\n").encode()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for seeds in (seeds_of_dialogues, seeds_of_known_hosts, seeds_of_configuration):
        for target, seed in seeds():
            folder = os.path.join(sys.argv[1], target)
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, hashlib.sha1(seed).hexdigest()), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
