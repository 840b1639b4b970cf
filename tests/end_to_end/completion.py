"""bash's completion of the three programs: made from their tables, with the names of the destinations."""

import os
import re
import subprocess

from registry import case, expect

ASK = r"""
source "$1"; program=$2; shift 2
COMP_WORDS=("$program" "$@"); COMP_CWORD=$#
"_$program" && [[ ${#COMPREPLY[@]} != 0 ]] && printf '%s\n' "${COMPREPLY[@]}"
"""


def offers(bench, *words):
    """What is offered for the last word, in order; `--option=value` is three words, as in bash."""
    script = os.path.join(bench.rig.build, "src", words[0] + ".bash")
    result = subprocess.run(["bash", "--norc", "-c", ASK, "bash", script, *words], cwd=bench.directory,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    expect(result.stderr, "", f"standard error for {words}")
    return sorted(result.stdout.splitlines())


def options_in(text):
    """The options that a help text lists."""
    return sorted(set(re.findall(r"^  (-[\w-]+)", text, re.M)))


def help_of(bench, program, *words):
    path = os.path.join(bench.rig.build, "src", program)
    return subprocess.run([path, *words, "--help"], stdout=subprocess.PIPE, text=True, timeout=20,
                          check=True).stdout


def with_destinations(bench):
    directory = os.path.join(bench.directory, "etc")
    os.makedirs(os.path.join(directory, "folder.conf"))
    for name in ("alice", "bob", "bob.2_x-y", "sshsm", "-rf", "a b", "$(id)", "a..b", "..", ".hidden", "alice;id"):
        with open(os.path.join(directory, name + ".conf"), "w", encoding="ascii") as file:
            file.write("user = x\n")
    with open(os.path.join(directory, "known_hosts"), "w", encoding="ascii"):
        pass
    return directory


NAMES = ["alice", "bob", "bob.2_x-y"]


@case
def every_option_that_the_help_shows_is_offered_and_no_other(bench):
    for program in ("sshsm", "sshsmd", "sshsmctl"):
        expect(offers(bench, program, "-"), options_in(help_of(bench, program)), program)
    verbs = re.findall(r"^  ([a-z]+) ", help_of(bench, "sshsmctl"), re.M)
    expect(offers(bench, "sshsmctl", ""), sorted(verbs), "verbs")
    for verb in verbs:
        expect(offers(bench, "sshsmctl", verb, "-"), options_in(help_of(bench, "sshsmctl", verb)), verb)


@case
def destinations_are_offered_from_the_directory_that_is_named(bench):
    directory = with_destinations(bench)
    for program, before in (("sshsm", ["-bs", "--"]), ("sshsm", ["-v"]), ("sshsm", []), ("sshsmd", ["-v"]), ("sshsmd", ["--"]),
                            ("sshsmctl", ["check"]), ("sshsmctl", ["status", "--json"]),
                            ("sshsmctl", ["trust", "--add", "--"])):
        for option in (["--config-dir", directory], ["--config-dir", "=", directory]):
            expect(offers(bench, program, *option, *before, ""), NAMES, f"{program} {before}")
            expect(offers(bench, program, *option, *before, "b"), NAMES[1:], f"{program} {before} b")
            expect(offers(bench, program, *option, *before, "sshs"), [], f"{program} {before} sshs")
    expect(offers(bench, "sshsmctl", "enrol", "--host", "mx", "--config-dir", directory, "al"), ["alice"],
           "behind a value")


@case
def one_destination_is_enough_and_list_has_none(bench):
    directory = with_destinations(bench)
    expect(offers(bench, "sshsm", "--config-dir", directory, "alice", ""), [], "a second one")
    expect(offers(bench, "sshsmctl", "check", "--config-dir", directory, "alice", ""), [], "a second one")
    expect(offers(bench, "sshsmctl", "list", "--config-dir", directory, ""), [], "list")
    expect(offers(bench, "sshsm", "--config-dir", directory, "--", "-"), [], "an option behind --")


@case
def values_are_offered_where_bash_knows_them(bench):
    directory = with_destinations(bench)
    for program in ("sshsm", "sshsmd", "sshsmctl"):
        expect(offers(bench, program, "--config-dir", directory[:-1]), [directory], "a directory")
        expect(offers(bench, program, "--config-dir", "=", directory[:-1]), [directory], "a directory")
    expect(offers(bench, "sshsm", "--rest", directory + "/kn"), [directory + "/known_hosts"], "a file")
    expect(offers(bench, "sshsmctl", "enrol", "--for", ""), ["exim", "postfix", "sendmail"], "mail servers")
    expect(offers(bench, "sshsmctl", "enrol", "--user", "roo"), ["root"], "users")
    expect(offers(bench, "sshsmctl", "enrol", "--config-dir", directory, "--port", ""), [], "a number")
