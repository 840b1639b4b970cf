"""Starts programs as other users and with odd start-up states, and checks what they became."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

MAIL_USER = "nobody"
CALLER = "daemon"
UNKNOWN_UID = 1999999999
FOREIGN_GROUPS = [8, 9]
SECONDS = 20

REFUSED = ("4.3.5 sshsm: cannot become the mail user: {}; set run-as in sshsm.conf, or have sshsm "
           "started as the mail user\n")
PIPE_AND_XFSZ = "{:016x}".format(1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)
libc = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    pass


class Outcome:
    """How one run ended, with its `fact: value` lines."""

    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors
        self.facts = {}
        for line in output.splitlines():
            name, _, value = line.partition(":")
            self.facts[name] = " ".join(value.split())


class Place:
    """A directory that every user may search, with copies of the two programs."""

    def __init__(self, build):
        self.path = tempfile.mkdtemp(prefix="privilege_test.")
        os.chmod(self.path, 0o755)
        for name in ("launch_as_mailer", "show_identity"):
            shutil.copy(os.path.join(build, "tests", "tools", name), self.path)
            os.chmod(os.path.join(self.path, name), 0o755)
        self.launcher = os.path.join(self.path, "launch_as_mailer")
        self.show = os.path.join(self.path, "show_identity")

    def set_id_copy(self, user, group, mode):
        if os.statvfs(self.path).f_flag & os.ST_NOSUID:
            raise Skip(self.path + " is mounted nosuid")
        with open("/proc/self/status", encoding="ascii") as status:
            if "NoNewPrivs:\t1" in status.read():
                raise Skip("no_new_privs is set here, so set-id bits do not count")
        copy = "{}/show_{}_{}_{:o}".format(self.path, user, group, mode)
        shutil.copy(self.show, copy)
        os.chown(copy, user, group)
        os.chmod(copy, mode)
        return copy

    def output_file(self):
        number, path = tempfile.mkstemp(dir=self.path)
        os.close(number)
        os.chmod(path, 0o666)
        return path


def user_id(name):
    return pwd.getpwnam(name).pw_uid


def group_id(name):
    return pwd.getpwnam(name).pw_gid


def become(user, group, groups=()):
    os.setgroups(list(groups))
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def as_caller(groups=FOREIGN_GROUPS):
    return lambda: become(user_id(CALLER), group_id(CALLER), groups)


def run(arguments, prepare=None, environment=None, keep=(), stdin=subprocess.DEVNULL):
    done = subprocess.run(arguments, preexec_fn=prepare, env=environment, stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=keep,
                          timeout=SECONDS, check=False, encoding="utf-8")
    return Outcome(done.returncode, done.stdout, done.stderr)


def as_mailer(place, user, group, arguments=(), prepare=None):
    groups = ",".join(map(str, FOREIGN_GROUPS))
    return run([place.launcher, str(user), str(group), groups, place.show, *arguments], prepare)


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError("{}: found {!r}, wanted {!r}".format(what, found, wanted))


def four_times(number):
    """As /proc/PID/status shows it: real, effective, saved and file system id."""
    return " ".join([str(number)] * 4)


def expect_identity(outcome, user, group, groups):
    expect("status", (outcome.status, outcome.errors), (0, ""))
    facts = outcome.facts
    expect("Uid", facts["Uid"], four_times(user))
    expect("Gid", facts["Gid"], four_times(group))
    expect("Groups", sorted(map(int, facts["Groups"].split())), sorted(groups))
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        expect(name, facts[name], "0" * 16)
    expect("Root again", facts["Root again"], "no")
    expect_clean(facts)


def expect_clean(facts):
    numbers = [word.split("=")[0] for word in facts["Descriptors"].split()]
    expect("descriptors", numbers, ["0", "1", "2"])
    for name, value in (("NoNewPrivs", "1"), ("Dumpable", "0"), ("Core", "0"), ("Environment", "0"),
                        ("Umask now", "077"), ("SigIgn", PIPE_AND_XFSZ), ("SigBlk", "0" * 16)):
        expect(name, facts[name], value)
    if facts["Filter"] == "yes":
        expect("Seccomp", facts["Seccomp"], "2")


def expect_refusal(outcome, detail, words=None):
    expect("status", outcome.status, 75)
    expect("words", outcome.errors if words is None else words, REFUSED.format(detail))


def expect_mail_user(outcome):
    expect_identity(outcome, user_id(MAIL_USER), group_id(MAIL_USER),
                    os.getgrouplist(MAIL_USER, group_id(MAIL_USER)))


def with_group_file(place, line):
    """Gives one process a group file with one more line, in a mount namespace of its own."""
    if os.path.exists("/run/nscd/socket"):
        raise Skip("nscd answers for the group file")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        raise Skip("no private mount namespace here (in a chroot / is no mount point)")
    path = os.path.join(place.path, "group")
    with open("/etc/group", encoding="utf-8") as old, open(path, "w", encoding="utf-8") as new:
        new.write(old.read() + line)
    clone_newns, ms_bind, ms_rec, ms_private = 0x20000, 0x1000, 0x4000, 0x40000

    def prepare():
        for done in (libc.unshare(clone_newns),
                     libc.mount(None, b"/", None, ms_rec | ms_private, None),
                     libc.mount(path.encode(), b"/etc/group", None, ms_bind, None)):
            if done != 0:
                raise OSError(ctypes.get_errno(), "mount namespace")
    return prepare


def run_without(place, program, missing, identity=None):
    """Runs `program` with the descriptors `missing` closed; it writes to a file instead."""
    output = place.output_file()

    def prepare():
        if identity:
            identity()
        for number in missing:
            os.close(number)

    outcome = run([program, "--wait", "--output", output], prepare)
    with open(output, encoding="utf-8") as text:
        return Outcome(outcome.status, text.read(), outcome.errors)


def wait_until_ready(process):
    """The handlers are there and the program waits for input."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with open("/proc/{}/status".format(process.pid), encoding="utf-8") as status:
            lines = dict(line.split(":", 1) for line in status if ":" in line)
        if int(lines["SigCgt"], 16) and lines["Uid"].split()[0] == str(user_id(MAIL_USER)):
            return
        time.sleep(0.01)
    raise AssertionError("the program did not get as far as its input")


def start_waiting(arguments, prepare=None):
    process = subprocess.Popen(arguments, preexec_fn=prepare, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    wait_until_ready(process)
    return process


def finish(process):
    output, errors = process.communicate(timeout=SECONDS)
    return Outcome(process.returncode, output, errors)


def refused(action):
    """The errno of `action`, run in a child that `action` may change; 0 if it works."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
