"""Who is measured: a table of the commands that carry one message to a friend.

A rival that talks is run as a mail server runs a mailer: it carries an SMTP session on its standard
input and output, and launch is the client in it. The others read the message as batch SMTP.
"""

import os
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
SSH_AS_IT_COMES = ()
SSH_WITH_FAST_ALGORITHMS = ("KexAlgorithms curve25519-sha256", "Ciphers aes128-gcm@openssh.com")


class Rival:
    """`prepare(lane)` makes the files it needs beside the lane's friend, and gives its command."""

    def __init__(self, name, title, prepare, talks, over_ssh=True):
        self.name = name
        self.title = title
        self.prepare = prepare
        self.talks = talks
        self.over_ssh = over_ssh


def sshsm(lane):
    return [lane.rig.sshsm, *lane.friend.arguments()]


def recipe(name, ssh_options):
    """sh + rsuid + ssh, with the files of the recipe of 2000."""
    def prepare(lane):
        friend = lane.friend
        directory = friend.path(name)
        os.makedirs(directory)
        shutil.copy(os.path.join(lane.rig.build, "tests", "bench", "rsuid"), directory)
        friend.write(f"{name}/{friend.name}.conf",
                     "".join(f'{key}="{friend.settings[key]}"\n' for key in ("user", "host")))
        options = ["CheckHostIp no", "BatchMode yes", "StrictHostKeyChecking yes",
                   f"Port {friend.settings['port']}", f"IdentityFile {friend.key}",
                   f"UserKnownHostsFile {friend.path('known_hosts')}", *ssh_options]
        friend.write(f"{name}/ssh_config",
                     "host *\n" + "".join(f"\t{option}\n" for option in options))
        return ["/bin/sh", os.path.join(HERE, "recipe", "sshsm.sh"), directory, friend.name]
    return prepare


def sink(lane):
    return lane.sink_command()


SSHSM = Rival("sshsm", "sshsm", sshsm, talks=False)
RECIPE = Rival("recipe", "recipe", recipe("recipe", SSH_AS_IT_COMES), talks=True)
FAST = Rival("fast", "fast ssh", recipe("fast", SSH_WITH_FAST_ALGORITHMS), talks=True)
SINK = Rival("sink", "sink", sink, talks=True, over_ssh=False)

ALL = [SSHSM, RECIPE, FAST, SINK]
OVER_SSH = [rival for rival in ALL if rival.over_ssh]
LEGEND = [
    "sshsm:    sshsm -bS friend < message",
    "recipe:   the recipe of 2000 (sh, rsuid without its set-id bit, ssh with default algorithms), "
    "spoken to as sendmail speaks to a mailer",
    "fast ssh: the same with curve25519-sha256 and aes128-gcm",
    "sink:     the mail server as a child, no SSH at all: the floor",
]
