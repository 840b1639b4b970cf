#!/usr/bin/python3
"""What becomes of sshsm's identity and start-up state, whoever starts it and however.

    privilege.py BUILDDIR

Runs show_identity through launch_as_mailer (sendmail's flag S) and as set-id copies called by other
users. Needs root; creates no users. The last line is `N passed, N failed, N skipped`.
"""

import ctypes
import os
import resource
import shutil
import signal
import sys

from privilege_rig import (
    CALLER,
    FOREIGN_GROUPS,
    MAIL_USER,
    UNKNOWN_UID,
    Place,
    Skip,
    as_caller,
    as_mailer,
    become,
    expect,
    expect_identity,
    expect_mail_user,
    expect_refusal,
    finish,
    group_id,
    libc,
    refused,
    run,
    run_without,
    start_waiting,
    user_id,
    with_group_file,
)

STOPPED = "4.3.2 sshsm: stopped by a signal; the mail waits in the queue\n"


def sendmail_mailer(place):
    """flag S: the mail user with his own groups, not the daemon's"""
    outcome = as_mailer(place, user_id(MAIL_USER), group_id(CALLER))
    expect_mail_user(outcome)
    expect("foreign", outcome.facts["Foreign"], "no")


def sendmail_mailer_ignores_run_as(place):
    """flag S: run-as does not count"""
    expect_mail_user(as_mailer(place, user_id(MAIL_USER), 1, ["--run-as", CALLER]))


def supplementary_groups(place):
    """flag S and run-as: the mail user's supplementary groups are taken from the group file"""
    extra = 1999999998
    prepare = with_group_file(place, "sshsmtest:x:{}:{}\n".format(extra, MAIL_USER))
    groups = set(os.getgrouplist(MAIL_USER, group_id(MAIL_USER))) | {extra}
    identity = (user_id(MAIL_USER), group_id(MAIL_USER), groups)
    expect_identity(as_mailer(place, user_id(MAIL_USER), 1, (), prepare), *identity)
    expect_identity(run([place.show, "--run-as", MAIL_USER], prepare), *identity)


def unknown_effective_user(place):
    """flag S with a uid that passwd does not have: 75 and a sentence"""
    outcome = as_mailer(place, UNKNOWN_UID, 1)
    expect_refusal(outcome, "no passwd entry for uid {}".format(UNKNOWN_UID), outcome.output)


def root_with_run_as(place):
    """root: becomes run-as"""
    expect_mail_user(run([place.show, "--run-as", MAIL_USER],
                         lambda: os.setgroups(FOREIGN_GROUPS)))


def root_without_user(place):
    """root: run-as must name a user that exists and is not root"""
    expect_refusal(run([place.show, "--run-as", "root"]), "run-as must not be root: root")
    expect_refusal(run([place.show, "--run-as", "no-such-user"]), "no such user: no-such-user")


def ordinary_user(place):
    """an ordinary user: stays who he is"""
    outcome = run([place.show, "--run-as", "root"], as_caller())
    expect_identity(outcome, user_id(CALLER), group_id(CALLER), FOREIGN_GROUPS)
    expect("foreign", outcome.facts["Foreign"], "no")


def set_id_called_by_another(place):
    """set-id copy called by another user: the owner's uid, the caller's groups"""
    copy = place.set_id_copy(user_id(MAIL_USER), group_id(MAIL_USER), 0o4755)
    outcome = run([copy], as_caller())
    expect_identity(outcome, user_id(MAIL_USER), group_id(CALLER), FOREIGN_GROUPS)
    expect("foreign", outcome.facts["Foreign"], "yes")


def set_id_called_by_root(place):
    """set-id copy called by root: the owner with his own groups"""
    copy = place.set_id_copy(user_id(MAIL_USER), group_id(MAIL_USER), 0o4755)
    expect_mail_user(run([copy], lambda: os.setgroups(FOREIGN_GROUPS)))


def set_id_called_by_owner(place):
    """set-id copy called by its owner: stays"""
    copy = place.set_id_copy(user_id(CALLER), group_id(CALLER), 0o4755)
    outcome = run([copy], as_caller())
    expect_identity(outcome, user_id(CALLER), group_id(CALLER), FOREIGN_GROUPS)
    expect("foreign", outcome.facts["Foreign"], "no")


def set_id_root(place):
    """set-id copy of root called by another user: becomes run-as"""
    copy = place.set_id_copy(0, 0, 0o4755)
    outcome = run([copy, "--run-as", MAIL_USER], as_caller())
    expect_mail_user(outcome)
    expect("foreign", outcome.facts["Foreign"], "yes")


def set_gid(place):
    """set-gid copy: the effective and saved group are given up"""
    copy = place.set_id_copy(0, FOREIGN_GROUPS[0], 0o2755)
    outcome = run([copy], as_caller(groups=()))
    expect_identity(outcome, user_id(CALLER), group_id(CALLER), [])


def set_uid_and_gid(place):
    """set-uid and set-gid copy called by another user: the owner's uid, nothing of his group"""
    copy = place.set_id_copy(user_id(MAIL_USER), FOREIGN_GROUPS[0], 0o6755)
    outcome = run([copy], as_caller(groups=()))
    expect_identity(outcome, user_id(MAIL_USER), group_id(CALLER), [])


