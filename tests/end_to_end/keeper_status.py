"""sshsmctl status: what a keeper tells of itself, and what is said where there is none."""

import json
import os
import subprocess

from registry import case, expect
from stand_in import StandIn, leave_dead_socket, stranger_at

UP = {"destination": "friend", "is_up": True, "since": 1700000100, "host": "mx.friend.example",
      "address": "192.0.2.1", "messages_accepted": 60}
DOWN = {"destination": "friend", "is_up": False, "since": 1700000100,
        "last_failure": "cannot connect", "last_failure_at": 1700000100}


def ask(friend, *words, status=0):
    """(standard output, standard error) of sshsmctl status."""
    command = [os.path.join(friend.rig.build, "src", "sshsmctl"), "status", "--config-dir",
               friend.directory, *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**friend.rig.environment, "TZ": "UTC"}, timeout=30, check=False)
    expect(done.returncode, status, f"the exit status, with {done.stderr!r}")
    return done.stdout, done.stderr


def telling(bench, friend, name, status):
    StandIn(bench, friend.path(name + ".status"), words=json.dumps(status).encode() + b"\n")


@case
def a_keeper_tells_how_it_is(bench):
    friend = bench.friend()
    telling(bench, friend, "friend", UP)
    out, err = ask(friend, "friend")
    expect(err, "", "standard error")
    expect(out.splitlines()[0].startswith("friend: up to mx.friend.example [192.0.2.1] since 2023-"),
           True, out)
    expect("messages: 60 accepted, 0 refused, 0 deferred" in out, True, out)
    out, _ = ask(friend, "friend", "--json")
    expect(json.loads(out), UP, "the object")


@case
def a_line_that_is_down_because_of_a_failure_is_status_1(bench):
    friend = bench.friend()
    telling(bench, friend, "friend", DOWN)
    out, _ = ask(friend, "friend", status=1)
    expect(out.splitlines()[0].startswith("friend: no line since "), True, out)
    expect(out.splitlines()[-1].endswith(": cannot connect"), True, out)


@case
def without_a_name_every_keeper_is_asked(bench):
    friend = bench.friend()
    telling(bench, friend, "friend", UP)
    telling(bench, friend, "another", dict(UP, destination="another"))
    leave_dead_socket(friend.path("killed.status"))
    out, _ = ask(friend)
    expect([line.split(":")[0] for line in out.splitlines() if line[0] != " "],
           ["another", "friend"], "the keepers")
    out, _ = ask(friend, "--json")
    expect(json.loads(out), [dict(UP, destination="another"), UP], "the objects")


@case
def where_no_keeper_runs_that_is_said(bench):
    friend = bench.friend()
    expect(ask(friend, "friend", status=1), ("", "sshsmctl: no keeper of friend runs\n"), "the words")
    expect(ask(friend, status=1), ("", f"sshsmctl: no keeper runs in {friend.directory}\n"),
           "the words")
    leave_dead_socket(friend.path("friend.status"))
    expect(ask(friend, "friend", status=1), ("", "sshsmctl: no keeper of friend runs\n"), "the words")


@case
def what_is_no_status_is_not_shown(bench):
    friend = bench.friend()
    StandIn(bench, friend.path("friend.status"), words=b"\x1b[2J" * 100)
    expect(ask(friend, "friend", status=1),
           ("", "sshsmctl: what the keeper of friend tells is no status\n"), "the words")
    StandIn(bench, friend.path("other.status"), words=b" " * 20000)
    expect(ask(friend, "other", status=1), ("", "sshsmctl: the keeper of other tells too much\n"),
           "the words")


@case(root=True)
def another_users_socket_is_not_asked(bench):
    friend = bench.friend()
    os.chmod(friend.directory, 0o777)
    path = friend.path("friend.status")
    expect(stranger_at(bench, path, 12345), True, "the stranger listens")
    expect(ask(friend, "friend", status=1),
           ("", f"sshsmctl: {path}: uid 12345 listens there, who is neither root nor the mail user; "
                "not used\n"), "the words")
