"""The command line: DEST may come from a stranger, and no mistake may bounce mail."""

import os
import re

from friend import ONE
from registry import case, expect
from rig import SOURCE

USAGE = "4.3.5 sshsm: cannot use these arguments: "


def is_refused(bench, *arguments):
    """75 and one line on standard error, since -bS is among the arguments."""
    result = bench.run(*arguments, stdin=ONE)
    result.has_status(75)
    expect(result.stderr.startswith(USAGE), True, f"{arguments}: {result.stderr!r}")
    expect(result.stderr.count("\n"), 1, f"{arguments}: lines in {result.stderr!r}")
    expect(result.stdout, b"", "standard output")


def is_refused_as_greeting(bench, *arguments):
    """75 and a 421 greeting, since whoever called expects a conversation."""
    result = bench.run(*arguments, stdin=b"QUIT\r\n")
    result.has_status(75)
    expect(result.stdout.startswith(b"421 4.3.5 sshsm: "), True, f"{arguments}: {result.stdout!r}")
    expect(result.stderr, "", "standard error")


@case
def unknown_and_abbreviated_options_are_refused(bench):
    friend = bench.friend()
    for option in ("--conf=" + friend.directory, "--config=" + friend.directory, "--verb", "-x",
                   "--no-such", "-vbS", "-bX", "--bS", "-BS", "-b"):
        is_refused(bench, option, "-bS", "--", "friend")


@case
def no_or_several_destinations_are_refused(bench):
    is_refused(bench, "-bS")
    is_refused(bench, "-bS", "--")
    is_refused(bench, "-bS", "--", "one", "two")


@case
def an_option_without_its_value_is_refused(bench):
    is_refused(bench, "-bS", "--config-dir")
    is_refused(bench, "-bS", "--config-dir", "", "--", "friend")
    is_refused(bench, "-bS", "--config-dir=", "--", "friend")


@case
def an_option_given_twice_is_refused(bench):
    friend = bench.friend()
    is_refused(bench, "-bS", "--config-dir", "/nonexistent", "--config-dir", friend.directory, "friend")


@case
def two_modes_are_refused(bench):
    for modes in (("-bS", "--lmtp"), ("-bS", "-bs")):
        result = bench.run(*modes, "--", "friend", stdin=ONE)
        result.has_status(75)


@case
def no_arguments_at_all_are_75(bench):
    is_refused_as_greeting(bench)


@case
def without_a_mode_an_error_is_a_greeting(bench):
    is_refused_as_greeting(bench, "--no-such", "friend")
    is_refused_as_greeting(bench, "-bs", "--no-such", "friend")
    is_refused_as_greeting(bench, "--lmtp", "--no-such", "friend")


@case
def hostile_destinations_are_refused_by_their_form(bench):
    friend = bench.friend()
    for name in ("../friend", "/etc/passwd", ".", "..", ".hidden", "-oproxy.example", "a..b", "a/b",
                 "`id`.example", "a_b|c.example", "a b", "a\nb", "aäb", "%.example", "$.example", "",
                 "sshsm", "x" * 65, "a\x1b[31m", "friend:22"):
        result = bench.run("--config-dir", friend.directory, "-bS", "--", name, stdin=ONE)
        result.has_status(75)
        expect(re.match(r"4\.3\.5 sshsm: (.*: )?not a destination name: ", result.stderr) is not None,
               True, f"{name!r}: {result.stderr!r}")
        expect(all(" " <= c <= "~" or c == "\n" for c in result.stderr), True, "printable")
        expect(result.stderr.count("\n"), 1, f"lines in {result.stderr!r}")


@case
def a_destination_that_looks_like_an_option_is_one_without_two_hyphens(bench):
    is_refused(bench, "-bS", "-oproxy")


@case
def the_longest_destination_name_works(bench):
    name = "a" + "B.c-d_9" * 9
    expect(len(name), 64, "octets")
    friend = bench.friend(name=name)
    friend.send().is_accepted()


