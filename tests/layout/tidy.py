#!/usr/bin/python3
"""Holds each source of src/ to .clang-tidy, by how a build with clang compiled it.

    tests/layout/tidy.py BUILD [JOBS]

Looks at JOBS files at a time, by default at as many as there are processors. One check per file;
last line: `N passed, N failed, N skipped`.
"""

import concurrent.futures
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(ROOT, "src")


def sources():
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(SOURCE)
                  for name in names if name.endswith(".cc"))


def compiled_files(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        return {os.path.realpath(os.path.join(entry["directory"], entry["file"]))
                for entry in json.load(file)}


def remarks_on(source, build):
    """What clang-tidy has to say about it, or nothing."""
    ended = subprocess.run(["clang-tidy", "--quiet", "-p", build, source],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
    return "" if ended.returncode == 0 else ended.stdout or f"exit status {ended.returncode}\n"


def main(build, jobs):
    # A file that is not compiled is looked at with options that are guessed: that is no look.
    known = compiled_files(build)
    failed = 0
    files = sources()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for source, remarks in zip(files, pool.map(lambda file: remarks_on(file, build), files)):
            if os.path.realpath(source) not in known:
                remarks = "it is in no target of the build\n" + remarks
            name = os.path.relpath(source, ROOT)
            print(f"FAIL {name}\n{remarks}" if remarks else f"PASS {name}", flush=True)
            failed += bool(remarks)
    print(f"{len(files) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed or not files else 0)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else os.cpu_count())
