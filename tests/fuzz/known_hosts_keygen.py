#!/usr/bin/env python3
"""Holds what sshsm reads in the known_hosts files of a corpus against `ssh-keygen -F`.

usage: known_hosts_keygen.py BUILD_DIRECTORY [CORPUS_DIRECTORY]

The law: a key that ours accepts stands in a line that ssh-keygen finds for the host, and in none that
it finds revoked. A process for each key is too slow for a fuzzer, so this is a pass over what it
has found. Last line: `N passed, N failed, N skipped`, one for each file that accepts a key.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# As in known_hosts.cc: host, port, alias, and the names that ssh looks for.
SUBJECTS = [
    ("mx.example", 22, "", ["mx.example"]),
    ("mx.example", 2222, "", ["[mx.example]:2222", "mx.example"]),
    ("mx.example", 2222, "friend", ["friend"]),
    ("192.0.2.1", 22, "", ["192.0.2.1"]),
    ("MX.Example", 22, "", ["mx.example"]),
    ("2001:db8::1", 2222, "", ["[2001:db8::1]:2222", "2001:db8::1"]),
    ("my_mx.example", 22, "", ["my_mx.example"]),
]


def keys_in(text):
    """Everything that may be a key: a type and the word behind it."""
    words = text.replace(b"\0", b" ").split()
    for key_type, base64 in zip(words, words[1:]):
        if key_type.startswith((b"ssh-", b"ecdsa-")) and base64.startswith(b"AAAA"):
            yield key_type, base64


def is_accepted(tool, subject, key, path):
    host, port, alias, _ = subject
    done = subprocess.run([tool, host, str(port), alias, *key, path], capture_output=True,
                          timeout=60, check=False)
    return done.stdout.startswith(b"accept")


def key_of(line):
    """The third field behind the marker."""
    fields = [field for field in re.split(rb"[ \t\r]+", line) if field and field[:1] != b"@"]
    return fields[2] if len(fields) > 2 else b""


def found_keys(names, path):
    """(is revoked, base64) for each line that ssh-keygen finds."""
    for name in names:
        done = subprocess.run(["ssh-keygen", "-F", name, "-f", path], capture_output=True,
                              timeout=60, check=False)
        is_revoked = False
        for line in done.stdout.split(b"\n"):
            if line.startswith(b"# Host "):
                is_revoked = line.rstrip().endswith(b"REVOKED")
            elif line:
                yield is_revoked, key_of(line)


def fault_in(tool, subject, path, text):
    """(how many keys ours accepts, what is wrong with one or None)"""
    accepted = {key for key in keys_in(text) if is_accepted(tool, subject, key, path)}
    found = list(found_keys(subject[3], path)) if accepted else []
    for key in accepted:
        if (False, key[1]) not in found:
            return len(accepted), "ssh-keygen finds no line with %r" % key[1]
        if (True, key[1]) in found:
            return len(accepted), "ssh-keygen finds it revoked: %r" % key[1]
    return len(accepted), None


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if not shutil.which("ssh-keygen"):
        print("no ssh-keygen here\n0 passed, 0 failed, 1 skipped")
        return 0
    tool = os.path.join(os.path.abspath(sys.argv[1]), "tests", "tools", "judge_host_key")
    corpus = sys.argv[2] if len(sys.argv) == 3 else os.path.join(HERE, "corpus", "known_hosts")
    passed = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "known_hosts")
        for name in sorted(os.listdir(corpus)):
            with open(os.path.join(corpus, name), "rb") as file:
                content = file.read()
            if not content:
                continue
            with open(path, "wb") as file:
                file.write(content[1:])
            count, fault = fault_in(tool, SUBJECTS[content[0] % len(SUBJECTS)], path, content[1:])
            passed += count > 0 and fault is None
            failed += fault is not None
            if fault is not None:
                print("FAILED %s: %s" % (name, fault))
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
