"""What somebody could do who ran code of his own in a program that has met the peer: nothing. Calls are
injected into the very processes that carry mail, and a trace shows that they need none of them."""

import glob
import os
import re
import shutil
import subprocess

from friend import LETTER, ONE, batch, canonical
from keeper_rig import KeptFriend, children_of
from registry import Skip, case, expect
from rig import SOURCE
from sandbox import fields

# Where there is no sandbox, these would make a second process of the examined one, or another of it.
MAKE_PROCESSES = ("execve", "execveat", "fork", "vfork", "clone", "clone3")
BIG = b"Subject: big\n\n" + (b"b" * 70 + b"\n") * 30000


def inject(bench, pid, *names):
    """{name of a call: what became of it} in that process."""
    if not bench.rig.is_root:
        raise Skip("only root can inject calls")
    tool = os.path.join(bench.rig.build, "tests", "tools", "inject_calls")
    done = subprocess.run([tool, str(pid), *names], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode == 77:
        raise Skip(done.stdout.strip())
    expect((done.returncode, done.stderr), (0, ""), "inject_calls")
    return dict(line.split(": ") for line in done.stdout.splitlines())


def needs_sandbox(bench):
    if bench.rig.wrapper:
        raise Skip("a wrapper would be examined")
    if not bench.rig.is_built_with_sandbox():
        raise Skip("built with sandbox=false")


def is_closed_in(bench, pid):
    """Every injected call is refused; the one that is allowed shows that they are really made."""
    bench.wait_until(lambda: fields(pid)["Seccomp"] == "2" and fields(pid)["State"].startswith("S"),
                     "it waits in the sandbox", 5)
    outcomes = inject(bench, pid)
    expect(len(outcomes) > 35, True, f"{len(outcomes)} calls")
    expect(outcomes.pop("getpid"), "done", "getpid")
    expect({name: outcome for name, outcome in outcomes.items() if outcome != "EPERM"}, {}, "calls not refused")


@case(root=True)
def without_a_sandbox_no_injected_call_is_refused(bench):
    """The proof of the proof."""
    sleeper = subprocess.Popen(["setpriv", "--reuid=nobody", "--clear-groups", "sleep", "60"])
    bench.at_end(lambda: (sleeper.kill(), sleeper.wait()))
    bench.wait_until(lambda: fields(sleeper.pid)["Name"] == "sleep" and fields(sleeper.pid)["State"].startswith("S"),
                     "it sleeps")
    with open(os.path.join(SOURCE, "tests", "tools", "inject_calls.cc"), encoding="utf-8") as file:
        names = re.findall(r'^    \{"([^"]+)",', file.read(), re.M)
    outcomes = inject(bench, sleeper.pid, *(set(names) - set(MAKE_PROCESSES)))
    expect({name: outcome for name, outcome in outcomes.items() if outcome == "EPERM"}, {}, "calls refused")
    for name in ("open", "openat", "socket", "unix socket", "kill", "code", "memfd_create"):
        expect(outcomes[name], "done", name)


@case(root=True)
def whatever_is_injected_into_a_mailer_is_refused_and_the_mail_goes_through(bench):
    needs_sandbox(bench)
    for mode in ("-bs", "--lmtp"):
        friend = bench.friend("delay greeting 2")
        talk = friend.talk(mode)
        is_closed_in(bench, talk.running.pid)
        expect(talk.hear()[0][:4], "220 ", f"{mode}: the greeting")
        is_closed_in(bench, talk.running.pid)
        expect(talk.ask("QUIT")[0][:4], "221 ", f"{mode}: QUIT")
        talk.end().has_status(0)
    friend = bench.friend("delay greeting 2\ndelay dot 2")
    running = friend.start()
    running.feed(ONE)
    is_closed_in(bench, running.pid)
    bench.wait_until(lambda: b"Hello Bob" in friend.transcript(), "the message")
    is_closed_in(bench, running.pid)
    running.finish(None).is_accepted()
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case(root=True)
def whatever_is_injected_into_a_keeper_is_refused_and_the_mail_goes_through(bench):
    needs_sandbox(bench)
    kept = KeptFriend(bench)
    is_closed_in(bench, kept.process.pid)
    client = kept.greeted()
    is_closed_in(bench, kept.process.pid)
    client.send_letter()
    client.quit()
    is_closed_in(bench, kept.process.pid)
    kept.delivers(1)


# --- what they need ---

def allowed_names():
    with open(os.path.join(SOURCE, "src", "privilege", "sandbox.cc"), encoding="utf-8") as file:
        names = set(re.findall(r"SCMP_SYS\((\w+)\)", file.read()))
    expect(len(names) > 40 and "poll" in names, True, f"the list of allowed calls: {names}")
    return names


def strace(path, *words):
    """The command that traces what is behind it, a file for each process."""
    program = shutil.which("strace")
    if not program:
        raise Skip("strace is not installed")
    if subprocess.run([program, "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        raise Skip("strace does not work here")
    return (program, "-ff", "-qq", "-s", "64", "-o", path, *words)


# libssh looks into the known_hosts that it was given, which is none, before each handshake.
KNOWN_HOSTS_OF_LIBSSH = 'openat(AT_FDCWD, "/dev/null", O_RDONLY) = -1 EPERM (Operation not permitted)'


def calls_in_sandbox(path):
    """{name of a call} of all sandboxed processes of the trace; none of theirs was refused."""
    names, count = set(), 0
    for name in glob.glob(path + ".*"):
        with open(name, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        entries = [number for number, line in enumerate(lines)
                   if line.startswith("seccomp(SECCOMP_SET_MODE_FILTER") and line.endswith(" = 0")]
        if not entries:
            continue
        count += 1
        behind = [line for line in lines[entries[0] + 1:] if re.match(r"\w+\(", line) and line != KNOWN_HOSTS_OF_LIBSSH]
        expect([line for line in behind if "= -1 EPERM" in line], [], "calls refused")
        names |= {line.split("(", 1)[0] for line in behind}
    expect(count, 1, "sandboxed processes")
    expect("poll" in names, True, f"it waits: {names}")
    return names


def needs_only_what_is_allowed(path):
    expect(calls_in_sandbox(path) - allowed_names(), set(), "calls that are not in the list")


def traced_batch(bench, friend, stdin=ONE):
    path = friend.path("calls")
    friend.send(stdin, prefix=strace(path)).is_accepted()
    needs_only_what_is_allowed(path)


@case
def a_mailer_needs_no_call_that_is_not_allowed_in_any_mode(bench):
    needs_sandbox(bench)
    for mode in (("-bs",), ("--lmtp",), ()):
        friend = bench.friend(settings={"helo": "here.example"})
        path = friend.path("calls")
        talk = friend.talk(*mode, prefix=strace(path))
        talk.hear()
        for words in ("LHLO a.example" if mode == ("--lmtp",) else "EHLO a.example", "MAIL FROM:<a@here.example>",
                      "RCPT TO:<b@friend.example>", "DATA"):
            expect(talk.ask(words)[-1][0] in "23", True, words)
        talk.follow((canonical(LETTER) + b".\r\n", "250 2.0.0 message accepted"))
        talk.ask("QUIT")
        talk.end().has_status(0)
        needs_only_what_is_allowed(path)
    for script in ("", "offer CHUNKING", "reply dot 550 5.7.1 no", "die before dot"):
        friend = bench.friend(script)
        path = friend.path("calls")
        friend.start("-v", prefix=strace(path)).finish(ONE + ONE)
        needs_only_what_is_allowed(path)


def trace_mailer(bench, *kinds):
    needs_sandbox(bench)
    for kind in kinds:
        sshd = bench.sshd(["RekeyLimit 1M"], (kind,))
        friend = bench.friend(sshd=sshd, key_type=kind, pinned=(kind,))
        traced_batch(bench, friend, batch("<a@here.example>", ["<b@friend.example>"], BIG))
        expect(friend.messages() == [canonical(BIG)], True, f"{kind}: the message arrived whole")


@case
def a_mailer_needs_none_for_new_keys(bench):
    trace_mailer(bench, "ed25519")
    traced_batch(bench, bench.faulty_friend("rekey"))


@case(long=True)
def a_mailer_needs_none_with_other_types_of_key(bench):
    trace_mailer(bench, "ecdsa", "rsa")


def trace_keeper(bench, *kinds):
    needs_sandbox(bench)
    for kind in kinds:
        sshd = bench.sshd(["RekeyLimit 1M"], (kind,))
        friend = bench.friend(sshd=sshd, key_type=kind, pinned=(kind,))
        kept = KeptFriend(bench, friend=friend, is_started=False, is_met=True, linger="1", linger_jitter="0",
                          metrics_file=friend.path("metrics"))
        path = friend.path("calls_of_the_keeper")
        kept.start(*strace(path))
        for _ in range(2):
            client = kept.greeted()
            client.send_letter(canonical(BIG) + b".\r\n")
            client.send_letter()
            client.quit()
            bench.wait_until(lambda: not kept.has_line(), "the line is down")
        traced_batch(bench, friend)  # through the keeper
        kept.status()
        for number in (1, 15):
            for pid in children_of(kept.process.pid):
                os.kill(pid, number)
            bench.pause(0.2)
        kept.ends(0)
        expect(len(friend.messages()), 5, f"{kind}: delivered messages")
        needs_only_what_is_allowed(path)


@case
def a_keeper_needs_none_for_new_keys_its_whole_life_long(bench):
    trace_keeper(bench, "ed25519")


@case(long=True)
def a_keeper_needs_none_with_other_types_of_key(bench):
    trace_keeper(bench, "ecdsa", "rsa")
