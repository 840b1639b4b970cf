"""sshsmd and programs that nobody here has written: swaks and Python's smtplib speak to it, and a
proxy-command carries its line."""

import os
import shutil
import smtplib
import subprocess
import sys

from friend import LETTER, canonical
from keeper_rig import KeptFriend
from proxy_command import RELAY, program
from registry import Skip, case, expect
from servers import free_port

SENDER, RECIPIENTS = "alice@here.example", ["bob@friend.example", "carol@friend.example"]
# As another user, with a library that everybody has.
STRANGER = """
import os, smtplib, sys
os.setgroups([]), os.setgid(12345), os.setuid(12345)
try:
    smtplib.LMTP(sys.argv[1]).noop()
except smtplib.SMTPConnectError as error:
    print(error.smtp_code, error.smtp_error.decode())
"""


def with_port(bench, **settings):
    """A keeper that has a port besides its Unix socket."""
    kept = KeptFriend(bench, is_started=False, is_met=True, **settings)
    kept.port = free_port()
    kept.friend.settings["listen"] += f"\nlisten = smtp:127.0.0.1:{kept.port}"
    kept.friend.write_configuration()
    kept.start()
    return kept


def swaks(kept, *words):
    path = shutil.which("swaks")
    if not path:
        raise Skip("there is no swaks")
    return subprocess.run(
        [path, "--from", SENDER, "--to", ",".join(RECIPIENTS), "--helo", "here.example", "--data", "-", *words],
        input=LETTER.rstrip(b"\n"), capture_output=True, timeout=30, check=False, env=kept.rig.environment)


def arrived(kept, count):
    kept.delivers(count)
    expect(kept.friend.messages(), [canonical(LETTER)] * count, "what was sent")


@case
def swaks_sends_to_the_port(bench):
    kept = with_port(bench)
    for _ in range(2):
        done = swaks(kept, "--server", "127.0.0.1", "--port", str(kept.port))
        expect(done.returncode, 0, done.stdout.decode())
    arrived(kept, 2)
    expect(kept.status()["dials"], 1, "dials")


@case
def swaks_speaks_lmtp_to_the_socket(bench):
    kept = KeptFriend(bench, "reply RCPT <carol@friend.example> 550 5.1.1 no such user", listen="lmtp")
    done = swaks(kept, "--socket", kept.path, "--protocol", "LMTP")
    expect(b"<** 550 5.1.1 no such user" in done.stdout, True, done.stdout.decode())
    expect(done.returncode, 0, done.stdout.decode())
    arrived(kept, 1)


@case
def smtplib_sends_to_the_port_and_hears_who_was_refused(bench):
    kept = with_port(bench, script="reply RCPT <carol@friend.example> 550 5.1.1 no such user")
    with smtplib.SMTP("127.0.0.1", kept.port, "here.example", 30) as client:
        for _ in range(3):
            refused = client.sendmail(SENDER, RECIPIENTS, canonical(LETTER))
            expect(refused, {RECIPIENTS[1]: (550, b"5.1.1 no such user")}, "who was refused")
    arrived(kept, 3)


@case
def smtplib_speaks_lmtp_to_the_socket(bench):
    kept = KeptFriend(bench, listen="lmtp")
    with smtplib.LMTP(kept.path) as client:
        client.sendmail(SENDER, RECIPIENTS[:1], canonical(LETTER))
        client.sendmail(SENDER, RECIPIENTS[:1], canonical(LETTER))
    arrived(kept, 2)


@case(root=True)
def smtplib_of_a_user_who_is_not_allowed_is_told_so(bench):
    kept = KeptFriend(bench, is_met=True, listen="lmtp")
    os.chmod(kept.path, 0o666)
    os.chmod(kept.directory, 0o755)
    done = subprocess.run([sys.executable, "-c", STRANGER, kept.path], capture_output=True, text=True, timeout=30,
                          check=False, cwd="/")
    expect((done.stdout, done.stderr), ("421 4.7.1 sshsm: friend: this user may not use the keeper: uid 12345; name him "
                                        "in allow-users, and start the keeper again\n", ""), "what he is told")
    expect(kept.status()["dials"], 0, "dials")


@case
def a_line_that_a_proxy_command_carries_stays_up(bench):
    friend = bench.friend()
    friend.settings["proxy-command"] = f"{program(friend, 'proxy', RELAY)} %h %p"
    kept = KeptFriend(bench, is_met=True, friend=friend)
    for _ in range(3):
        client = kept.greeted()
        client.send_letter()
        client.quit()
    kept.delivers(3)
    expect((kept.status()["dials"], kept.status()["failures"]), (1, 0), "dials and failures")
