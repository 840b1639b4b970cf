"""A caller who means harm: what an ordinary user can hand to a set-id copy, do to it while it holds the key, or
put in the place of its files. Needs root, which plays the ordinary user and the mail user."""

import ctypes
import os
import signal
import socket
import stat
import struct
import subprocess

from friend import LETTER, ONE, canonical
from keeper_rig import KeptFriend
from privilege_rig import become, refused
from registry import Skip, case, expect
from set_id import PLAIN, STRANGER, SetIdCopy

libc = ctypes.CDLL(None, use_errno=True)
IN_OPEN, PTRACE_ATTACH = 0x20, 16
SYS_PIDFD_GETFD, SYS_PROCESS_VM_READV = 438, 310


class Trap:
    """A directory where every opening is noticed."""

    def __init__(self, bench, path):
        os.mkdir(path)
        self.path = path
        for name in ("lib.so", "openssl.cnf", "hosts", "zone", "gconv-modules", "messages"):
            with open(os.path.join(path, name), "w", encoding="ascii") as file:
                file.write("trap\n")
        self.watch = libc.inotify_init1(os.O_NONBLOCK)
        libc.inotify_add_watch(self.watch, path.encode(), IN_OPEN)
        self.agent = socket.socket(socket.AF_UNIX)
        self.agent.bind(os.path.join(path, "agent"))
        self.agent.listen()
        self.agent.setblocking(False)
        os.chmod(os.path.join(path, "agent"), 0o777)
        bench.at_end(lambda: (os.close(self.watch), self.agent.close()))

    def opened(self):
        """The names of what was opened since."""
        try:
            events = os.read(self.watch, 65536)
        except BlockingIOError:
            return []
        names = []
        while events:
            size = struct.unpack_from("iIII", events)[3]
            names.append(events[16:16 + size].rstrip(b"\0").decode())
            events = events[16 + size:]
        return names

    def was_asked(self):
        try:
            self.agent.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def environment(self):
        def at(name):
            return os.path.join(self.path, name)
        return {"LD_PRELOAD": at("lib.so"), "LD_AUDIT": at("lib.so"), "LD_LIBRARY_PATH": self.path, "LD_DEBUG": "all",
                "LD_BIND_NOW": "1", "MALLOC_CHECK_": "3", "MALLOC_PERTURB_": "5",
                "GLIBC_TUNABLES": "glibc.malloc.check=3", "RES_OPTIONS": "ndots:15", "LOCALDOMAIN": "evil.example",
                "HOSTALIASES": at("hosts"), "TZ": ":" + at("zone"), "TZDIR": self.path, "GCONV_PATH": self.path,
                "LOCPATH": self.path, "LANG": "xx_XX", "NLSPATH": at("messages"), "OPENSSL_CONF": at("openssl.cnf"),
                "OPENSSL_MODULES": self.path, "OPENSSL_ENGINES": self.path, "SSL_CERT_FILE": at("messages"),
                "SSH_AUTH_SOCK": at("agent"), "HOME": self.path, "TMPDIR": self.path, "KRB5_CONFIG": at("messages"),
                "NOTIFY_SOCKET": at("agent"), "LISTEN_FDS": "5", "LISTEN_PID": "1", "IFS": "/", "PATH": self.path}


@case(root=True)
def an_environment_full_of_traps_opens_nothing_and_changes_nothing(bench):
    friend = bench.friend()
    copy = SetIdCopy(bench, friend)
    trap = Trap(bench, friend.path("trap"))
    # The trap works: a program that is not set-id walks into it.
    subprocess.run(["true"], env={**os.environ, "LD_PRELOAD": os.path.join(trap.path, "lib.so")},
                   capture_output=True, check=False)
    expect(trap.opened()[:1], ["lib.so"], "what true opened")
    copy.run(*PLAIN, environment={**bench.rig.environment, **trap.environment()}).is_accepted()
    expect((trap.opened(), trap.was_asked()), ([], False), "what was opened, and the agent")
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


