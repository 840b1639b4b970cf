"""sshsmd: who is greeted, how soon, and how many at a time."""

import os
import pwd
import socket
import subprocess
import sys
import time

from keeper_rig import ACCEPTED, CLOSING, ENVELOPE, MESSAGE, KeptFriend, Speaker
from registry import case, expect

OF_ONE_USER = 250
# Connects so many times as another user, says how many were greeted, and what the last one was told;
# holds them until its input ends.
CROWD = """
import os, socket, sys
path, user, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setgroups([]), os.setgid(user), os.setuid(user)
crowd = []
for _ in range(count):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    crowd.append(client)
    words = client.makefile(newline="").readline()
    print(words.rstrip(), flush=True)
sys.stdin.read()
"""


@case
def a_client_is_greeted_at_once_though_every_session_is_in_a_message(bench):
    kept = KeptFriend(bench, "offer DSN", max_sessions="1", max_connections="1")
    first = kept.speaker()
    first.hear()
    first.ask("EHLO client.example")
    first.follow(*ENVELOPE)
    began = time.monotonic()
    second = kept.speaker()
    expect(second.hear()[0][:4], "220 ", "the greeting")
    expect(second.ask("EHLO client.example")[-1], "250 DSN", "what is offered last")
    expect(time.monotonic() - began < 1, True, "at once")
    second.follow(("NOOP", "250 2.0.0 sshsm: friend (127.0.0.1): here"), ("QUIT", CLOSING))
    first.follow((MESSAGE, ACCEPTED))
    kept.delivers(1)


@case
def a_client_for_whom_there_is_no_line_is_told_so_before_he_gives_up(bench):
    """However long wait-timeout is: who sends mail waits five minutes for a greeting."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kept = KeptFriend(bench, port=str(silent.getsockname()[1]), wait_timeout="600", greeting_timeout="1",
                          connect_timeout="60")
        kept.pin_any_port()
        began = time.monotonic()
        answer = kept.speaker().hear()
        seconds = time.monotonic() - began
        expect(answer[0][:4], "421 ", f"the greeting {answer}")
        expect(0.9 < seconds < 5, True, f"within greeting-timeout ({seconds:.1f} s)")


@case(root=True)
def one_user_cannot_keep_the_mail_server_out(bench):
    kept = KeptFriend(bench, is_met=True, allow_users="daemon")
    kept.greeted().send_letter()
    user = pwd.getpwnam("daemon").pw_uid
    for directory in (kept.directory, kept.friend.directory):
        os.chmod(directory, 0o755)
    os.chmod(kept.path, 0o666)
    crowd = subprocess.Popen([sys.executable, "-c", CROWD, kept.path, str(user), str(OF_ONE_USER + 2)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    bench.at_end(lambda: (crowd.kill(), crowd.wait(), crowd.stdout.close(), crowd.stdin.close()))
    told = [crowd.stdout.readline().rstrip("\n") for _ in range(OF_ONE_USER + 2)]
    expect({line[:4] for line in told[:OF_ONE_USER]}, {"220 "}, "who was greeted")
    refusal = (f"421 4.3.1 sshsm: friend: this machine has no resources left: 250 clients of uid {user}; the mail "
               "waits in the queue")
    expect(told[OF_ONE_USER:], [refusal] * 2, "who was not")
    lines = [line for line in kept.said().splitlines() if "turned away" in line]
    expect(len(lines), 1, f"lines about it: {lines}")
    expect(lines[0].endswith(f"a client is turned away: 250 clients of uid {user} are connected, and no more may be"),
           True, lines[0])
    kept.friend.send().is_accepted()
    client = Speaker(kept.path)
    bench.at_end(client.close)
    client.greet().send_letter()
    crowd.stdin.close()
    bench.wait_until(lambda: kept.status()["clients"] < 5, "they are gone")
    again = subprocess.run([sys.executable, "-c", CROWD, kept.path, str(user), "1"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=20, check=False)
    expect(again.stdout[:4], "220 ", "one of them comes again")
