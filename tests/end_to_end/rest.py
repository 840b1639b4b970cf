"""--rest FILE: what was not accepted stands there as a batch to run again, and arrives once."""

import collections
import os
import random
import subprocess

from callers import as_stranger
from fault_proxy import FaultProxy
from friend import LETTER, ONE, batch, canonical
from registry import Skip, case, expect

REFUSED = '4.2.1 the mail server does not take now <bob@friend.example>: "451 4.2.1 later"'
TAKE_IT = "take what is missing there from the batch"


def letter(name, lines=1):
    return b"Subject: " + name.encode() + b"\n\n" + b".a line that begins with a dot\n" * lines


def message(name, eol="\r\n", lines=1):
    return batch("<alice@here.example>", ["<bob@friend.example>"], letter(name, lines), eol)


def place(bench, friend, name="rest"):
    """A file that is not there yet, where the mail user may make one."""
    directory = friend.path("rests")
    if not os.path.isdir(directory):
        os.makedirs(directory)
        os.chown(directory, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
    return os.path.join(directory, name)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def arrived(friend):
    return collections.Counter(friend.messages())


def wanted(letters):
    return collections.Counter(canonical(text) for text in letters)


def refused_here(friend, path, reason):
    return friend.line(f"4.3.5 cannot make the file of --rest: {path}: {reason}; name a new file where "
                       "the mail user may make one; nothing was sent")


def unwritable(friend, path, line, reason):
    return friend.line(f"4.3.0 cannot keep the rest of the batch: nothing from line {line} of the batch "
                       f"on was accepted or is in the file: {path}: {reason}; {TAKE_IT}")


def random_script(dice, offers):
    """A mail server that refuses some and, most often, leaves before a MAIL: no message whose dot was
    sent is in doubt then."""
    script = offers
    for number in range(1, 101):
        if dice.random() < 0.2:
            script += dice.choice([f"reply MAIL #{number} 451 4.3.0 later\n",
                                   f"reply RCPT #{number} 550 5.1.1 no\n",
                                   f"reply DATA #{number} 451 4.3.0 later\n",
                                   f"reply dot #{number} 452 4.3.1 full\n",
                                   f"reply dot #{number} 554 5.6.0 no\n"])
    return script + f"die before MAIL #{dice.randint(20, 120)}\n"


@case
def of_a_hundred_messages_each_arrives_once_in_three_runs(bench):
    seed = random.SystemRandom().randrange(10 ** 6)
    dice = random.Random(seed)
    for offers, eol in (("", "\r\n"), ("offer CHUNKING\n", "\n"), ("withhold PIPELINING\n", "\n")):
        friend = bench.friend()
        letters = [letter(f"number {n}", dice.choice([0, 1, 5, 500])) for n in range(100)]
        letters[dice.randrange(100)] += b"a line of the large message\n" * 50000
        left = b"".join(batch("<a@b.example>", ["<c@d.example>"], text, eol) for text in letters)
        for number in range(3):
            if not left:
                break
            friend.write("script", random_script(dice, offers) if number < 2 else offers)
            path = place(bench, friend, f"rest{number}")
            result = friend.send(left, "--rest", path)
            said = f"seed {seed}, run {number}: status {result.status}"
            left = content(path)
            expect(result.status == 0, left == b"", said)
            expect(arrived(friend).total() + left.count(b"MAIL FROM"), 100, said)
        expect(left, b"", f"seed {seed}: the last rest")
        expect(arrived(friend) == wanted(letters), True, f"seed {seed}: each arrived once")


@case
def a_line_cut_anywhere_loses_nothing(bench):
    """The answer to a dot may be lost here: such a message is told, and may arrive twice. The seed is
    named where it fails."""
    seed = random.SystemRandom().randrange(10 ** 6)
    dice = random.Random(seed)
    friend = bench.friend()
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    letters = [letter(f"number {n}", 30) for n in range(30)]
    left = b"".join(batch("<a@b.example>", ["<c@d.example>"], text) for text in letters)
    doubts = runs = 0
    while left:
        runs += 1
        way, last = dice.choice([("up", 45000), ("down", 12000)])
        with FaultProxy(friend.sshd.port, way, cut_at=dice.randrange(last) if runs < 15 else None) as proxy:
            friend.settings["port"] = str(proxy.port)
            friend.write_configuration()
            path = place(bench, friend, f"rest{runs}")
            result = friend.send(left, "--rest", path)
        doubts += result.stderr.count("may have been delivered")
        left = content(path)
        expect(result.status == 0, left == b"", f"seed {seed}, run {runs}: {result.stderr!r}")
        expect(runs < 20, True, f"seed {seed}: it comes to an end")
    missing = wanted(letters) - arrived(friend)
    expect(missing.total(), 0, f"seed {seed}: missing messages")
    expect((arrived(friend) - wanted(letters)).total() <= doubts, True, f"seed {seed}: second copies")


@case
def a_batch_that_was_accepted_leaves_an_empty_file(bench):
    friend = bench.friend()
    path = place(bench, friend)
    old = os.umask(0)
    try:
        friend.send(b"EHLO here\r\n" + ONE * 2 + b"QUIT\r\n", "--rest", path).is_accepted()
    finally:
        os.umask(old)
    expect(content(path), b"", "the rest")
    status = os.stat(path)
    expect((status.st_mode & 0o7777, status.st_uid), (0o600, bench.rig.mail_user.pw_uid),
           "mode and owner")
    expect(friend.messages(), [canonical(LETTER)] * 2, "delivered messages")


@case
def it_implies_batch_mode(bench):
    friend = bench.friend()
    path = place(bench, friend)
    bench.run("--config-dir", friend.directory, "--rest", path, "--", "friend", stdin=ONE).is_accepted()
    expect(content(path), b"", "the rest")


@case
def in_another_mode_it_is_an_argument_error(bench):
    friend = bench.friend()
    path = place(bench, friend)
    for mode in ("-bs", "--lmtp"):
        result = bench.run("--config-dir", friend.directory, "--rest", path, mode, "--", "friend",
                           stdin=b"QUIT\r\n")
        expect((result.status, result.stderr), (75, ""), "status and standard error")
        expect(result.stdout.split(b"\r\n")[0], b"421 4.3.5 sshsm: cannot use these arguments: --rest is "
               b"for -bS alone; see sshsm --help", "the greeting")
    expect(os.path.lexists(path), False, "a file was made")


@case
def line_ends_and_parameters_stay_as_they_came(bench):
    for eol in ("\n", "\r\n"):
        friend = bench.friend("reply RCPT #2 451 4.2.1 later")
        path = place(bench, friend)
        end = eol.encode()
        second = end.join([b"NOOP", b"mail from:<alice@here.example> BODY=8BITMIME",
                           b"RCPT TO:<bob@friend.example> NOTIFY=NEVER", b"DATA", b"..", b"a\rb\xe4", b".",
                           b""])
        friend.send(message("one", eol) + second + message("three", eol), "--rest", path).says(
            75, friend.line(REFUSED))
        expect(content(path), second, "the rest")
        friend.write("script", "")
        friend.send(content(path), "--rest", path + "2").is_accepted()
        expect(friend.messages(), [canonical(letter("one")), canonical(letter("three")),
                                   b".\r\na\r\nb\xe4\r\n"], "delivered messages")


@case
def what_was_refused_for_good_stays_there_too(bench):
    friend = bench.friend("reply RCPT #1 550 5.1.1 no such user")
    path = place(bench, friend)
    friend.send(ONE * 2, "--rest", path).says(69, friend.line(
        '5.1.1 the mail server refused <bob@friend.example>: "550 5.1.1 no such user"'))
    expect(content(path), ONE, "the rest")


@case
def a_message_that_needs_what_is_not_offered_stays_there(bench):
    friend = bench.friend()
    path = place(bench, friend)
    special = message("two").replace(b"here.example>", b"here.example> SMTPUTF8", 1)
    result = friend.send(message("one") + special + message("three"), "--rest", path)
    result.has_status(75)
    expect(result.seconds < 10, True, f"nobody waits: {result.seconds} s")
    expect(result.stderr.startswith(friend.line("4.6.3 the mail server does not offer")), True, result.stderr)
    expect(content(path), special, "the rest")
    expect(friend.messages(), [canonical(letter("one")), canonical(letter("three"))], "delivered messages")


@case
def a_name_that_is_taken_is_refused_and_left_alone(bench):
    friend = bench.friend()
    mail = place(bench, friend, "mail.bsmtp")
    with open(mail, "wb") as file:
        file.write(ONE)
    os.chmod(mail, 0o666)
    os.link(mail, place(bench, friend, "hard"))
    os.symlink(mail, place(bench, friend, "soft"))
    os.symlink("/nonexistent", place(bench, friend, "dangling"))
    os.mkdir(place(bench, friend, "directory"))
    for name, reason in (("mail.bsmtp", "File exists"), ("hard", "File exists"), ("soft", "File exists"),
                         ("dangling", "File exists"), ("directory", "File exists"),
                         ("none/rest", "No such file or directory"),
                         ("mail.bsmtp/rest", "Not a directory")):
        path = place(bench, friend, name)
        with open(mail, "rb") as stdin:
            bench.start(*friend.arguments("--rest", path), stdin=stdin).finish(None).says(
                75, refused_here(friend, path, reason))
        expect(content(mail), ONE, f"{name}: the batch")
    expect(sorted(os.listdir(friend.path("rests"))),
           ["dangling", "directory", "hard", "mail.bsmtp", "soft"], "nothing was made")
    expect(friend.transcript(), b"", "the mail server heard")


@case(root=True)
def the_file_is_made_by_the_mail_user_and_not_by_root(bench):
    friend = bench.friend()
    path = friend.path("rest")
    friend.send(ONE, "--rest", path).says(75, refused_here(friend, path, "Permission denied"))
    expect(friend.transcript(), b"", "the mail server heard")


@case
def a_foreign_caller_may_not_name_one(bench):
    if bench.rig.syslog.reason:
        raise Skip("no private mount namespace here")
    friend = bench.friend()
    path = place(bench, friend)
    result = as_stranger(bench, friend, "-bS", "--rest", path, "--", "friend")
    expect(result, (75, "4.3.5 sshsm: friend: cannot use these arguments: --rest is only for root and the "
                        "mail user; see sshsm --help\n"), "status and words")
    expect(os.path.lexists(path), False, "a file was made")
    friend.received_nothing()


@case
def a_call_that_cannot_begin_leaves_no_file(bench):
    friend = bench.friend()
    path = place(bench, friend)
    friend.write_pins([])
    friend.send(ONE, "--rest", path).has_status(75)
    friend.write_configuration("user = x\n")
    friend.send(ONE, "--rest", path).has_status(75)
    friend.send(ONE, "--rest", path, "--nonsense").has_status(75)
    expect(os.path.lexists(path), False, "a file was made")


@case
def whatever_fails_before_the_first_message_the_whole_batch_is_kept(bench):
    text = message("one") + message("two") + b"NONSENSE\r\n" + message("three") + b"MAIL FROM:<cut@off"
    for script, words in (("die before greeting\nexit 3", "4.3.0 the forced command ended"),
                          ("reply greeting 554 no", "4.3.2 the mail server takes no mail now"),
                          ("reply EHLO 550 no\nreply HELO 550 no", "4.5.0 the mail server refused EHLO"),
                          ('print-before-greeting "hello\\n"', "4.5.0 text where the greeting")):
        friend = bench.friend(script)
        path = place(bench, friend)
        result = friend.send(text, "--rest", path)
        result.has_status(75)
        expect(result.stderr.startswith(friend.line(words)), True, result.stderr)
        expect(content(path), text, "the rest")
    friend = bench.friend()
    path = place(bench, friend)
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    friend.settings["port"] = "1"
    friend.write_configuration()
    result = friend.send(text, "--rest", path)
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.4.1 cannot connect")), True, result.stderr)
    expect(content(path), text, "the rest")


@case
def a_changed_host_key_keeps_the_whole_batch(bench):
    friend = bench.friend()
    path = place(bench, friend)
    friend.write_pins([f"[127.0.0.1]:{friend.sshd.port} {bench.sshd().host_keys['ed25519']}"])
    result = friend.send(ONE * 3, "--rest", path)
    result.has_status(75)
    expect(result.stderr.startswith(friend.line("4.7.0 host key changed")), True, result.stderr)
    expect(content(path), ONE * 3, "the rest")


@case
def after_a_lost_line_nothing_more_is_sent_and_all_is_kept(bench):
    friend = bench.friend("reply RCPT #1 451 4.2.1 later\ndie before MAIL #3")
    path = place(bench, friend)
    rest = message("three") + message("four") + b"NONSENSE\r\n\0\r\n" + message("five")
    friend.send(message("one") + message("two") + rest, "--rest", path).says(
        75, friend.line(REFUSED),
        friend.line("4.4.2 the connection was lost: the mail server ended the conversation; the mail "
                    "waits in the queue"))
    expect(friend.messages(), [canonical(letter("two"))], "delivered messages")
    expect(content(path), message("one") + rest, "the rest")


@case
def a_message_lost_behind_its_dot_stays_there(bench):
    for offers in ("", "offer CHUNKING\n", "withhold PIPELINING\n"):
        friend = bench.friend(offers + "drop after dot")
        path = place(bench, friend)
        result = friend.send(message("one") + message("two"), "--rest", path)
        result.has_status(75)
        expect("may have been delivered" in result.stderr, True, result.stderr)
        expect(friend.messages(), [canonical(letter("one"))], "delivered messages")
        expect(content(path), message("one") + message("two"), "the rest")


@case
def a_mail_server_that_stops_reading_loses_nothing(bench):
    large = message("large", lines=300000)
    for offers in ("", "offer CHUNKING\n"):
        friend = bench.friend(offers + "stall inside 1500000", settings={"timeout": "2"})
        path = place(bench, friend)
        result = friend.send(large + message("two"), "--rest", path)
        result.has_status(75)
        expect(result.stderr.startswith(friend.line("4.4.2 no answer in time: ")), True, result.stderr)
        expect(result.seconds < 10, True, f"after {result.seconds} s")
        expect(content(path) == large + message("two"), True, "the rest is the batch")


@case
def a_large_message_that_breaks_off_is_kept_from_its_beginning(bench):
    large = message("large", lines=100000)
    for script in ("die inside 1500000", "offer CHUNKING\ndie inside 1500000",
                   "reply DATA #2 451 4.2.1 later", "reply dot #2 451 4.2.1 later",
                   "offer CHUNKING\nreply BDAT #1 451 4.2.1 later"):
        friend = bench.friend(script)
        path = place(bench, friend)
        friend.send(message("one") + large + message("two"), "--rest", path).has_status(75)
        left = content(path)
        expect(left in (large, large + message("two")), True, f"{script}: {len(left)} octets")
        friend.write("script", "")
        friend.send(left, "--rest", path + "2").is_accepted()
        expect(arrived(friend) == wanted([letter("one"), letter("large", 100000), letter("two")]), True,
               f"{script}: each arrived once")


@case
def who_has_said_quit_and_keeps_his_input_open_is_not_waited_for_either(bench):
    friend = bench.friend("die before MAIL", settings={"idle-timeout": "1"})
    path = place(bench, friend)
    running = friend.start("--rest", path)
    running.feed_some(message("one") + b"QUIT\r\n")
    expect(running.process.wait(10), 75, "the exit status")
    running.finish(None)
    expect(content(path), message("one"), "the rest")


@case
def a_malformed_line_and_all_behind_it_is_kept(bench):
    friend = bench.friend()
    path = place(bench, friend)
    rest = b"NONSENSE\r\n" + message("two")
    words = ('4.5.2 not batch SMTP: line {}: not a command of batch SMTP: "NONSENSE"; nothing from there '
             "on was sent")
    friend.send(message("one") + rest, "--rest", path).says(75, friend.line(words.format(8)))
    expect(content(path), rest, "the rest")
    friend.send(rest, "--rest", path + "2").says(75, friend.line(words.format(1)))
    expect(content(path + "2"), rest, "the rest of the rest")
    expect(friend.messages(), [canonical(letter("one"))], "delivered messages")


@case
def a_line_that_ends_otherwise_does_not_turn_the_rest_into_something_else(bench):
    friend = bench.friend()
    path = place(bench, friend)
    rest = message("two", "\r\n") + message("three", "\n")
    friend.send(message("one", "\n") + rest, "--rest", path).has_status(75)
    expect(content(path), b"NOOP\n" + rest, "the rest")
    friend.send(content(path), "--rest", path + "2").has_status(75)
    expect(content(path + "2"), b"NOOP\n" + rest, "the rest of the rest")
    expect(friend.messages(), [canonical(letter("one"))], "delivered messages")


@case
def a_truncated_message_is_kept_and_still_truncated(bench):
    friend = bench.friend()
    path = place(bench, friend)
    cut = message("two")[:-2]
    friend.send(message("one") + cut, "--rest", path).matches(
        75, r"4\.5\.2 sshsm: friend \(127\.0\.0\.1\): the batch ends inside a message; that message was "
        r"not sent: line 13; the program that wrote the batch stopped early")
    expect(content(path), cut, "the rest")
    friend.send(content(path), "--rest", path + "2").has_status(75)
    expect(content(path + "2"), cut, "the rest of the rest")
    expect(friend.messages(), [canonical(letter("one"))], "delivered messages")


@case
def a_batch_without_a_message_leaves_an_empty_file(bench):
    friend = bench.friend()
    for number, text in enumerate((b"", b"EHLO here\r\nQUIT\r\n")):
        path = place(bench, friend, f"rest{number}")
        friend.send(text, "--rest", path).has_status(75)
        expect(content(path), b"", "the rest")


@case
def a_file_that_may_not_grow_says_from_where_on_the_batch_is_missing(bench):
    friend = bench.friend()
    path = place(bench, friend)
    letters = [letter(f"number {n}", 30) for n in range(10)]
    text = b"".join(batch("<a@b.example>", ["<bob@friend.example>"], one) for one in letters)
    each = len(text) // 10
    friend.write("script", "reply RCPT #2 451 4.2.1 later\nreply RCPT #4 451 4.2.1 later")
    result = friend.send(text, "--rest", path, prefix=("prlimit", "--fsize=3000"))
    kept = content(path)
    expect(len(kept), 2 * each, "octets of two messages are kept")
    # Two are kept, and the fifth finds no room any more.
    expect(friend.messages() == [canonical(letters[n]) for n in (0, 2)], True, "delivered messages")
    line = 1 + text[:4 * each].count(b"\n")
    result.says(75, unwritable(friend, path, line, "File too large"), friend.line(REFUSED), friend.line(REFUSED))
    friend.write("script", "")
    again = kept + b"".join(text.splitlines(keepends=True)[line - 1:])
    friend.send(again).is_accepted()
    expect(arrived(friend) == wanted(letters), True, "each arrived once")


@case
def a_large_message_without_room_is_not_sent_to_its_end(bench):
    text = message("one") + message("large", lines=100000) + message("two")
    for offers in ("", "offer CHUNKING"):
        friend = bench.friend(offers)
        path = place(bench, friend)
        friend.send(text, "--rest", path, prefix=("prlimit", "--fsize=2000000")).says(
            75, unwritable(friend, path, 8, "File too large"))
        expect(friend.messages(), [canonical(letter("one"))], "delivered messages")
        expect(content(path), b"", "the rest")


@case(root=True)
def a_full_disk_says_from_where_on_the_batch_is_missing(bench):
    if bench.rig.syslog.reason:
        raise Skip("no private mount namespace here")
    friend = bench.friend()
    disk = friend.path("disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=8k,uid={bench.rig.mail_user.pw_uid}", "tmpfs",
                    disk], check=True)
    try:
        with open(os.path.join(disk, "filler"), "wb") as file:
            file.write(b"x" * 4096)
        path = os.path.join(disk, "rest")
        friend.write("script", "reply RCPT 451 4.2.1 later")
        letters = [letter(f"number {n}", 30) for n in range(10)]
        text = b"".join(batch("<a@b.example>", ["<bob@friend.example>"], one) for one in letters)
        each = len(text) // 10
        fit = 4096 // each
        line = 1 + text[:fit * each].count(b"\n")
        friend.send(text, "--rest", path).says(
            75, unwritable(friend, path, line, "No space left on device"), *[friend.line(REFUSED)] * fit)
        expect(content(path), text[:fit * each], "the rest")
    finally:
        subprocess.run(["umount", disk], check=True)


