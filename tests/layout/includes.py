#!/usr/bin/python3
"""Holds the rooms of src/ to the table of the design: who may include whom, and how long things are.

Reads every #include under src/. A room includes itself, the rooms it names and the libraries it
names; nothing includes <iostream>, <regex> or <filesystem>. A file has at most 350 lines, a function
60. One check per file; last line: `N passed, N failed, N skipped`.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(ROOT, "src")

# room: (may include, libraries that it alone sees, its sentence)
ROOMS = {
    "base": ("", [],
             "what went wrong and in which words (Failure, the table of causes), printable text from a "
             "peer's bytes, the log line, descriptors, deadlines, the byte-stream interface"),
    "smtp": ("base", [],
             "SMTP as pure data: replies, capabilities, paths, dot-stuffing, the batch reader, the "
             "client, relay and LMTP machines. No descriptor, no clock, no SSH, no exit status"),
    "config": ("base", ["boost/"],
               "one Destination from DEST.conf: one table of keys with type, default, help and who may "
               "set it"),
    "trust": ("base", ["openssl/"],
              "is this host key the right one: known_hosts lines and pins in, a verdict out. Connects "
              "to nothing"),
    "privilege": ("base", ["seccomp.h"],
                  "who we are: one identity, clean start-up, trusted files, the sandbox"),
    "ssh": ("base config trust privilege", ["libssh/"],
            "dialler, handshake, authentication, one channel as a byte stream. The only room that sees "
            "libssh"),
    "mailer": ("base smtp config trust privilege ssh", ["boost/"],
               "the way of a message: three front ends that wire byte streams to a machine, and the "
               "sequence around them"),
    "keeper": ("base smtp config trust privilege ssh mailer", ["nlohmann/"],
               "the warm connection: pool, listeners, lifetime, status"),
    "admin": ("base smtp config trust privilege ssh mailer", ["boost/", "nlohmann/"],
              "enrol, check, trust"),
}
# main: arguments in, exit status out. It may include every room, but no library.
PROGRAMS = ("sshsm.cc", "sshsmd.cc", "sshsmctl.cc", "completion.cc")
GENERATED = "build_settings.h"
BANNED = ("iostream", "regex", "filesystem")
LIBRARIES = ("boost/", "nlohmann/", "openssl/", "seccomp.h", "libssh/")
# What a machine that is pure data has no use for.
PURE = {"smtp": ("unistd.h", "poll.h", "chrono", "time.h", "sys/"), "trust": ("unistd.h", "poll.h")}
MAX_FILE = 350
MAX_FUNCTION = 60

# The end of what stands before a body: parameters, qualifiers, return type.
PARAMETERS = re.compile(
    r"\)\s*(?:(?:const|noexcept|override|final|mutable)\s*)*(?:->[^;{]*)?$")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def complaints_about_includes(room, text):
    allowed, libraries = (set(ROOMS), []) if room is None else (
        set(ROOMS[room][0].split()) | {room}, ROOMS[room][1])
    for kind, name in INCLUDE.findall(text):
        other = name.split("/")[0]
        if kind == '"':
            if name == GENERATED:
                continue
            if "/" not in name or other not in ROOMS:
                yield f'"{name}" is not written from the root of src/'
            elif other not in allowed:
                yield f'"{name}": {room}/ may include {ROOMS[room][0] or "no room"} only'
        elif name in BANNED:
            yield f"<{name}> is banned from src/"
        elif name.startswith(LIBRARIES) and not name.startswith(tuple(libraries)):
            yield f"<{name}> is not for {room or 'a program'}"
        elif name.startswith(PURE.get(room, ("\0",))):
            yield f"<{name}>: {room}/ is pure data"


def without_words(text):
    """The text with comments, strings and characters blanked, its lines kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    digits = re.compile(r"(?<=\d)'(?=\d)")
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), digits.sub("", text))


def functions(text):
    """(line, length) of every outermost body that stands behind a parameter list."""
    text = without_words(text)
    opened = []  # (is it a body, where its heading begins)
    heading = 0
    for place, c in enumerate(text):
        if c == "{":
            head = re.sub(r"^(\s*#[^\n]*\n|\s)+", "", text[heading:place])
            is_body = bool(PARAMETERS.search(head))
            begin = place - len(head) if head else place
            opened.append((is_body and not any(body for body, _ in opened), begin))
        elif c == "}" and opened:
            is_body, begin = opened.pop()
            if is_body:
                yield text.count("\n", 0, begin) + 1, text.count("\n", begin, place) + 1
        if c in "{};":
            heading = place + 1


def complaints(path):
    relative = os.path.relpath(path, SOURCE)
    parts = relative.split(os.sep)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if len(parts) == 1 and relative not in PROGRAMS:
        yield "stands in no room"
        return
    if len(parts) > 1 and parts[0] not in ROOMS:
        yield f"{parts[0]}/ is no room"
        return
    yield from complaints_about_includes(parts[0] if len(parts) > 1 else None, text)
    lines = text.count("\n")
    if lines > MAX_FILE:
        yield f"has {lines} lines; at most {MAX_FILE}"
    for line, length in functions(text):
        if length > MAX_FUNCTION:
            yield f"line {line}: a function of {length} lines; at most {MAX_FUNCTION}"


def scanner_works():
    """The scanner must see what it is for, or its silence means nothing."""
    body = "\n".join("  f();" for _ in range(61))
    samples = {f"namespace a {{\nint long_one(int x) const noexcept {{\n{body}\n}}\n}}\n": 1,
               f"constexpr int table[] = {{\n{body}\n}};\n": 0,
               f"struct S {{\n{body}\n}};\n": 0,
               f"A::A(int x)\n    : x_(x) {{\n{body}\n}}\n": 1,
               "void f() {\n" + body[:40 * 7] + "}\nvoid g() {\n" + body[:40 * 7] + "}\n": 0}
    return all(sum(length > MAX_FUNCTION for _, length in functions(text)) == wanted
               for text, wanted in samples.items())


def main():
    passed = failed = 0
    if not scanner_works():
        print("FAIL the brace scanner does not find a long function")
        failed += 1
    for folder, _, names in sorted(os.walk(SOURCE)):
        for name in sorted(names):
            if not name.endswith((".h", ".cc")):
                continue
            path = os.path.join(folder, name)
            found = list(complaints(path))
            for complaint in found:
                print(f"FAIL {os.path.relpath(path, ROOT)}: {complaint}")
            failed += bool(found)
            passed += not found
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
