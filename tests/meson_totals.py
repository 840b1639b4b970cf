#!/usr/bin/python3
"""Counts what `meson test` ran, from its testlog.json: doctest's cases, not its programs.

Prints what failed and, last, `N passed, N failed, N skipped`.
"""

import json
import re
import sys

SUMMARY = re.compile(r"\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed"
                     r"\s*\|\s*(\d+) skipped")


def counts_of(test):
    """(passed, failed, skipped) of one program."""
    summary = SUMMARY.search(test.get("stdout") or "")
    is_good = test["result"] in ("OK", "EXPECTEDFAIL")
    if test["result"] == "SKIP":
        return 0, 0, 1
    if not summary:
        return (1, 0, 0) if is_good else (0, 1, 0)
    passed, failed, skipped = (int(summary[n]) for n in (2, 3, 4))
    # A program that crashed or leaked behind its last case has failed all the same.
    return passed, failed if is_good or failed else 1, skipped


def main(path):
    totals = [0, 0, 0]
    with open(path, encoding="utf-8") as file:
        for line in file:
            test = json.loads(line)
            counts = counts_of(test)
            totals = [a + b for a, b in zip(totals, counts)]
            if counts[1]:
                print(f"FAIL {test['name']}: {test['result']}")
                print((test.get("stdout") or "")[-4000:])
                print((test.get("stderr") or "")[-4000:])
    print("{} passed, {} failed, {} skipped".format(*totals))
    sys.exit(1 if totals[1] or not totals[0] else 0)


if __name__ == "__main__":
    main(sys.argv[1])
