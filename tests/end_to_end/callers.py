"""Who starts sshsm: sendmail with the flag S, a set-id copy's caller. Both get the mail through as the
mail user, and what a stranger may not choose is refused."""

import os
import shutil
import subprocess

from friend import LETTER, ONE, canonical
from registry import Skip, case, expect

STRANGER = 1
# Gives the process after it another /etc/sshsm and another user; no such namespace outlives it.
WITH_CONFIGURATION = ('mount --bind "$0" "$1" && user=$2 && shift 2 && '
                      'exec setpriv --reuid "$user" --regid "$user" --clear-groups "$@"')


def copy_of(bench, friend, name, mode=0o755):
    """A copy of the program where every user can reach it."""
    if not bench.rig.is_root:
        raise Skip("only root can start a program as somebody else")
    if bench.rig.wrapper:
        raise Skip("a wrapper cannot start a program as somebody else")
    copy = friend.path(name)
    shutil.copy(bench.rig.sshsm, copy)
    os.chown(copy, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
    os.chmod(copy, mode)
    return copy


def run(bench, friend, command):
    process = subprocess.run(command, input=ONE, capture_output=True, timeout=30, cwd="/")
    expect(process.stdout, b"", "standard output")
    return process.returncode, process.stderr.decode()


@case
def sendmails_flag_s_gets_the_mail_through(bench):
    friend = bench.friend()
    program = copy_of(bench, friend, "sshsm")
    user = bench.rig.mail_user
    launcher = os.path.join(os.path.dirname(bench.rig.sink), "launch_as_mailer")
    result = run(bench, friend, [launcher, str(user.pw_uid), str(user.pw_gid), "1,2", program,
                                 *friend.arguments()])
    expect(result, (0, ""), "status and words")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


def as_stranger(bench, friend, *arguments):
    program = copy_of(bench, friend, "set_id_sshsm", 0o4755)
    if os.statvfs(program).f_flag & os.ST_NOSUID:
        raise Skip("the test directory is mounted nosuid")
    built_in = subprocess.run([bench.rig.sshsm, "--help"], capture_output=True, text=True,
                              check=True).stdout.split("Configuration: ")[1].rsplit("/", 1)[0]
    was_missing = not os.path.isdir(built_in)
    os.makedirs(built_in, exist_ok=True)
    try:
        return run(bench, friend, ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c",
                                   WITH_CONFIGURATION, friend.directory, built_in, str(STRANGER),
                                   program, *arguments])
    finally:
        if was_missing:
            os.rmdir(built_in)


@case
def a_set_id_copy_serves_a_stranger_but_takes_no_configuration_from_him(bench):
    if bench.rig.syslog.reason:
        raise Skip("no private mount namespace here")
    friend = bench.friend()
    result = as_stranger(bench, friend, "--config-dir", friend.directory, "-bS", "--", "friend")
    expect(result, (75, "4.3.5 sshsm: friend: cannot use these arguments: --config-dir is only for root "
                        "and the mail user; see sshsm --help\n"), "status and words")
    friend.received_nothing()
    expect(as_stranger(bench, friend, "-bS", "--", "friend"), (0, ""), "status and words")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")