@case
def help_and_version_are_told_as_the_only_argument(bench):
    result = bench.run("--help")
    expect((result.status, result.stderr), (0, ""), "status and standard error")
    for word in ("-bS", "--config-dir", "-v", "--rest", "--version", "69", "75", "DEST"):
        expect(word.encode() in result.stdout, True, f"{word} in the help")
    result = bench.run("--version")
    expect((result.status, result.stderr), (0, ""), "status and standard error")
    expect(re.fullmatch(rb"sshsm \d+\.\d+\.\d+\n", result.stdout) is not None, True,
           f"the version {result.stdout!r}")


@case
def help_and_version_beside_others_are_refused(bench):
    is_refused(bench, "--help", "-bS", "--", "friend")
    is_refused(bench, "-bS", "--version")
    is_refused_as_greeting(bench, "--version", "--help")
    is_refused_as_greeting(bench, "--help", "friend")


@case
def v_shows_the_conversation_and_no_content(bench):
    friend = bench.friend(settings={"helo": "here.example"})
    result = friend.send(ONE, "-v")
    result.has_status(0)
    for line in ("< 220 sink.example ESMTP mail sink", "> EHLO here.example",
                 "> MAIL FROM:<alice@here.example>", "> RCPT TO:<bob@friend.example>",
                 "< 250 2.0.0 message accepted", "> QUIT"):
        expect(re.search(r"^ *\d+ ms " + re.escape(line), result.stderr, re.M) is not None, True,
               f"{line} in {result.stderr}")
    expect("status=sent" in result.stderr, True, "the log line is shown")
    for secret in ("Hello Bob", "Subject", "PRIVATE KEY"):
        expect(secret in result.stderr, False, f"{secret} in {result.stderr}")
    expect(result.stdout, b"", "standard output")


def same_for_all(text):
    """What -v shows without what differs from one host and one run to the next."""
    for pattern, name in ((r"^ +\d+ ms ", "N ms "), (r"SHA256:\S{43}", "HASH"), (r"OpenSSH_[^,]*", "OpenSSH"),
                          (r"\b(127\.0\.0\.1|192\.0\.2\.7|mx\.friend\.example port)\b( port)?", "HOST"),
                          (r"(?<=HOST) \d+$|(?<=\]:)\d+", "PORT"), (r"logged in as \S+", "logged in as USER"),
                          (r"(Landlock|seccomp) (on|not available)", r"\1"),
                          (r"delay=[^=]*, delays=[^=,]*", "delays")):
        text = re.sub(pattern, name, text, flags=re.M)
    # It goes out when the end of the batch was seen, before or behind the last answer.
    return sorted(text.splitlines(), key=lambda line: line == "N ms > QUIT")


@case
def the_readme_shows_what_v_shows(bench):
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        example = "".join(line for line in file if re.match(r" +\d+ ms ", line))
    friend = bench.friend("reply greeting 220 mx.friend.example ESMTP\n"
                          "reply EHLO 250 mx.friend.example\\nPIPELINING\n"
                          "reply MAIL 250 2.1.0 sender ok\nreply RCPT 250 2.1.5 recipient ok\n"
                          "reply dot 250 2.0.0 queued as 7F2A\n", settings={"helo": "mx.here.example"},
                          name="myfriend")
    result = friend.send(b"MAIL FROM:<me@here.example>\nRCPT TO:<bob@friend.example>\nDATA\n"
                         b"Subject: hello\n\nHello.\n.\n", "-v")
    result.has_status(0)
    expect(same_for_all(result.stderr), same_for_all(example), "what -v shows")


@case
def v_says_at_most_eight_kilobytes_on_a_pipe(bench):
    friend = bench.friend()
    result = friend.send(ONE * 200, "-v")
    result.has_status(0)
    expect(len(result.stderr) <= 8192, True, f"{len(result.stderr)} octets")
    expect(len(friend.messages()), 200, "delivered messages")
    with open(friend.path("trace"), "wb") as file:
        friend.start("-v", stderr=file).finish(ONE * 200).has_status(0)
    with open(friend.path("trace"), "rb") as file:
        expect(len(file.read()) > 20000, True, "a file gets all of it")
