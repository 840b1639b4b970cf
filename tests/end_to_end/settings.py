"""sshsmctl config and list: what is set where, and which friends there are."""

import os
import re
import time

from checking import host_key_of, run_ctl
from friend import ONE
from registry import case, expect

DAY = 24 * 3600


def settings_of(friend, *options):
    result = run_ctl(friend, "config", *options, "--", friend.name)
    expect((result.status, result.stderr), (0, ""), "status and standard error")
    return result.stdout.decode().splitlines()


@case
def every_setting_is_shown_with_its_place(bench):
    friend = bench.friend(settings={"timeout": "7"})
    own, defaults = friend.path("friend.conf"), friend.path("sshsm.conf")
    with open(defaults, "a", encoding="ascii") as file:
        file.write("\n# all of them\ntimeout = 9\nlinger = 3\n")
    with open(defaults, encoding="ascii") as file:
        numbers = {line.split(" = ")[0]: number for number, line in enumerate(file, 1)}
    lines = settings_of(friend)
    for wanted in (f"user = {friend.settings['user']} # {own}:1", f"host = 127.0.0.1 # {own}:2",
                   f"timeout = 7 # {own}:4", f"linger = 3 # {defaults}:{numbers['linger']}",
                   f"identity-file = {friend.key} # default", "connect-timeout = 30 # default",
                   "# bind-address is not set", "command = exit # default"):
        expect(wanted in [re.sub(" +#", " #", line) for line in lines], True, f"{wanted} in {lines}")
    expect([line.split()[0] for line in lines][:4], ["user", "host", "port", "identity-file"], "the order")


@case
def what_is_shown_means_the_same_when_it_is_read(bench):
    friend = bench.friend(settings={"helo": '"mx.here.example"'})
    def without_places(rows):
        return [re.sub(r"\s+# \S+$", "", row) for row in rows]
    lines = settings_of(friend)
    friend.write_configuration("".join(line + "\n" for line in lines if not line.startswith("run-as")))
    expect(without_places(settings_of(friend)), without_places(lines), "the same settings")
    friend.send(ONE).is_accepted()


@case
def a_command_that_does_not_count_is_not_shown(bench):
    friend = bench.friend(settings={"smtp-address": "127.0.0.1:25"})
    expect("# command is not set" in settings_of(friend), True, "command")


@case
def a_broken_configuration_is_told_in_one_sentence(bench):
    friend = bench.friend()
    friend.write_configuration("user = x\nhots = y\n")
    result = run_ctl(friend, "config", "--", friend.name)
    expect((result.status, result.stdout, result.stderr),
           (1, b"", f"sshsmctl: configuration error: {friend.path('friend.conf')}:2: unknown key \"hots\"; "
            "correct the line\n"), "what is said")


@case
def every_friend_is_listed_with_host_pins_and_the_age_of_the_key(bench):
    friend = bench.friend()
    port = friend.settings["port"]
    two_hosts = f"user = bob\nhost = mx1.friend.example mx2.friend.example\nhost-key = {friend.sshd.host_keys['ed25519']}\n"
    friend.write("alone.conf", two_hosts)
    for name in ("notes.txt", ".hidden.conf", "friend.conf~", "-x.conf"):
        friend.write(name, "nonsense\n")
    made = time.time() - 12 * DAY - 60
    os.utime(friend.key, (made, made))
    run_ctl(friend, "list").prints(
        0, f"alone           bob at mx1.friend.example, mx2.friend.example, {host_key_of(friend)}, our key 12 "
        "days old",
        f"friend          {friend.settings['user']} at 127.0.0.1 port {port}, {host_key_of(friend)}, our key "
        "12 days old")


@case
def a_broken_friend_is_listed_with_its_error_and_hides_no_other(bench):
    friend = bench.friend()
    friend.write("a-broken.conf", "user = x\nhots = y\n")
    friend.write("unpinned.conf", "user = bob\nhost = mx.friend.example\n")
    friend.write("without-key.conf", f"user = bob\nhost = mx\nhost-key = {friend.sshd.host_keys['ed25519']}\n"
                 "identity-file = no-such-key\n")
    run_ctl(friend, "list").prints(
        1, f"a-broken        4.3.5 sshsm: a-broken: configuration error: {friend.path('a-broken.conf')}:2: unknown "
        'key "hots"; correct the line',
        f"friend          {friend.settings['user']} at 127.0.0.1 port {friend.settings['port']}, "
        f"{host_key_of(friend)}, our key 0 days old",
        "unpinned        4.7.5 sshsm: unpinned (mx.friend.example): no host key is pinned: mx.friend.example port 22 "
        f"in {friend.path('known_hosts')}; pin the host's key, as its owner read it out: sshsmctl trust --add unpinned",
        f"without-key     4.7.5 sshsm: without-key (mx): cannot read the private key: {friend.path('no-such-key')}: No "
        "such file or directory; make one with ssh-keygen -t ed25519 -N '', or give this one to the mail user, mode "
        "0600")


@case
def a_directory_without_friends_says_so(bench):
    friend = bench.friend()
    os.remove(friend.path("friend.conf"))
    run_ctl(friend, "list").prints(0, f"no destination in {friend.directory}; sshsmctl enrol makes one")
