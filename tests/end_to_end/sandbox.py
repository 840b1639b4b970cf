"""What the process has given up when the first byte of the peer is parsed."""

import os
import shutil
import subprocess

from friend import ONE
from registry import Skip, case, expect


def fields(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@case
def the_sandbox_is_on_while_the_peer_talks(bench):
    if not bench.rig.is_built_with_sandbox():
        raise Skip("built with sandbox=false")
    friend = bench.friend("delay greeting 2")
    running = friend.start()
    running.feed(ONE)
    bench.wait_until(lambda: fields(running.pid)["Seccomp"] != "0", "the sandbox is on", 5)
    status = fields(running.pid)
    expect(status["Seccomp"], "2", "Seccomp")
    expect(status["NoNewPrivs"], "1", "NoNewPrivs")
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        expect(int(status[name], 16), 0, name)
    running.finish(None).is_accepted()


@case
def it_cannot_be_looked_into(bench):
    friend = bench.friend("delay greeting 2")
    running = friend.start()
    bench.pause(0.5)
    # The files of a process that is not dumpable belong to root.
    expect(os.stat(f"/proc/{running.pid}/mem").st_uid, 0, "owner of its memory")
    with open(f"/proc/{running.pid}/limits", encoding="ascii") as file:
        core = [line for line in file if line.startswith("Max core file size")][0]
    expect(core.split()[4:6], ["0", "0"], "core limits")
    if bench.rig.is_root:
        peek = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", "cat",
                               f"/proc/{running.pid}/environ"], capture_output=True, check=False)
        expect(peek.returncode != 0, True, "its own user cannot read its environment")
    running.finish(ONE).is_accepted()


@case(root=True)
def it_is_the_mail_user_with_every_id(bench):
    friend = bench.friend("delay greeting 2")
    running = friend.start()
    bench.wait_until(lambda: fields(running.pid)["Uid"].split()[0] != "0", "the user changed", 5)
    for pid in [running.pid] + running.children():
        status = fields(pid)
        user, group = str(bench.rig.mail_user.pw_uid), str(bench.rig.mail_user.pw_gid)
        expect(status["Uid"].split(), [user] * 4, "Uid")
        expect(status["Gid"].split(), [group] * 4, "Gid")
        expect("0" in status["Groups"].split(), False, "the group of root is left")
        expect(int(status["CapPrm"], 16), 0, "CapPrm")
    running.finish(ONE).is_accepted()


@case
def its_environment_is_empty_and_its_umask_is_077(bench):
    friend = bench.friend("delay greeting 2")
    running = friend.start()
    bench.wait_until(lambda: "Umask" in fields(running.pid) and fields(running.pid)["Umask"] == "0077",
                     "the umask is 077", 5)
    expect(int(fields(running.pid)["SigIgn"], 16) & ~(1 << 12 | 1 << 24), 0, "ignored signals but SIGPIPE and SIGXFSZ")
    running.finish(ONE).is_accepted()


@case
def no_file_outside_its_own_and_no_agent_is_opened(bench):
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    friend = bench.friend()
    trace = friend.path("strace")
    result = friend.send(ONE, prefix=(strace, "-f", "-qq", "-e", "trace=openat,open,connect", "-o", trace),
                         environment={"HOME": "/root", "SSH_AUTH_SOCK": "/tmp/agent"})
    if "ptrace" in result.stderr.lower():
        raise Skip("strace does not work here")
    result.has_status(0)
    with open(trace, encoding="utf-8", errors="replace") as file:
        text = file.read()
    for word in (".ssh", "ssh_config", "/etc/ssh", "/tmp/agent", "/root"):
        expect(word in text, False, f"{word} was opened")


@case
def the_content_of_the_mail_stands_in_no_log(bench):
    friend = bench.friend()
    result = friend.send()
    result.is_accepted()
    for line in result.log:
        for secret in ("Hello", "Subject", "a letter"):
            expect(secret in line, False, f"{secret} in {line}")
