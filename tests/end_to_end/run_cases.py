#!/usr/bin/python3
"""Runs the end-to-end cases against a build.

    run_cases.py [--all] [--wrapper COMMAND] BUILDDIR [WORD...]

--all adds the long cases; WORDs choose the cases whose subject or name contains one of them.
--wrapper puts a command such as valgrind before every sshsm. The directory of the run is kept if a
case failed, and named at the end.
"""

import os
import shlex
import signal
import sys

import registry
import rig as rig_module
import syslog_catcher

SUBJECTS = ["delivery", "refusals", "lines", "ssh_faults", "trust", "configuration", "arguments",
            "exit_statuses", "sentences", "sandbox", "log", "exim", "load", "pauses",
            "callers", "last_replies", "hosts", "rest", "smuggling", "sendmail", "interactive",
            "automatic", "lmtp", "sendmail_sessions", "smuggling_sessions", "smtp_address",
            "smtp_address_key", "completion", "manual", "installation", "enrol", "enrol_dialogue",
            "enrol_refusals", "trust_change", "admin_files", "check", "check_broken",
            "check_hostile", "settings", "proxy_command", "progress", "keeper", "keeper_faults",
            "keeper_trust", "keeper_end", "keeper_lasting", "keeper_clients", "keeper_edge",
            "keeper_status", "keeper_start", "keeper_endurance", "keeper_programs", "keeper_turns",
            "keeper_room", "keeper_flight", "keeper_proxy", "keeper_moves", "keeper_doors",
            "keeper_long_run", "every_octet", "shortage", "sandbox_proof", "hostile_peers",
            "hostile_callers", "hostile_files"]


def stop(_number, _frame):
    raise KeyboardInterrupt


def main(arguments):
    with_long = "--all" in arguments
    wrapper = []
    if "--wrapper" in arguments:
        place = arguments.index("--wrapper")
        wrapper = shlex.split(arguments[place + 1])
        del arguments[place:place + 2]
    words = [word for word in arguments if word != "--all"]
    if not words:
        sys.exit(__doc__)
    syslog_catcher.enter_private_dev()
    for subject in SUBJECTS:
        __import__(subject)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    rig = rig_module.Rig(words[0])
    rig.wrapper = wrapper
    tally = registry.Tally()
    try:
        tally = registry.run(registry.selected(words[1:], with_long), rig)
        if len(words) == 1 and not wrapper:
            for words, names in (("provoked", rig.provoked), ("compared as a whole line", rig.compared)):
                missing = sorted(set(rig.causes.values()) - names)
                print(f"causes that no case {words}: " + (", ".join(missing) or "none"))
    finally:
        rig.close(keep=tally.failed > 0)
    if tally.failed:
        print("kept: " + rig.directory)
    print(tally.line(), flush=True)
    sys.exit(1 if tally.failed or not tally.passed else 0)


if __name__ == "__main__":
    os.umask(0o022)
    main(sys.argv[1:])
