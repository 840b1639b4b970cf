"""0, 69, 75 and nothing else, however sshsm is started, fed or stopped."""

import os
import signal

from friend import LETTER, ONE, batch, canonical
from registry import Skip, case, expect

HEAD = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"


def begins(friend, stdin, wanted):
    result = friend.send(stdin)
    result.has_status(75)
    text = result.stderr.replace(" (127.0.0.1):", ":", 1)
    code, sentence = wanted.split(" ", 1)
    expect(text.startswith(f"{code} sshsm: friend: {sentence}"), True, f"{stdin[:60]!r}: {result.stderr!r}")
    return result


@case
def an_empty_batch_is_75(bench):
    friend = bench.friend()
    for stdin in (b"", b"QUIT\r\n", b"EHLO x\r\nNOOP\r\nQUIT\r\n", b"RSET\r\n"):
        begins(friend, stdin, "4.5.2 the batch has no message; feed it batch SMTP: MAIL, RCPT, DATA, "
               "the message, a dot")
    friend.received_nothing()


@case
def a_truncated_batch_is_75_and_sends_nothing(bench):
    friend = bench.friend()
    for stdin in (b"MAIL FROM:<a@b.example>\r\n", HEAD, HEAD + b"DATA\r\n", HEAD + b"DATA\r\nSubject: x\r\n",
                  HEAD + b"DATA\r\nx.\r\n", HEAD + b"DATA\r\nx\r\n.", HEAD + b"DATA\r\nx\r\n.\r",
                  ONE[:-1], ONE[:-2], ONE[:-3], HEAD + b"DATA\r\nx\n.\n", HEAD[:-5]):
        begins(friend, stdin, "4.5.2 the batch ends inside a message; that message was not sent")
    friend.received_nothing()
    expect(b"DATA" in friend.transcript(), False, "DATA was sent")


@case
def a_batch_cut_at_every_octet_is_never_0(bench):
    # One message that is whole, then one cut somewhere: the first is delivered, the status is 75.
    friend = bench.friend()
    second = batch("<a@b.example>", ["<c@d.example>"], b"x: y\n")
    for cut in range(1, len(second), 9):
        friend.send(ONE + second[:cut]).has_status(75)
    expect(set(friend.messages()), {canonical(LETTER)}, "delivered messages")


@case
def a_malformed_batch_is_75_from_there_on(bench):
    friend = bench.friend()
    for bad in (b"HELP\r\n", b"STARTTLS\r\n", b"Subject: no envelope\r\n\r\nHello\r\n", b"DATA\r\n",
                b"RCPT TO:<c@d.example>\r\n", b"MAIL FROM:a b c\r\n", b"\x00\x01\x02\r\n",
                b"MAIL FROM:<a@b.example>\r\nDATA\r\n", b"MAIL FROM:<a@b.example>\r\nMAIL FROM:<a@b>\r\n",
                b"BDAT 3 LAST\r\nabc", b"A" * 100000 + b"\r\n"):
        begins(friend, bad + ONE, "4.5.2 not batch SMTP")
    friend.received_nothing()


@case
def a_message_before_the_malformed_part_is_delivered_and_none_behind_it(bench):
    friend = bench.friend()
    result = friend.send(ONE + b"WHAT\r\n" + ONE)
    result.has_status(75)
    expect(friend.messages(), [canonical(LETTER)], "delivered messages")


@case
def closed_descriptors_are_75_or_work(bench):
    friend = bench.friend()
    def run(redirections, stdin=ONE):
        return bench.run(*friend.arguments(), stdin=stdin,
                         prefix=("sh", "-c", f'exec "$@" {redirections}', "sh"))
    run("<&-").has_status(75)
    run("<&- >&- 2>&-").has_status(75)
    friend.received_nothing()
    run(">&-").has_status(0)
    run("2>&-").has_status(0)
    run(">&- 2>&-").has_status(0)
    expect(len(friend.messages()), 3, "delivered messages")


@case
def a_standard_input_that_cannot_be_read_is_75(bench):
    friend = bench.friend()
    bench.run(*friend.arguments(), prefix=("sh", "-c", 'exec "$@" </', "sh")).has_status(75)
    bench.run(*friend.arguments(), prefix=("sh", "-c", 'exec "$@" 0>/dev/null', "sh")).has_status(75)
    friend.received_nothing()


@case
def standard_error_that_nobody_reads_stops_nothing(bench):
    friend = bench.friend()
    reader, writer = os.pipe()
    os.close(reader)
    friend.start("-v", stderr=writer).finish(ONE).has_status(0)
    friend.settings["port"] = "1"
    friend.write_configuration()
    friend.start("-v", stderr=writer).finish(ONE).has_status(75)
    os.close(writer)


