"""A machine without memory: what was not accepted is in the rest file, or the words say that it is not."""

import os
import subprocess

from friend import LETTER, ONE, batch, canonical
from keeper_rig import ENVELOPE, MAIL, MESSAGE, KeptFriend, Speaker
from least_memory import least_memory
from registry import Skip, case, expect

STEP = 64 * 1024
STEPS = 40


def least_of(bench):
    least = None if bench.rig.wrapper else least_memory(bench.rig.sshsm)
    if least is None:
        raise Skip("a sanitizer or a debugger takes memory of its own")
    return least


@case
def a_rest_file_without_memory_holds_all_or_the_words_say_what_it_lacks(bench):
    friend = bench.friend()
    letters = batch("<a@here.example>", ["<b@friend.example>"], LETTER + b"a line of it\n" * 3000)
    least = least_of(bench)
    for step in range(STEPS):
        directory = friend.path(f"rest{step}")
        os.mkdir(directory)
        os.chmod(directory, 0o777)
        before, path = len(friend.messages()), os.path.join(directory, "rest")
        result = friend.send(letters, "--rest", path, prefix=("prlimit", f"--as={least + step * STEP}"))
        expect(result.status in (0, 75), True, f"status {result.status}: {result.stderr}")
        is_accepted = len(friend.messages()) > before
        if result.status == 0 or not os.path.exists(path):
            expect(is_accepted, result.status == 0, f"delivered, with {result.stderr!r}")
            continue
        with open(path, "rb") as file:
            left = file.read()
        if "cannot keep the rest" not in result.stderr and not is_accepted:
            expect(left == letters, True, f"the rest holds {len(left)} octets: {result.stderr!r}")


@case
def no_memory_is_no_way_round_the_sandbox(bench):
    if not bench.rig.is_built_with_sandbox():
        raise Skip("built with sandbox=false")
    friend = bench.friend()
    least = least_of(bench)
    told = set()
    for step in range(STEPS):
        result = friend.send(ONE, "-v", prefix=("prlimit", f"--as={least + step * STEP}"))
        expect("not available" in result.stderr, False, f"without a sandbox: {result.stderr!r}")
        expect(result.status == 75 or "sandbox: Landlock on, seccomp on" in result.stderr, True,
               f"{least + step * STEP}: {result.status}, {result.stderr!r}")
        told |= set(result.stderr.splitlines())
    line = friend.line("4.3.1 this machine has no resources left: seccomp: Cannot allocate memory; the mail waits in "
                       "the queue")
    expect(line in told, True, f"it is told: {sorted(told)}")


# So many times the answer to the dot is told: no memory that happens to be free is enough for that.
RECIPIENTS = 1000
DOUBT = ("421 4.4.2 sshsm: friend (127.0.0.1): no clear answer to the final dot; the message may have been delivered: "
         "this machine has no resources left: memory; the retry may make a second copy")


def take_memory(bench, pid, most=0):
    """Nothing that a process has is taken from it; it gets no more than so much. Its own user may do that to it."""
    rig = bench.rig
    user = ("setpriv", f"--reuid={rig.mail_user.pw_uid}", f"--regid={rig.mail_user.pw_gid}", "--clear-groups")
    subprocess.run((*(user if rig.is_root else ()), "prlimit", f"--pid={pid}", f"--data={most}"), check=True)


@case
def a_session_without_memory_behind_the_dot_tells_the_doubt(bench):
    least_of(bench)
    friend = bench.friend(f"delay dot 1\nreply dot 250 {'x' * 500}", settings={"helo": "here.example"})
    talk = friend.talk("--lmtp")
    talk.hear()
    talk.ask("LHLO client.example")
    talk.ask("MAIL FROM:<alice@here.example>")
    for number in range(RECIPIENTS):
        expect(talk.ask(f"RCPT TO:<bob{number}@friend.example>")[0][:3], "250", "a recipient")
    talk.ask("DATA")
    talk.say(canonical(LETTER) + b".\r\n")
    bench.wait_until(lambda: canonical(LETTER) in friend.transcript(), "the message is there", 10)
    take_memory(bench, talk.running.pid)
    expect(talk.hear(), [DOUBT], "what is told")
    talk.end().has_status(75)


# Less than a message grows to while it is held, and more than everything else of one turn needs.
LEFT = 300 * 1024
LONG_MESSAGE = b"Subject: long\r\n\r\n" + b"a line of it\r\n" * 60000 + b".\r\n"


def leave_memory(bench, pid, octets):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        used = [int(line.split()[1]) * 1024 for line in file if line.startswith("VmData:")][0]
    take_memory(bench, pid, used + octets)


@case
def a_client_for_whom_the_keeper_has_no_memory_is_told_and_the_others_go_on(bench):
    least_of(bench)
    kept = KeptFriend(bench)
    first, second = Speaker(kept.path).greet(), Speaker(kept.path).greet()
    first.send_letter()
    second.follow(*ENVELOPE)
    leave_memory(bench, kept.process.pid, LEFT)
    try:
        second.say(LONG_MESSAGE)
    except (BrokenPipeError, ConnectionResetError):
        pass
    expect(second.hear(), ["421 4.3.1 sshsm: this machine has no resources left: memory; the mail waits in the queue"],
           "what is told")
    expect(second.hear(), [], "behind it")
    first.send_letter()
    Speaker(kept.path).greet().send_letter()
    expect(kept.process.poll(), None, "the keeper's end")
    expect(kept.friend.messages(), [canonical(LETTER)] * 3, "delivered messages")


@case
def a_client_of_the_keeper_without_memory_behind_the_dot_is_told_the_doubt(bench):
    least_of(bench)
    kept = KeptFriend(bench, f"delay dot 1\nreply dot 250 {'x' * 500}", listen="lmtp")
    client = Speaker(kept.path)
    client.hear()
    client.ask("LHLO client.example")
    client.ask(MAIL)
    for number in range(RECIPIENTS):
        expect(client.ask(f"RCPT TO:<bob{number}@friend.example>")[0][:3], "250", "a recipient")
    client.ask("DATA")
    client.say(MESSAGE)
    bench.wait_until(lambda: canonical(LETTER) in kept.friend.transcript(), "the message is there", 10)
    take_memory(bench, kept.process.pid)
    expect(client.hear(), [DOUBT.replace(" friend (127.0.0.1):", "")], "what is told")
    expect(client.hear(), [], "behind it")