@case
def a_line_lost_and_a_file_that_may_not_grow_are_both_told(bench):
    friend = bench.friend("die before MAIL #2")
    path = place(bench, friend)
    text = b"".join(message(f"number {n}", lines=30) for n in range(10))
    each = len(text) // 10
    line = 1 + text[:3 * each].count(b"\n")
    friend.send(text, "--rest", path, prefix=("prlimit", "--fsize=3000")).says(
        75, unwritable(friend, path, line, "File too large"),
        friend.line("4.4.2 the connection was lost: the mail server ended the conversation; the mail "
                    "waits in the queue"))
    expect(content(path), text[each:3 * each], "the rest")


@case
def a_batch_that_does_not_end_holds_nobody_up(bench):
    friend = bench.friend("die before MAIL #2", settings={"batch-timeout": "3"})
    path = place(bench, friend)
    running = friend.start("--rest", path)
    running.feed_some(message("one") + message("two") + b"MAIL FROM:<a@b.example>\r\n")
    bench.wait_until(lambda: running.process.poll() is not None, "sshsm ended", 40)
    result = running.finish(None)
    result.has_status(75)
    expect(result.stderr.splitlines()[0], unwritable(friend, path, 15, "the batch did not end in time"),
           "the first line")
    expect(content(path), message("two"), "the rest")


