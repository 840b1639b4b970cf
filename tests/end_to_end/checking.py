"""What `sshsmctl check` prints, put together for literal comparison."""

import re
import subprocess

from servers import fingerprint

TRY = "; then try: sshsmctl check friend"
GREETING = '"220 sink.example ESMTP mail sink"'
OFFER = "PIPELINING, 8BITMIME, SIZE 52428800, ENHANCEDSTATUSCODES"
BYE = '"221 2.0.0 closing"'
STEPS = ("configuration", "files", "sandbox", "names", "connection", "banner", "host key",
         "authentication", "forced command", "forwarding", "smtp-address", "greeting", "EHLO", "MAIL",
         "RCPT", "RSET", "QUIT")


def run_ctl(friend, verb, *options, **more):
    return friend.bench.run(verb, "--config-dir", friend.directory, *options,
                            program=friend.rig.sshsmctl, **more)


def run_check(friend, *options, **more):
    return run_ctl(friend, "check", *options, "--", friend.name, **more)


def line(verdict, step, seen):
    return f"{verdict:<6}{step:<16}{seen} (N ms)"


def key_of(friend):
    with open(friend.key + ".pub", encoding="ascii") as file:
        return "ED25519 " + fingerprint(" ".join(file.read().split()[:2]))


def host_key_of(friend):
    return "ED25519 " + fingerprint(friend.sshd.host_keys["ed25519"])


def pin_of(friend):
    """The first one."""
    with open(friend.path("known_hosts"), encoding="ascii") as file:
        words = file.readline().split()
    return "ED25519 " + fingerprint(" ".join(words[1:3])) if words else ""


def banner():
    words = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    return '"SSH-2.0-' + re.match(r"(OpenSSH_\S+( [^ ,]+)?)", words)[1] + '"'


def all_seen(friend, **changes):
    """{step: what is seen} where all is well; `changes` name steps with _ for a blank or hyphen."""
    host, port = friend.settings["host"], friend.settings["port"]
    sandbox = "on" if friend.rig.is_built_with_sandbox() else "not available on this machine"
    seen = {
        "configuration": f"{friend.path(friend.name)}.conf, as {friend.rig.mail_user.pw_name}",
        "files": f"key {key_of(friend)}, pinned {pin_of(friend)}",
        "sandbox": f"Landlock {sandbox}, seccomp {sandbox}",
        "names": f"{host}: 127.0.0.1",
        "connection": f"127.0.0.1 port {port}",
        "banner": banner(),
        "host key": f"{host_key_of(friend)} is pinned",
        "authentication": f"{friend.settings['user']} with our key {key_of(friend)}",
        "forced command": "ours was ignored",
        "forwarding": "refused in both directions",
        "greeting": GREETING,
        "EHLO": OFFER,
        "QUIT": BYE,
    }
    for name, words in changes.items():
        step = next(step for step in STEPS if re.sub("[ -]", "_", step) == name)
        seen[step] = words
    return {step: seen[step] for step in STEPS if step in seen}


def lines_to(friend, last, **changes):
    """The lines of the steps before `last`, all of them well."""
    lines = []
    for step, words in all_seen(friend, **changes).items():
        if step == last:
            return lines
        lines.append(line("ok", step, words))
    return lines


def all_lines(friend, **changes):
    return lines_to(friend, None, **changes)


def fails_with(friend, step, whole, remedy=None, *options, prefix=(), **changes):
    """Checks, and compares every line: all steps before `step` are well, and that one not. `whole` is the
    line that sshsm says; the remedy stands in it where none is given."""
    words = re.sub(r"^\S+ sshsm: [^:]*: ", "", whole)
    if remedy is None:
        remedy = re.sub(r': "[^"]*"$', "", words).split("; ", 1)[1]
    summary = max((name for name in friend.rig.causes if words.startswith(name)), key=len)
    result = run_check(friend, *options, prefix=prefix)
    result.prints(1, *lines_to(friend, step, **changes), line("FAIL", step, summary), whole,
                  "remedy: " + remedy)
    return result


def fails(friend, step, sentence, remedy=None, *options, early=False, **changes):
    """The same, with the sentence as it stands behind the names of sshsm and the friend."""
    return fails_with(friend, step, (friend.early_line if early else friend.line)(sentence), remedy,
                      *options, **changes)