def given_capabilities(place):
    """an ordinary user with ambient capabilities: they are given up"""
    if shutil.which("setpriv") is None:
        raise Skip("setpriv is missing")
    outcome = run(["setpriv", "--reuid", CALLER, "--regid", CALLER, "--clear-groups",
                   "--inh-caps", "+setuid,+dac_override", "--ambient-caps",
                   "+setuid,+dac_override", place.show])
    expect_identity(outcome, user_id(CALLER), group_id(CALLER), [])


def closed_descriptors(place):
    """any of descriptors 0, 1 and 2 missing: /dev/null, for set-id copies too"""
    copy = place.set_id_copy(user_id(MAIL_USER), group_id(MAIL_USER), 0o4755)
    for missing in ([0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]):
        for program in (copy, place.show):
            outcome = run_without(place, program, missing, as_caller())
            expect("status", (outcome.status, missing), (0, missing))
            shown = dict(word.split("=") for word in outcome.facts["Descriptors"].split())
            expect("numbers", sorted(shown), ["0", "1", "2"])
            expect("missing ones", [shown[str(number)] for number in missing],
                   ["/dev/null"] * len(missing))
            expect("input", outcome.facts["Input"], "")


def open_descriptors(place):
    """descriptors beyond 2: closed"""
    numbers = (50, 300, 1000)
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in numbers:
        os.dup2(nothing, number)
    try:
        control = run(["/bin/ls", "/proc/self/fd"], keep=numbers)
        expect("control", set(map(str, numbers)) <= set(control.output.split()), True)
        expect_mail_user(run([place.show, "--run-as", MAIL_USER], keep=numbers))
    finally:
        for number in (nothing, *numbers):
            os.close(number)


def ignore_what_exim_ignores():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    os.umask(0)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def hostile_state(place):
    """ignored and blocked signals, umask 0, core files, a full environment: all put right"""
    environment = {"OPENSSL_CONF": "/nonexistent", "HOME": "/nonexistent", "IFS": "x",
                   "SSH_AUTH_SOCK": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "/nonexistent"}
    expect_mail_user(run([place.show, "--run-as", MAIL_USER], ignore_what_exim_ignores,
                         environment))


def signals(place):
    """a signal, ignored by the caller or not: 75 and a sentence, never death by a signal"""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGSEGV,
                   signal.SIGXCPU, signal.SIGRTMAX):
        process = start_waiting([place.show, "--run-as", MAIL_USER, "--wait"],
                                ignore_what_exim_ignores)
        process.send_signal(number)
        outcome = finish(process)
        expect(number.name, outcome.status, 75)
        if number != signal.SIGSEGV:
            expect(number.name, outcome.errors, STOPPED)


def closed_to_its_own_user(place):
    """the mail user's other processes cannot read its memory; a caller cannot signal it"""
    copy = place.set_id_copy(user_id(MAIL_USER), group_id(MAIL_USER), 0o4755)
    process = start_waiting([copy, "--wait"], as_caller())

    def read_as_mail_user(name):
        become(user_id(MAIL_USER), group_id(MAIL_USER))
        with open("/proc/{}/{}".format(process.pid, name), "rb") as file:
            file.read(1)

    def signal_as_caller():
        become(user_id(CALLER), group_id(CALLER))
        os.kill(process.pid, signal.SIGKILL)

    try:
        for name in ("mem", "environ", "maps"):
            expect(name, os.strerror(refused(lambda n=name: read_as_mail_user(n))),
                   "Permission denied")
        expect("kill", os.strerror(refused(signal_as_caller)), "Operation not permitted")
    finally:
        outcome = finish(process)
    expect("status", outcome.status, 0)


def no_arguments_at_all(place):
    """argc 0: nothing breaks"""
    def prepare():
        become(user_id(CALLER), group_id(CALLER))
        nothing = (ctypes.c_char_p * 1)(None)
        libc.execve(place.show.encode(), nothing, nothing)

    expect_identity(run([place.show], prepare), user_id(CALLER), group_id(CALLER), [])


CASES = [sendmail_mailer, sendmail_mailer_ignores_run_as, supplementary_groups,
         unknown_effective_user, root_with_run_as, root_without_user, ordinary_user,
         set_id_called_by_another, set_id_called_by_root, set_id_called_by_owner, set_id_root,
         set_gid, set_uid_and_gid, given_capabilities, closed_descriptors, open_descriptors,
         hostile_state, signals, closed_to_its_own_user, no_arguments_at_all]


def run_case(case, place):
    try:
        case(place)
    except Skip as reason:
        print("SKIP {}: {}".format(case.__doc__, reason))
        return "skipped"
    except Exception as error:
        print("FAIL {}: {}: {}".format(case.__doc__, type(error).__name__, error))
        return "failed"
    print("ok   " + case.__doc__)
    return "passed"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        for case in CASES:
            print("SKIP {}: needs root".format(case.__doc__))
        print("0 passed, 0 failed, {} skipped".format(len(CASES)))
        return 0
    place = Place(sys.argv[1])
    try:
        results = [run_case(case, place) for case in CASES]
    finally:
        shutil.rmtree(place.path)
    print("{} passed, {} failed, {} skipped".format(
        *(results.count(word) for word in ("passed", "failed", "skipped"))))
    return 1 if "failed" in results else 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