@case
def an_overdue_batch_is_kept_as_it_is(bench):
    friend = bench.friend("delay dot #1 3", settings={"batch-timeout": "2"})
    path = place(bench, friend)
    friend.send(b"".join(message(f"number {n}") for n in range(300)), "--rest", path).has_status(75)
    expect(content(path) == b"".join(message(f"number {n}") for n in range(1, 300)), True,
           "the rest is the batch without its first message")
    expect(friend.messages(), [canonical(letter("number 0"))], "delivered messages")


@case
def a_writer_that_takes_its_time_loses_nothing(bench):
    friend = bench.friend("reply RCPT #1 451 4.2.1 later")
    path = place(bench, friend)
    running = friend.start("--rest", path)
    text = message("one") + message("two")
    for begin in range(0, len(text), 23):
        running.feed_some(text[begin:begin + 23])
        bench.pause(0.02)
    running.finish(b"").says(75, friend.line(REFUSED))
    expect(content(path), message("one"), "the rest")
    expect(friend.messages(), [canonical(letter("two"))], "delivered messages")


@case
def a_stop_leaves_there_what_was_read_and_not_accepted(bench):
    friend = bench.friend("stall dot #2")
    path = place(bench, friend)
    running = friend.start("--rest", path)
    running.feed(message("one") + message("two") + message("three"))
    bench.wait_until(lambda: friend.transcript().count(b"\r\n.\r\n") == 2, "the second dot")
    subprocess.run(["kill", "-TERM", str(running.pid)], check=True)
    running.finish(None).has_status(75)
    expect(content(path), message("two"), "the rest")


@case
def v_says_how_much_is_left(bench):
    friend = bench.friend("reply RCPT 451 4.2.1 later")
    result = friend.send(ONE, "-v", "--rest", place(bench, friend))
    expect(f" ms * rest: {len(ONE)} octets\n" in result.stderr, True, result.stderr)