NO_ARGUMENTS = "cannot use these arguments: {}; see sshsm --help"
NO_NAME = 'not a destination name: "{}"; use letters, digits, dots, underscores and hyphens, 64 at most'
HARMFUL = (
    ([""], NO_NAME.format("")),
    (["-bS", "--", ""], NO_NAME.format("")),
    (["-bS", "--", "../friend"], NO_NAME.format("../friend")),
    (["-bS", "--", "sshsm"], NO_NAME.format("sshsm")),
    (["-bS", "--", "fri\nend"], NO_NAME.format("fri\\x0aend")),
    (["-bS", "--", "x" * 100000], NO_NAME.format("x" * 61 + "...")),
    (["-bS", "--conf", "/tmp", "--", "friend"], NO_ARGUMENTS.format("unrecognised option '--conf'")),
    (["-bS", *["-v"] * 5000, "--", "friend"], NO_ARGUMENTS.format("option '-v' cannot be specified more than once")),
    (["-bS", "--", "friend", "friend"],
     NO_ARGUMENTS.format("too many positional options have been specified on the command line")),
    (["-bS", "--config-dir", "/tmp", "--", "friend"],
     "friend: " + NO_ARGUMENTS.format("--config-dir is only for root and the mail user")),
    (["-bS", "--config-dir=/tmp", "--", "friend"],
     "friend: " + NO_ARGUMENTS.format("--config-dir is only for root and the mail user")),
    (["-bS", "--rest", "/tmp/sshsm-rest", "--", "friend"],
     "friend: " + NO_ARGUMENTS.format("--rest is only for root and the mail user")),
)


@case(root=True)
def arguments_that_mean_harm_are_refused(bench):
    friend = bench.friend()
    copy = SetIdCopy(bench, friend)
    for words, sentence in HARMFUL:
        copy.run("sshsm", *words).says(75, "4.3.5 sshsm: " + sentence)
    expect(os.path.exists("/tmp/sshsm-rest"), False, "a file was made")
    # Not even a name of its own: a kernel before 5.18 hands that on, a later one makes it "".
    result = copy.run()
    result.has_status(75)
    expect(result.stdout.splitlines()[0].decode(), "421 4.3.5 sshsm: " + NO_ARGUMENTS.format("no destination is named"),
           "what is told")
    friend.received_nothing()


# Without room for the loader the kernel or it ends the program before it begins: no mail server takes a signal or
# 127 for success, and what a caller takes from himself is his own mail alone.
BEFORE_MAIN = {"NOFILE=0": 127, "NOFILE=3": 127, "STACK=0": -signal.SIGSEGV, "AS=0": -signal.SIGSEGV,
               "DATA=0": -signal.SIGSEGV, "CPU=0": -signal.SIGKILL}


@case(root=True)
def limits_of_nothing_deliver_or_defer(bench):
    if not bench.rig.is_built_with_sandbox():
        raise Skip("a sanitizer has larger needs")
    for limit in (*BEFORE_MAIN, "FSIZE=0", "CORE=0", "MEMLOCK=0", "SIGPENDING=0", "MSGQUEUE=0", "NPROC=0", "AS=40000000"):
        friend = bench.friend()
        result = SetIdCopy(bench, friend).run(*PLAIN, limits=limit)
        expect(result.status in (0, 75, BEFORE_MAIN.get(limit)), True, f"{limit}: status {result.status}")
        expect(len(friend.messages()), 1 if result.status == 0 else 0, f"{limit}: messages")
        if result.status == 75:
            expect(result.stderr, friend.line("4.3.1 this machine has no resources left: Resource temporarily "
                                              "unavailable; the mail waits in the queue") + "\n", limit)


LATE = ("4.4.7 the batch takes too long: its first message did not come; send fewer messages at once or raise "
        "batch-timeout")


@case(root=True)
def descriptors_that_are_none_for_mail_deliver_nothing(bench):
    friend = bench.friend(settings={"timeout": "2", "batch-timeout": "2"})
    copy = SetIdCopy(bench, friend)
    empty = "4.5.2 the batch has no message; feed it batch SMTP: MAIL, RCPT, DATA, the message, a dot"
    for prepare, line in (("os.dup2(os.open('/', os.O_RDONLY), 0)", "4.3.0 cannot read the batch: Is a directory"),
                          ("os.dup2(os.open('/', os.O_PATH), 0)", empty),
                          ("os.dup2(os.open('/dev/null', os.O_WRONLY), 0)", empty),
                          ("os.dup2(os.open('/dev/null', os.O_RDONLY), 0)", empty),
                          ("s = socket.create_server(('127.0.0.1', 0)); os.dup2(s.fileno(), 0)", LATE),
                          ("e = select.epoll(); os.dup2(e.fileno(), 0)", LATE),
                          ("os.close(0)", empty)):
        result = copy.run(*PLAIN, prepare=prepare, stdin=b"")
        result.says(75, friend.line(line))
    expect(copy.run(*PLAIN, prepare="os.closerange(0, 3)").status, 75, "the status without any")
    full = "f = os.open('/dev/full', os.O_WRONLY); os.dup2(f, 1); os.dup2(f, 2)"
    copy.run(*PLAIN, prepare=full).is_accepted()
    expect(len(friend.messages()), 1, "delivered messages")