def stopped_by(bench, number, script, settings=()):
    """Starts sshsm, waits until it waits for the server, and sends the signal."""
    friend = bench.friend(script, settings=settings)
    running = friend.start()
    running.feed(ONE)
    bench.wait_until(lambda: friend.transcript(), "the mail server heard something")
    os.kill(running.pid, number)
    result = running.finish(None)
    result.has_status(75)
    friend.received_nothing()
    return result


@case
def signals_that_stop_it_are_75(bench):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM,
                   signal.SIGUSR1):
        result = stopped_by(bench, number, "delay EHLO 20")
        expect(result.seconds < 5, True, f"after {result.seconds} s")


@case
def sigterm_has_its_sentence(bench):
    result = stopped_by(bench, signal.SIGTERM, "delay EHLO 20")
    expect("stopped by a signal" in result.stderr, True, result.stderr)
    expect(result.stderr.startswith("4.3.2 sshsm: "), True, result.stderr)


@case
def faults_of_our_own_are_75(bench):
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL,
                   signal.SIGSYS):
        result = stopped_by(bench, number, "delay EHLO 20")
        expect("an error in sshsm itself" in result.stderr, True, f"{number}: {result.stderr!r}")


@case
def signals_that_were_ignored_or_blocked_at_the_start_count_again(bench):
    friend = bench.friend("delay EHLO 20")
    running = friend.start(prefix=("sh", "-c", 'trap "" TERM HUP INT USR1; exec "$@"', "sh"))
    running.feed(ONE)
    bench.wait_until(lambda: friend.transcript(), "the mail server heard something")
    os.kill(running.pid, signal.SIGTERM)
    running.finish(None).has_status(75)


@case
def the_death_of_the_dialler_is_75_or_without_effect(bench):
    friend = bench.friend("delay EHLO 1")
    running = friend.start()
    running.feed(ONE)
    bench.wait_until(lambda: friend.transcript(), "the mail server heard something")
    for child in running.children():
        os.kill(child, signal.SIGKILL)
    result = running.finish(None)
    expect(result.status in (0, 75), True, f"status {result.status}: {result.stderr}")
    expect(len(friend.messages()), 1 if result.status == 0 else 0, "delivered messages")


@case
def the_death_of_the_dialler_before_it_has_dialled_is_75(bench):
    friend = bench.faulty_friend("stall-before-banner", settings={"connect-timeout": "4"})
    running = friend.start()
    running.feed(ONE)
    bench.wait_until(running.children, "there is a dialler")
    for child in running.children():
        os.kill(child, signal.SIGKILL)
    running.finish(None, limit=15).has_status(75)


@case
def nothing_is_left_running(bench):
    friend = bench.friend("delay EHLO 20")
    running = friend.start()
    running.feed(ONE)
    bench.wait_until(lambda: friend.transcript(), "the mail server heard something")
    children = running.children()
    os.kill(running.pid, signal.SIGKILL)
    running.process.wait()
    bench.wait_until(lambda: not any(os.path.exists(f"/proc/{child}") for child in children),
                     "the dialler ended with its parent")
    running.finish(None)


@case
def small_limits_are_75_or_without_effect(bench):
    if not bench.rig.is_built_with_sandbox():
        raise Skip("a sanitizer or a debugger has larger needs")
    for limit in ("--nofile=5", "--nofile=8", "--fsize=0", "--nproc=0", "--as=60000000", "--stack=65536"):
        friend = bench.friend()
        result = friend.start(prefix=("prlimit", limit)).finish(ONE)
        # Where not even the libraries can be loaded, sshsm has no say: the loader's status is 127.
        if "error while loading shared libraries" in result.stderr:
            continue
        expect(result.status in (0, 75), True, f"{limit}: status {result.status}: {result.stderr}")
        expect(len(friend.messages()), 1 if result.status == 0 else 0, f"{limit}: messages")


@case(root=True)
def a_machine_without_processes_left_is_told(bench):
    friend = bench.friend()
    friend.start(prefix=("prlimit", "--nproc=0")).finish(ONE).says(75, friend.line(
        "4.3.1 this machine has no resources left: Resource temporarily unavailable; the mail waits in "
        "the queue"))
    friend.received_nothing()


@case(root=True)
def foreign_descriptors_are_not_kept(bench):
    friend = bench.friend("delay EHLO 1")
    running = friend.start(prefix=("sh", "-c", 'exec 9</etc/passwd; exec "$@"', "sh"))
    running.feed(ONE)
    bench.wait_until(lambda: friend.transcript(), "the mail server heard something")
    held = [os.readlink(f"/proc/{pid}/fd/{number}") for pid in [running.pid] + running.children()
            for number in os.listdir(f"/proc/{pid}/fd")]
    expect("/etc/passwd" in held, False, "the foreign descriptor is open")
    running.finish(None).is_accepted()
