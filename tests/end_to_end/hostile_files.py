"""What somebody puts in the place of the program's files, where a directory or a link lets him."""

import os
import shutil
import socket
import subprocess

from registry import case, expect
from set_id import PLAIN, STRANGER, SetIdCopy

NO_KEY = ("4.7.5 cannot read the private key: /etc/sshsm/id_ed25519: {}; make one with ssh-keygen -t ed25519 -N '', or "
          "give this one to the mail user, mode 0600")
NO_PINS = ("4.7.5 cannot read the known hosts: /etc/sshsm/known_hosts: {}; let the mail user read the file, or pin the "
           "host's key, as its owner read it out: sshsmctl trust --add friend")
IN_PLACE_OF_A_FILE = (("fifo", "not a regular file"), ("device", "not a regular file"), ("directory", "not a regular file"),
                      ("socket", "No such device or address"), ("stranger", "Permission denied"),
                      ("open to all", ""))
WHOSE = "it must be root's or the mail user's (root's, where it says run-as), and nobody else's to write"
NOT_TRUSTED = {"id_ed25519": ("4.7.5 private key file not to be trusted: /etc/sshsm/id_ed25519: owned by uid 1; give it to "
                              "the mail user with mode 0600"),
               "known_hosts": "4.3.5 configuration file not to be trusted: /etc/sshsm/known_hosts: owned by uid 1; " + WHOSE}




def put_in_place(path, kind, owner):
    """Something else where the program looks for its file."""
    os.rename(path, path + ".own")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        os.symlink("/dev/zero", path)
    elif kind == "directory":
        os.mkdir(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
    else:
        shutil.copy(path + ".own", path + ".his")
        os.chmod(path + ".his", 0o600 if kind == "stranger" else 0o644)
        os.chown(path + ".his", STRANGER, STRANGER)
        os.symlink(os.path.basename(path) + ".his", path)
    if kind in ("fifo", "directory", "socket"):
        os.chown(path, owner, -1)


@case(root=True)
def what_is_no_file_of_its_own_is_not_read_for_one(bench):
    for name, sentence in (("id_ed25519", NO_KEY), ("known_hosts", NO_PINS)):
        for kind, why in IN_PLACE_OF_A_FILE:
            friend = bench.friend()
            put_in_place(friend.path(name), kind, bench.rig.mail_user.pw_uid)
            copy = SetIdCopy(bench, friend)
            result = copy.run(*PLAIN)
            line = sentence.format(why) if why else NOT_TRUSTED[name]
            result.says(75, friend.line(line.replace("/etc/sshsm", copy.place)))
            friend.received_nothing()


@case(root=True)
def a_link_that_is_turned_all_the_time_never_leads_to_a_strangers_file(bench):
    friend = bench.friend()
    copy = SetIdCopy(bench, friend)
    with socket.create_server(("127.0.0.1", 0)) as his:
        his.setblocking(False)
        path = friend.path("friend.conf")
        os.rename(path, path + ".own")
        with open(path + ".own", encoding="utf-8") as own, open(path + ".his", "w", encoding="utf-8") as file:
            file.write(own.read().replace(f"port = {friend.sshd.port}", f"port = {his.getsockname()[1]}"))
        os.chown(path + ".his", STRANGER, STRANGER)
        os.symlink("friend.conf.own", path)
        turner = subprocess.Popen(["sh", "-c", 'cd "$0" && while :; do ln -sf friend.conf.his n && mv -f n friend.conf; '
                                   "ln -sf friend.conf.own n && mv -f n friend.conf; done", friend.directory])
        bench.at_end(lambda: (turner.kill(), turner.wait()))
        statuses = []
        for _ in range(20):
            result = copy.run(*PLAIN)
            statuses.append(result.status)
            if result.status:
                result.says(75, friend.early_line("4.3.5 configuration file not to be trusted: "
                                                  f"{copy.place}/friend.conf: owned by uid 1; {WHOSE}"))
        expect(set(statuses), {0, 75}, "his file is met, and our own")
        expect(len(friend.messages()), statuses.count(0), "delivered messages")
        try:
            his.accept()
            raise AssertionError("the stranger's host was dialled")
        except BlockingIOError:
            pass
