#!/usr/bin/python3
"""Runs the cases of a machine that a real systemd has booted, with the units of contrib/ in it.

    boot.py BUILDDIR [WORD...]

WORDs choose the cases whose name contains one of them. The directory of the run is kept if a case
failed, and named at the end. Last line: `N passed, N failed, N skipped`.
"""

import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[1:1] = [os.path.join(TESTS, "mta"), os.path.join(TESTS, "end_to_end")]
# The path must be there first.
import run_cases  # noqa: E402

if __name__ == "__main__":
    os.umask(0o022)
    run_cases.main(sys.argv[1:], ["booted"], __doc__)
