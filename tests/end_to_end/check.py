"""sshsmctl check: what every step shows where all is well, as a person reads it and as a machine does."""

import json
import os
import subprocess
import sys

from checking import TRY, all_lines, all_seen, fails, line, lines_to, run_check
from registry import Skip, case, expect
from check_broken import NOT_FORCED, NOT_FORCED_REMEDY
from proxy_command import RELAY, befriended
from smtp_address import Listener, friend_with_sink

BOB = "bob@friend.example"
ENVELOPE = {"MAIL": '"250 2.1.0 <> sender ok"', "RCPT": f'"250 2.1.5 <{BOB}> recipient ok"',
            "RSET": '"250 2.0.0 reset"'}
RCPT_REMEDY = ("ask who runs the mail server there whether the address is right, and whether he takes mail "
               "for it from sendmail -bs")


@case
def every_step_is_well(bench):
    friend = bench.friend()
    run_check(friend).prints(0, *all_lines(friend))
    hello = b"EHLO " + os.uname().nodename.encode() + b"\r\n"
    # Once for the forced command, and once for the mail server behind it.
    expect(friend.transcript(), b"QUIT\r\n" + hello + b"QUIT\r\n", "what the mail server heard")
    friend.received_nothing()


@case
def a_recipient_is_asked_about_and_nothing_is_sent(bench):
    friend = bench.friend()
    run_check(friend, "--to", BOB).prints(0, *all_lines(friend, **ENVELOPE))
    expect(friend.transcript().endswith(b"\r\nMAIL FROM:<>\r\nRCPT TO:<bob@friend.example>\r\nRSET\r\nQUIT\r\n"),
           True, "what the mail server heard")
    friend.received_nothing()


@case
def a_refused_sender_or_recipient_is_told_as_a_batch_is(bench):
    for step, reply, words, summary in (
            ("RCPT", "550 5.1.1 no such user", "refused", "refused"),
            ("RCPT", "451 4.3.0 later", "does not take now", "not taken now"),
            ("MAIL", "550 5.7.1 not from you", "refused", "refused")):
        friend = bench.friend(f"reply {step} {reply}")
        verb = "the mail server " + words
        run_check(friend, "--to", BOB).prints(
            1, *lines_to(friend, step, **ENVELOPE), line("FAIL", step, summary),
            friend.line(f'{reply.split()[1]} {verb} <{BOB}>: "{reply}"'), "remedy: " + RCPT_REMEDY)


@case
def one_object_is_printed_for_a_machine(bench):
    friend = bench.friend()
    result = run_check(friend, "--json", "--to", BOB)
    result.has_status(0)
    whole = json.loads(result.stdout)
    for step in whole["steps"]:
        expect(isinstance(step.pop("milliseconds"), int), True, f"milliseconds of {step}")
    expect(whole, {"destination": "friend", "host": "127.0.0.1", "is_well": True, "fault": None,
                   "steps": [{"step": step, "is_well": True, "seen": seen}
                             for step, seen in all_seen(friend, **ENVELOPE).items()]}, "the object")
    expect(result.stdout.count(b"\n"), 1, "lines")


@case
def the_object_has_the_fault(bench):
    friend = bench.friend("reply greeting 554 5.3.2 closed")
    result = run_check(friend, "--json")
    result.has_status(1)
    whole = json.loads(result.stdout)
    sentence = friend.line('4.3.2 the mail server takes no mail now; the mail waits in the queue: '
                           '"554 5.3.2 closed"')
    expect(whole["fault"], {"step": "greeting", "cause": "greeting-refused", "code": "4.3.2",
                            "sentence": sentence, "remedy": "ask who runs the mail server there: it runs, and takes no mail now"}, "the fault")
    expect((whole["is_well"], whole["steps"][-1]["is_well"]), (False, False), "is_well")


@case
def an_address_is_reached_and_nothing_else(bench):
    friend = friend_with_sink(bench)
    run_check(friend).prints(0, *all_lines(friend, smtp_address=friend.listener.name + " is open"))
    expect(friend.listener.count, 1, "connections")


@case
def an_address_that_is_not_permitted_is_told(bench):
    friend = friend_with_sink(bench, permitted="127.0.0.1:2")
    fails(friend, "smtp-address",
          f"4.7.1 the host does not let our key through to smtp-address: {friend.listener.name}; "
          "authorized_keys there must say port-forwarding and permitopen= with exactly this address, and "
          f'sshd_config must allow it{TRY}: "open failed"', smtp_address="")


@case
def a_key_for_an_address_that_may_do_more_is_told(bench):
    listener = Listener(bench, lambda connection: None)
    for options, step in (("restrict,port-forwarding", "forwarding"), ("restrict", "smtp-address")):
        friend = bench.friend(command="/bin/false", key_options=options,
                              settings={"smtp-address": listener.name})
        result = run_check(friend)
        result.has_status(1)
        failed = result.stdout.decode().splitlines()[-3]
        expect(failed.startswith(f"FAIL  {step} "), True, failed)
    expect(listener.count, 0, "connections")


