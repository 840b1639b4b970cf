"""Who starts sshsm: sendmail with the flag S, a set-id copy's caller. Both get the mail through as the
mail user, and what a stranger may not choose is refused."""

import os
import subprocess

from friend import LETTER, ONE, canonical
from registry import case, expect
from set_id import SetIdCopy, copy_of


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
    result = SetIdCopy(bench, friend).run("sshsm", *arguments)
    expect(result.stdout, b"", "standard output")
    return result.status, result.stderr


@case
def a_set_id_copy_serves_a_stranger_but_takes_no_configuration_from_him(bench):
    friend = bench.friend()
    result = as_stranger(bench, friend, "--config-dir", friend.directory, "-bS", "--", "friend")
    expect(result, (75, "4.3.5 sshsm: friend: cannot use these arguments: --config-dir is only for root "
                        "and the mail user; see sshsm --help\n"), "status and words")
    friend.received_nothing()
    expect(as_stranger(bench, friend, "-bS", "--", "friend"), (0, ""), "status and words")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")
