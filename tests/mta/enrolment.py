"""From nothing to a delivered message: two commands on the sending side, one paste on the receiving side."""

from letter import Letter
from mail_root import USER
from pair import SSHSMCTL, STRICT
from registry import expect
from rows import in_each_direction, once_per_sender

AUTHORIZED_KEYS = f"/home/{USER}/.ssh/authorized_keys"


def read_out(friend):
    """What the friend reads out on the telephone."""
    line = friend.run("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").decode()
    return line.split()[1]


def enrol(pair, *more):
    """What the one command prints of use to the friend: the line for authorized_keys."""
    printed = pair.here.run(SSHSMCTL, "enrol", "myfriend", "--host", "mx.friend.example", "--user", USER,
                            "--fingerprint", read_out(pair.friend), *more).decode()
    lines = [line.strip() for line in printed.splitlines() if "ssh-ed25519 " in line]
    expect(len(lines), 1, f"key lines in:\n{printed}\n")
    return lines[0]


def check(pair, *more):
    printed = pair.here.run(SSHSMCTL, "check", "myfriend", "--to", "bob@friend.example", *more).decode()
    expect([line for line in printed.splitlines() if not line.startswith("ok ")], [],
           f"lines that are not ok in:\n{printed}\n")


def arrives(pair):
    pair.send(Letter("Grüße\n".encode()))
    pair.everything_arrived()


@in_each_direction("two_commands_and_a_paste_from_nothing_to_a_message", short=once_per_sender,
                   are_friends=False)
def two_commands_and_a_paste_from_nothing_to_a_message(pair):
    pair.friend.append(AUTHORIZED_KEYS, enrol(pair, "--for", pair.sender.root) + "\n")
    check(pair)
    arrives(pair)


@in_each_direction("the_same_through_smtp_address", are_friends=False, strict=True)
def the_same_through_smtp_address(pair):
    pair.friend.append(AUTHORIZED_KEYS, enrol(pair, "--smtp-address", STRICT) + "\n")
    check(pair)
    arrives(pair)