@case
def a_key_for_an_address_that_runs_commands_is_told(bench):
    sshd = bench.sshd()
    friend = friend_with_sink(bench, sshd=sshd)
    with open(sshd.authorized_keys, encoding="ascii") as file:
        line_of_key = file.read()
    with open(sshd.authorized_keys, "w", encoding="ascii") as file:
        file.write(line_of_key.replace(',command="/bin/false"', ""))
    fails(friend, "forced command", NOT_FORCED, NOT_FORCED_REMEDY)


@case
def a_host_that_allows_one_session_at_a_time_is_enough(bench):
    for options in ([], ["MaxSessions 1"]):
        friend = bench.friend(sshd=bench.sshd(options))
        run_check(friend).prints(0, *all_lines(friend))


@case
def a_host_that_refuses_every_session_may_still_lead_to_an_address(bench):
    friend = friend_with_sink(bench, sshd=bench.sshd(["MaxSessions 0"]))
    run_check(friend).prints(0, *all_lines(friend, forced_command="ours was refused",
                                           smtp_address=friend.listener.name + " is open"))


@case
def of_several_hosts_each_name_is_shown_and_the_first_that_answers_is_checked(bench):
    friend = bench.friend(settings={"host": "no-such-host.invalid 127.0.0.1"})
    friend.write_pins([f"* {friend.sshd.host_keys['ed25519']}"])
    result = run_check(friend)
    result.has_status(0)
    names = [row for row in result.stdout.decode().splitlines() if row.startswith("ok    names")][0]
    expect(names.startswith("ok    names           no-such-host.invalid: "), True, names)
    expect("; 127.0.0.1: 127.0.0.1 (" in names, True, names)


@case(root=True)
def it_is_the_mail_user_of_the_configuration_or_of_the_command_line(bench):
    friend = bench.friend()
    os.chown(friend.key, 1, 1)
    fails(friend, "files", f"4.7.5 cannot read the private key: {friend.key}: Permission denied; make one with "
          "ssh-keygen -t ed25519 -N '', or give this one to the mail user, mode 0600")
    result = run_check(friend, "--as", "daemon")
    result.prints(0, *all_lines(friend, configuration=f"{friend.path('friend.conf')}, as daemon"))


@case
def the_environment_of_the_caller_does_not_count(bench):
    friend = bench.friend()
    hostile = {"HOME": friend.path("home"), "SSH_AUTH_SOCK": "/tmp/agent", "LANG": "de_DE.UTF-8",
               "OPENSSL_CONF": "/nonexistent", "RES_OPTIONS": "attempts:9", "HOSTALIASES": "/etc/passwd"}
    run_check(friend, environment=hostile).prints(0, *all_lines(friend))


WITHOUT_SANDBOX = """
import ctypes, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
filter = ctypes.c_void_p(library.seccomp_init(0x7fff0000))
enosys = 0x00050000 | 38
for call in (444, library.seccomp_syscall_resolve_name(b"seccomp")):
    assert library.seccomp_rule_add(filter, enosys, call, 0) == 0
class Argument(ctypes.Structure):
    _fields_ = [("number", ctypes.c_uint), ("comparison", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]
prctl = library.seccomp_syscall_resolve_name(b"prctl")
assert library.seccomp_rule_add(filter, enosys, prctl, 1, Argument(0, 4, 22, 0)) == 0
assert library.seccomp_load(filter) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@case
def a_kernel_without_a_sandbox_is_told_and_no_failure(bench):
    """A filter stands in for the kernel: landlock_create_ruleset(2) and seccomp(2) are not there."""
    prefix = [sys.executable, "-c", WITHOUT_SANDBOX]
    if subprocess.run([*prefix, "/bin/true"], capture_output=True, check=False).returncode:
        raise Skip("libseccomp cannot be used from here")
    friend = bench.friend()
    missing = "not available on this machine"
    run_check(friend, prefix=prefix).prints(
        0, *all_lines(friend, sandbox=f"Landlock {missing}, seccomp {missing}"))


@case
def words_that_make_no_sense_are_refused_in_one_sentence(bench):
    friend = bench.friend()
    for options, words in ((("--to", "a b>"), '--to "a b>" is not a mail address'),
                           (("--to", "x\ny"), '--to "x\\x0ay" is not a mail address'),
                           (("--to", "a@b> NOTIFY=NEVER ORCPT=rfc822;a@b"),
                            '--to "a@b> NOTIFY=NEVER ORCPT=rfc822;a@b" is not a mail address')):
        result = run_check(friend, *options)
        expect((result.status, result.stdout, result.stderr), (1, b"", f"sshsmctl: {words}\n"), "the refusal")


@case
def a_proxy_command_connects(bench):
    friend = befriended(bench, RELAY, "%h %p")
    run_check(friend).prints(0, *all_lines(friend, names="left to proxy-command",
                                           connection="proxy-command runs"))
    friend = befriended(bench, "#!/bin/sh\necho no way there >&2\nexit 3\n")
    fails(friend, "connection",
          "4.4.1 proxy-command led to no SSH server: exit status 3; run it as the mail user to see "
          f'why{TRY}: "no way there"', names="left to proxy-command")