def attempts(pid):
    """{what is tried: how} against that process; each raises OSError where it is refused."""
    def call(result):
        if result < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def read(name):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            file.read(1)

    def vm_read():
        room = ctypes.create_string_buffer(16)
        vector = struct.pack("QQ", ctypes.addressof(room), 16)
        # The last of so many lies on the stack, where what is above an int is anything.
        call(libc.syscall(SYS_PROCESS_VM_READV, pid, vector, 1, vector, 1, ctypes.c_long(0)))

    def get_descriptor():
        call(libc.syscall(SYS_PIDFD_GETFD, os.pidfd_open(pid), 3, 0))

    spying = {"ptrace": lambda: call(libc.ptrace(PTRACE_ATTACH, pid, None, None)), "process_vm_readv": vm_read,
              "pidfd_getfd": get_descriptor, "fd": lambda: os.listdir(f"/proc/{pid}/fd"),
              "cwd": lambda: os.readlink(f"/proc/{pid}/cwd"), "exe": lambda: os.readlink(f"/proc/{pid}/exe")}
    spying.update((name, lambda n=name: read(n)) for name in ("mem", "environ", "maps", "stack", "syscall", "auxv", "io"))
    signals = {number.name: lambda n=number: os.kill(pid, n)
               for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGURG)}
    return spying, signals


def tried_as(user, group, what):
    def try_one(action):
        def work():
            become(user, group)
            action()
        return refused(work)
    return {name: try_one(action) for name, action in what.items()}


def is_closed_to(pid, user, group, with_signals):
    spying, signals = attempts(pid)
    outcomes = tried_as(user, group, {**spying, **(signals if with_signals else {})})
    expect({name: number for name, number in outcomes.items() if number not in (1, 13)}, {},
           f"what user {user} may do to {pid}")


@case(root=True)
def nobody_looks_into_it_or_stops_it_while_it_holds_the_key(bench):
    friend = bench.friend("delay greeting 3")
    copy = SetIdCopy(bench, friend)
    running = copy.start(*PLAIN)
    running.feed(ONE)
    mail_user = bench.rig.mail_user
    bench.wait_until(lambda: b"sshsm" in command_of(running.pid) and running.children(), "it has begun")
    bench.pause(0.3)
    for pid in (running.pid, *running.children()):
        is_closed_to(pid, STRANGER, STRANGER, True)
        is_closed_to(pid, mail_user.pw_uid, mail_user.pw_gid, False)
    running.finish(None).is_accepted()


def command_of(pid):
    with open(f"/proc/{pid}/comm", "rb") as file:
        return file.read()


@case(root=True)
def nobody_looks_into_a_keeper_or_comes_to_its_sockets(bench):
    kept = KeptFriend(bench, is_met=True)
    kept.greeted().quit()
    mail_user = bench.rig.mail_user
    for pid in (kept.process.pid, *kept.attendants()):
        is_closed_to(pid, STRANGER, STRANGER, True)
        is_closed_to(pid, mail_user.pw_uid, mail_user.pw_gid, False)
    os.chmod(kept.directory, 0o755)

    def meet(path):
        socket.socket(socket.AF_UNIX).connect(path)
    for path in (kept.path, kept.friend.path("friend.sock"), kept.friend.path("friend.status")):
        expect(stat.S_IMODE(os.stat(path).st_mode), 0o660, f"mode of {path}")
        outcomes = tried_as(STRANGER, STRANGER, {"connect": lambda p=path: meet(p), "unlink": lambda p=path: os.unlink(p),
                                                 "chmod": lambda p=path: os.chmod(p, 0o777)})
        expect(set(outcomes.values()) <= {1, 13}, True, f"{path}: {outcomes}")
    expect(kept.process.poll(), None, "the keeper goes on")
