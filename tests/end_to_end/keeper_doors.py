"""sshsmd: who may come in where, and what one who is slow or stays costs the others."""

import os
import resource
import socket
import stat
import subprocess
import sys
import threading

from keeper_clients import is_served_well
from keeper_rig import DATA, MAIL, MESSAGE, RCPT, KeptFriend, Speaker
from keeper_start import run_keeper, run_keeper_of
from registry import Skip, case, expect
from rig import Result

# Connects as another user and shows what he is told.
STRANGER = """
import os, socket, sys
os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
with socket.socket(socket.AF_UNIX) as client:
    client.connect(sys.argv[1])
    sys.stdout.write(client.makefile(newline="").read())
"""


@case(root=True)
def a_user_who_is_not_allowed_is_told_so_and_mail_from_him_is_not_taken(bench):
    kept = KeptFriend(bench, is_met=True)
    os.chmod(kept.path, 0o666)
    os.chmod(kept.directory, 0o755)
    told = subprocess.run([sys.executable, "-c", STRANGER, kept.path, "12345"], capture_output=True,
                          timeout=20, check=True)
    result = Result(0, told.stdout, b"", 0, kept.rig, (0, 0))
    kept.rig.note(result)
    result.replies(0, "421 4.7.1 sshsm: friend: this user may not use the keeper: uid 12345; name him "
                      "in allow-users, and start the keeper again")
    expect(kept.status()["dials"], 0, "dials")


@case(root=True)
def a_user_in_allow_users_is_served_but_not_at_the_meeting_place(bench):
    kept = KeptFriend(bench, is_met=True, allow_users="daemon")
    os.chmod(kept.directory, 0o755)
    for path, is_served in ((kept.path, True), (kept.friend.path("friend.sock"), False)):
        os.chmod(path, 0o666)
        code = STRANGER.replace("client.makefile(newline=\"\").read()",
                                "client.recv(4).decode() + \"\\n\"")
        told = subprocess.run([sys.executable, "-c", code, path, "1"], capture_output=True, text=True,
                              timeout=20, check=True)
        expect(told.stdout, "220 \n" if is_served else "421 \n", f"what he hears at {path}")


@case(root=True)
def root_binds_a_low_port_and_is_the_mail_user_then(bench):
    kept = KeptFriend(bench, is_started=False, is_met=True)
    port = next(port for port in range(700, 1024) if is_free(port))
    kept.friend.settings["listen"] = f"smtp:127.0.0.1:{port}\nlisten = smtp:{kept.path}"
    kept.friend.write_configuration()
    kept.start()
    speaker = Speaker(("127.0.0.1", port))
    bench.at_end(speaker.close)
    speaker.greet().send_letter()
    with open(f"/proc/{kept.process.pid}/status", encoding="ascii") as file:
        ids = [line.split()[1:] for line in file if line.startswith("Uid:")]
    expect(ids, [[str(kept.rig.mail_user.pw_uid)] * 4], "the keeper's user")


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@case
def the_sockets_are_for_the_mail_user_and_his_group(bench):
    kept = KeptFriend(bench, is_met=True)
    for path in (kept.path, kept.friend.path("friend.sock"), kept.friend.path("friend.status")):
        expect(stat.S_IMODE(os.stat(path).st_mode), 0o660, f"the mode of {path}")
        expect(os.stat(path).st_gid, kept.rig.mail_user.pw_gid, f"the group of {path}")


@case
def a_port_that_others_than_this_machine_reach_is_refused(bench):
    kept = KeptFriend(bench, is_started=False)
    for value in ("smtp:0.0.0.0:2525", "lmtp:[::]:2525", "192.0.2.1:25"):
        kept.friend.settings["listen"] = value
        kept.friend.write_configuration()
        run_keeper_of(kept).says(
            75, f'4.3.5 sshsmd: friend: configuration error: {kept.friend.path("friend.conf")}:5: listen: "{value}" '
                "is not smtp: or lmtp: before a Unix path or loopback HOST:PORT; correct the line")


@case
def a_low_port_is_roots_to_open(bench):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
        if int(file.read()) < 1024:
            raise Skip("every port is for everybody here")
    kept = KeptFriend(bench, is_started=False)
    kept.friend.settings["listen"] = "smtp:127.0.0.1:1023"
    kept.friend.write_configuration()
    user = kept.rig.mail_user
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if kept.rig.is_root else {}
    run_keeper(kept, "--config-dir", kept.friend.directory, "friend", **identity).says(
        75, "4.3.5 sshsmd: friend: cannot listen: smtp:127.0.0.1:1023: Permission denied, for low ports are root's: "
            "let root start sshsmd, or systemd make the socket; check listen in the configuration, and what else "
            "listens there")


def say_slowly(client, text, is_over):
    """An octet a second."""
    for octet in text:
        if is_over.wait(1):
            return
        client.say(octet)


@case
def clients_who_say_an_octet_a_second_hold_up_nobody(bench):
    kept = KeptFriend(bench, max_sessions="3", max_connections="1")
    is_over = threading.Event()
    bench.at_end(is_over.set)
    for beginning in ([], [MAIL, RCPT], [MAIL, RCPT, DATA]):
        client = kept.greeted()
        for command in beginning:
            client.ask(command)
        threading.Thread(target=say_slowly, args=(client, MESSAGE.decode(), is_over), daemon=True).start()
    for _ in range(3):
        is_served_well(kept)
        bench.pause(1)


@case
def the_last_of_a_thousand_clients_is_served_and_one_more_is_told(bench):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench.at_end(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
    kept = KeptFriend(bench)
    idle = [kept.speaker() for _ in range(999)]
    for client in idle:
        expect(client.hear()[0][:3], "220", "his greeting")
    is_served_well(kept)
    last = kept.greeted()
    expect(kept.speaker().hear(), ["421 4.3.1 sshsm: friend: this machine has no resources left: 1000 clients; the "
                                   "mail waits in the queue"], "what one more is told")
    last.send_letter()
    kept.delivers(6)
    last.quit()
    bench.wait_until(kept.greets, "his place is free")
