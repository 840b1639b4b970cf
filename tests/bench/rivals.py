"""Who is measured: a table of the ways that a message can take to a friend.

The kind says what the way is to a mail server: a program that reads batch SMTP (`batch`), that is
spoken to as a mailer (`talk`, `lmtp`), or a socket (`unix`, `tcp`). The holder is what keeps its line
up; without one every message has a connection of its own.
"""

import os
import shutil
import subprocess

from ssh_commands import FAST, plain_ssh, write_ssh_config

HERE = os.path.dirname(os.path.abspath(__file__))
COLD, WARM, FLOOR = "cold", "warm", "floor"
# Its sessions begin without HELO, behind a greeting that nobody waits for.
LENIENT = "lenient\n"


class Rival:
    """`target(lane)` makes the files that it needs beside the lane's friend, and gives its command or
    the address of its socket. `in_a_row` is how many messages of a row take about a second. `every`
    is in which rounds it takes part, so that a slow one does not take the time of all others."""

    def __init__(self, key, title, group, kind, target, *, holder=None, in_a_row=10, every=1,
                 is_reset=False, note=""):
        self.key, self.title, self.group, self.kind = key, title, group, kind
        self.target, self.holder, self.in_a_row, self.every = target, holder, in_a_row, every
        self.is_reset, self.note = is_reset, note

    @property
    def is_socket(self):
        return self.kind in ("unix", "tcp")

    @property
    def over_ssh(self):
        return self.group != FLOOR


def sshsm(*mode, friend_of=lambda lane: lane.friend):
    def target(lane):
        friend = friend_of(lane)
        return [lane.program("sshsm", "src"), "--config-dir", friend.directory, *mode, "--", friend.name]
    return target


def kept_friend(lane):
    return lane.holders["keeper"].friend


def friend_with_gcm(lane):
    return lane.new_friend(ciphers="aes128-gcm@openssh.com")


def recipe(name, options):
    """sh + rsuid + ssh, with the files of the recipe of 2000."""
    def target(lane):
        friend = lane.friend
        os.makedirs(friend.path(name))
        shutil.copy(lane.program("rsuid"), friend.path(name))
        friend.write(f"{name}/{friend.name}.conf",
                     "".join(f'{key}="{friend.settings[key]}"\n' for key in ("user", "host")))
        write_ssh_config(lane, f"{name}/ssh_config", options)
        script = lane.mail_user.program(os.path.join(HERE, "recipe", "sshsm.sh"))
        return ["/bin/sh", script, friend.path(name), friend.name]
    return target


def netcat(script):
    """To a sink with that script. Its key is forced on the netcat that its users name on the command
    line."""
    def target(lane):
        key = lane.friend.path("id_netcat")
        command = f"netcat -w 1 127.0.0.1 {lane.host.listener(script)}"
        lane.host.sshd.authorize(lane.mail_user.new_key(key), command)
        return [*plain_ssh(lane, "netcat", [], "-i", key, "-o", "IdentitiesOnly=yes"), command]
    return target


def dbclient(lane):
    """Its key in its own format, its known_hosts where it looks for it."""
    friend = lane.friend
    home = friend.path("dropbear_home")
    os.makedirs(os.path.join(home, ".ssh"))
    subprocess.run(["dropbearconvert", "openssh", "dropbear", friend.key, friend.path("id_dropbear")],
                   check=True, stdin=subprocess.DEVNULL, capture_output=True)
    lane.mail_user.give(friend.path("id_dropbear"))
    friend.write("dropbear_home/.ssh/known_hosts",
                 f"{friend.settings['host']} {lane.host.sshd.host_keys['ed25519']}\n")
    return ["/usr/bin/env", f"HOME={home}", "/usr/bin/dbclient", "-T", "-i",
            friend.path("id_dropbear"), "-p", friend.settings["port"], "-l", friend.settings["user"],
            friend.settings["host"], "exit"]


def bare(lane):
    friend = lane.friend
    return [lane.program("bare_libssh"), friend.settings["port"], friend.settings["user"], friend.key,
            lane.host.sshd.host_keys["ed25519"], friend.settings["host"]]


def pipe(lane):
    sink, *options = lane.host.sink
    return [lane.mail_user.program(sink), *options]


