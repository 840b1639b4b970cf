"""Who descends from whom, and what was left behind."""

import ctypes
import os
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """From now on whatever our children leave behind becomes our child, and is seen."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def is_dead(pid):
    """True of one who has ended, and is waited for by nobody yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def name_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return "?"


def left_behind(known, limit):
    """Our children besides those known, after so many seconds at most; the dead are buried."""
    end = time.monotonic() + limit
    while True:
        strangers = [pid for pid in children(os.getpid()) if pid not in known]
        for pid in strangers:
            if is_dead(pid):
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass
        strangers = [pid for pid in strangers if not is_dead(pid)]
        if not strangers or time.monotonic() > end:
            return strangers
        time.sleep(0.02)
