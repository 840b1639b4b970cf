"""The question for the fingerprint: a host is trusted by what a friend read out, never by a nod."""

import os
import pty
import re

from enrolling import QUESTION, Newcomer
from registry import case, expect
from servers import fingerprint, new_key
from talk import Talk

TOO_SHORT = "That is no fingerprint: at least 16 of its characters are needed.\n"
NOT_SHOWN = "No key that the host shows has this fingerprint.\n"


def explanation(newcomer):
    return (f"Ask the friend, by telephone or on paper and not by mail, for the fingerprint of a host key of\n"
            f"{newcomer.place}. There it is printed by\n\n"
            "    ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub\n\n"
            "Type it as the friend reads it out: all of SHA256:..., or at least the first 16 characters behind\n"
            "that. It is compared with what the host shows, which is not shown before.\n")


def ends(talk):
    """(status, standard output, standard error)"""
    process = talk.running.process
    process.wait(20)
    talk.drain()
    output, errors = process.stdout.read().decode(), process.stderr.read().decode()
    return process.returncode, output, errors


def screen_of(talk):
    return talk.heard.decode().replace("\r\n", "\n")


def asked(talk, *answers):
    """The whole dialogue, with the answers as the terminal echoes them."""
    for count, text in enumerate(answers, 1):
        talk.wait_for_count(QUESTION, count)
        talk.say(text + "\n")
    return ends(talk)


def refused(newcomer, talk, sentence, *answers):
    expect(asked(talk, *answers), (1, "", f"sshsmctl: {sentence}\n"), "the end")
    newcomer.wrote_nothing()


def three_wrong(newcomer):
    return ("three wrong fingerprints; nothing is pinned. Either they were misread, or somebody else answers "
            f"at {newcomer.place}")


@case
def one_who_types_what_the_friend_read_out_pins_that_key(bench):
    newcomer = Newcomer(bench)
    talk = newcomer.at_terminal("enrol")
    expect(screen_of(talk), explanation(newcomer) + QUESTION.decode(), "the screen before the answer")
    status, output, errors = asked(talk, newcomer.fingerprint("rsa"))
    expect((status, errors), (0, ""), "the end")
    expect(f"pinned for {newcomer.place}: {newcomer.key_name('rsa')}\n" in output, True, output)
    newcomer.is_configured_with("rsa")


@case
def its_first_sixteen_characters_are_enough_in_groups_too(bench):
    newcomer = Newcomer(bench)
    first = newcomer.fingerprint()[len("SHA256:"):][:16]
    for count, text in enumerate((first, f"SHA256:{first}", " ".join(re.findall("....", first)))):
        newcomer.name = f"friend{count}"
        expect(asked(newcomer.at_terminal("enrol"), text)[::2], (0, ""), "the end")
        newcomer.is_configured_with("ed25519")


@case
def fifteen_characters_are_not_enough(bench):
    newcomer = Newcomer(bench)
    talk = newcomer.at_terminal("enrol")
    fifteen = newcomer.fingerprint()[len("SHA256:"):][:15]
    refused(newcomer, talk, three_wrong(newcomer), fifteen, fifteen, fifteen)
    expect(screen_of(talk), explanation(newcomer) + f"{QUESTION.decode()}{fifteen}\n{TOO_SHORT}" * 3,
           "the screen")


@case
def yes_pins_nothing_and_shows_nothing(bench):
    newcomer = Newcomer(bench)
    talk = newcomer.at_terminal("enrol")
    refused(newcomer, talk, three_wrong(newcomer), "yes", "", "y")
    expect(screen_of(talk), explanation(newcomer) + "".join(
        f"{QUESTION.decode()}{text}\n{TOO_SHORT}" for text in ("yes", "", "y")), "the screen")


@case
def the_fingerprint_of_another_key_pins_nothing(bench):
    newcomer = Newcomer(bench)
    other = fingerprint(new_key(os.path.join(bench.directory, "other")))
    talk = newcomer.at_terminal("enrol")
    refused(newcomer, talk, three_wrong(newcomer), other, other, "help")
    expect(screen_of(talk), explanation(newcomer) + f"{QUESTION.decode()}{other}\n{NOT_SHOWN}" * 2
           + f"{QUESTION.decode()}help\n{TOO_SHORT}", "the screen")


@case
def the_third_try_may_be_right(bench):
    newcomer = Newcomer(bench)
    expect(asked(newcomer.at_terminal("enrol"), "yes", "no", newcomer.fingerprint())[::2], (0, ""), "the end")
    newcomer.is_configured_with("ed25519")


@case
def one_who_goes_away_pins_nothing(bench):
    newcomer = Newcomer(bench)
    talk = newcomer.at_terminal("enrol")
    talk.say(b"\x04")
    expect(ends(talk), (1, "", "sshsmctl: no fingerprint was typed; nothing is pinned\n"), "the end")
    newcomer.wrote_nothing()


@case
def one_who_interrupts_ends_it_in_silence(bench):
    newcomer = Newcomer(bench)
    talk = newcomer.at_terminal("enrol")
    talk.say(b"\x03")
    status, output, errors = ends(talk)
    expect((status != 0, output, "sshsm" in errors), (True, "", False), f"the end: {errors!r}")
    newcomer.wrote_nothing()


@case
def standard_input_may_be_the_terminal(bench):
    newcomer = Newcomer(bench)
    controller, terminal = pty.openpty()
    bench.at_end(lambda: [os.close(number) for number in (controller, terminal)])
    talk = Talk(bench.start(*newcomer.words("enrol"), program=bench.rig.sshsmctl, stdin=terminal), controller)
    expect(asked(talk, newcomer.fingerprint())[::2], (0, ""), "the end")
    newcomer.is_configured_with("ed25519")


@case
def a_very_long_answer_is_a_wrong_one(bench):
    newcomer = Newcomer(bench)
    refused(newcomer, newcomer.at_terminal("enrol"), three_wrong(newcomer), "A" * 3000, "A" * 1025, "A" * 44)


@case
def trust_asks_the_same_question(bench):
    newcomer = Newcomer(bench).enrolled("rsa")
    talk = newcomer.at_terminal("trust", "--add")
    expect(screen_of(talk), explanation(newcomer) + QUESTION.decode(), "the screen before the answer")
    expect(asked(talk, newcomer.fingerprint()), (0, f"pinned: {newcomer.key_name()}\n", ""), "the end")
    newcomer.is_configured_with("rsa", "ed25519")


@case
def three_wrong_answers_change_no_pin(bench):
    newcomer = Newcomer(bench).enrolled("rsa")
    for option in ("--add", "--replace"):
        talk = newcomer.at_terminal("trust", option)
        expect(asked(talk, "yes", "yes", "yes"), (1, "", f"sshsmctl: {three_wrong(newcomer)}\n"), "the end")
        newcomer.is_configured_with("rsa")