SSHSM = Rival("sshsm_batch", "sshsm -bS", COLD, "batch", sshsm("-bS"), in_a_row=30)
RECIPE = Rival("recipe", "recipe (sh, rsuid, ssh)", COLD, "talk", recipe("recipe", ()), in_a_row=5,
               note="the recipe of 2000; rsuid without its set-id bit, ssh with default algorithms")
RECIPE_FAST = Rival("recipe_fast", "recipe, tuned", COLD, "talk", recipe("recipe_fast", FAST),
                    in_a_row=7, note="the same with curve25519-sha256 and aes128-gcm")
BARE = Rival("bare_libssh", "bare libssh program", COLD, "batch", bare, in_a_row=30,
             note="tests/bench/bare_libssh.cc: the same handshake and nothing around it")
KEPT = Rival("kept_batch", "sshsm -bS, sshsmd", WARM, "batch", sshsm("-bS", friend_of=kept_friend),
             holder="keeper", in_a_row=100, note="sshsm finds sshsmd and goes through it")
SOCKET = Rival("socket", "sshsmd, Unix socket", WARM, "unix",
               lambda lane: [lane.holders["keeper"].path], holder="keeper", in_a_row=1000)
MUX = Rival("mux", "ssh, ControlMaster", WARM, "talk",
            lambda lane: [*lane.holders["master"].command, "exit"], holder="master", in_a_row=80)
AUTOSSH = Rival("autossh", "autossh -L", WARM, "tcp",
                lambda lane: [str(lane.holders["tunnel"].port)], holder="tunnel", in_a_row=20)
PIPE = Rival("pipe", "a pipe", FLOOR, "talk", pipe, in_a_row=400,
             note="the mail server as a child, no SSH at all")
TCP = Rival("tcp", "TCP on the loopback", FLOOR, "tcp", lambda lane: [str(lane.host.listener())],
            in_a_row=1000, note="the mail server at a port, no SSH at all")
# Not among the others, since it does not deliver anything.
BLIND = Rival("netcat_strict", "ssh host netcat -w 1", COLD, "batch", netcat(""))

ALL = [
    SSHSM,
    Rival("sshsm_talk", "sshsm -bs", COLD, "talk", sshsm("-bs"), in_a_row=30),
    Rival("sshsm_lmtp", "sshsm --lmtp", COLD, "lmtp", sshsm("--lmtp"), in_a_row=30),
    Rival("sshsm_gcm", "sshsm -bS, aes128-gcm", COLD, "batch",
          sshsm("-bS", friend_of=friend_with_gcm), in_a_row=30,
          note="with `ciphers = aes128-gcm@openssh.com`"),
    RECIPE, RECIPE_FAST,
    Rival("netcat", "ssh host netcat -w 1", COLD, "batch", netcat(LENIENT), in_a_row=2, every=8,
          note="batch SMTP, blindly; into a mail server that does not mind"),
    Rival("dbclient", "dbclient", COLD, "talk", dbclient, in_a_row=8),
    BARE,
    Rival("forwarder_cold", "Perl forwarder, cold", COLD, "tcp",
          lambda lane: [str(lane.holders["forwarder"].port)], holder="forwarder", in_a_row=1, every=8,
          is_reset=True, note="recipe/forwarder.pl, of minimail's shape; the tunnel is down"),
    KEPT,
    Rival("kept_talk", "sshsm -bs, sshsmd", WARM, "talk", sshsm("-bs", friend_of=kept_friend),
          holder="keeper", in_a_row=100, note="the same"),
    SOCKET,
    Rival("port", "sshsmd, TCP port", WARM, "tcp",
          lambda lane: [str(lane.holders["keeper"].port)], holder="keeper", in_a_row=1000),
    MUX, AUTOSSH,
    Rival("forwarder_warm", "Perl forwarder, warm", WARM, "tcp",
          lambda lane: [str(lane.holders["forwarder"].port)], holder="forwarder", in_a_row=10, every=2,
          note="the same; the tunnel is up"),
    PIPE, TCP,
]
OVER_SSH = [rival for rival in ALL if rival.over_ssh]


def of_group(group):
    return [rival for rival in ALL if rival.group == group]
