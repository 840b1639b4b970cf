#!/usr/bin/python3
"""Holds the units of contrib/systemd to what systemd's own tools say of them.

    units.py BUILDDIR

Offline: no systemd runs, and nothing is installed. Last line: `N passed, N failed, N skipped`.
"""

import os
import shutil
import subprocess
import sys
import tempfile

# Tenths of systemd's measure of exposure, of 100.
MAX_EXPOSURE = "20"

tally = {"passed": 0, "failed": 0, "skipped": 0}


def note(kind, name, words=""):
    tally[kind] += 1
    print({"passed": "PASS", "failed": "FAIL", "skipped": "SKIP"}[kind], name, words.strip(),
          flush=True)


def run(*command):
    """(exit status, everything it said)"""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
                          env={**os.environ, "XDG_RUNTIME_DIR": tempfile.gettempdir()})
    return done.returncode, done.stdout


def check(name, tool, *arguments, silent=False):
    """Passes where the tool ends with 0 and, if it is to be silent, in silence."""
    if not shutil.which(tool):
        return note("skipped", name, f"there is no {tool}")
    status, words = run(tool, *arguments)
    good = status == 0 and not (silent and words)
    return note("passed" if good else "failed", name, "" if good else f"\n{words}")


def make_units(build, directory):
    """Instances of the built templates, with the built program."""
    made = {}
    for source, target in (("sshsmd@.service", "sshsmd@friend.service"),
                           ("sshsmd@.socket", "sshsmd@friend.socket"),
                           ("user-sshsmd@.service", "user/sshsmd@friend.service")):
        path = os.path.join(directory, target)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.path.join(build, "contrib", "systemd", source), encoding="utf-8") as file:
            text = file.read()
        lines = [f"ExecStart={build}/src/sshsmd " + line.split(" ", 1)[1]
                 if line.startswith("ExecStart=") else line for line in text.splitlines()]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        made[source] = path
    return made


def check_user_and_directory(build, root):
    """The mail user and the meeting place, made in a root directory of their own."""
    if os.geteuid() != 0:
        return note("skipped", "the mail user and /run/sshsm are made", "needs root")
    for name, tool in (("sysusers", "systemd-sysusers"), ("tmpfiles", "systemd-tmpfiles")):
        if not shutil.which(tool):
            return note("skipped", "the mail user and /run/sshsm are made", f"there is no {tool}")
        os.makedirs(os.path.join(root, "etc"), exist_ok=True)
        options = ["--create"] if name == "tmpfiles" else []
        status, words = run(tool, *options, f"--root={root}",
                            os.path.join(build, "contrib", "systemd", name + ".conf"))
        if status != 0:
            return note("failed", f"{tool} takes {name}.conf", f"\n{words}")
    with open(os.path.join(root, "etc", "passwd"), encoding="utf-8") as file:
        users = {line.split(":")[0]: int(line.split(":")[2]) for line in file}
    place = os.stat(os.path.join(root, "run", "sshsm"))
    good = len(users) == 1 and place.st_uid in users.values() and place.st_mode & 0o7777 == 0o755
    return note("passed" if good else "failed", "the mail user and /run/sshsm are made",
                "" if good else f"{users} {oct(place.st_mode)} {place.st_uid}")


def main(build):
    build = os.path.abspath(build)
    with tempfile.TemporaryDirectory() as directory:
        units = make_units(build, directory)
        check("the service is exposed to 2 of 10 at most", "systemd-analyze", "security",
              "--offline=true", "--threshold=" + MAX_EXPOSURE, units["sshsmd@.service"])
        for name in ("sshsmd@.service", "sshsmd@.socket"):
            check(f"systemd understands every line of {name}", "systemd-analyze", "verify",
                  "--man=no", units[name], silent=True)
        check("systemd understands every line of user/sshsmd@.service", "systemd-analyze", "--user",
              "verify", "--man=no", units["user-sshsmd@.service"], silent=True)
        check_user_and_directory(build, os.path.join(directory, "root"))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**tally))
    sys.exit(1 if tally["failed"] or not sum(tally.values()) else 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
