#!/usr/bin/env python3
"""Holds the meaning that sshsm gives to known_hosts files against that of the ssh on this machine.

usage: known_hosts_oracle.py BUILD_DIRECTORY

Each case is judged twice: by trust::Pins (through the tool judge_host_key) and by `ssh` itself,
whose ProxyCommand is an `sshd -i` with the offered key. So any host name and port can be used,
nothing is looked up and no port is opened. An ssh that gets as far as authentication has accepted
the key.
The law: ours never accepts what ssh refuses.
"""

import base64
import concurrent.futures
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
import tempfile

from known_hosts_cases import ACCEPT, CASES, HOST, REFUSE

SSH_TIMEOUT = 60


def ssh_string(data):
    return len(data).to_bytes(4, "big") + data


def ssh_strings(blob):
    while blob:
        length = int.from_bytes(blob[:4], "big")
        yield blob[4:4 + length]
        blob = blob[4 + length:]


def base64_of(data):
    return base64.b64encode(data).decode()


def line_of(*parts):
    """A made-up key: its type and the numbers behind it."""
    return parts[0].decode() + " " + base64_of(b"".join(map(ssh_string, parts)))


def hashed(name, salt=b"20 octets of salt...", cut=0):
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return "|1|%s|%s" % (base64_of(salt), base64_of(digest[:20 - cut]))


def hash_of(arguments):
    name, *how = arguments.split()
    if how == ["cut"]:
        return hashed(name, cut=3)
    return hashed(name, salt=b"8 octets") if how == ["salt8"] else hashed(name)


class Keys:
    """The keys that sshd offers, made by ssh-keygen in `directory`, and what is made of them."""
    KINDS = {"ed": ["ed25519"], "ed2": ["ed25519"], "rsa": ["rsa", "-b", "2048"],
             "rsa1024": ["rsa", "-b", "1024"], "ec256": ["ecdsa", "-b", "256"],
             "ec384": ["ecdsa", "-b", "384"], "ec521": ["ecdsa", "-b", "521"]}

    def __init__(self, directory):
        self.directory = directory
        for name, kind in self.KINDS.items():
            self.keygen("-q", "-N", "", "-C", "", "-f", self.path(name), "-t", *kind)
        self.keygen("-q", "-s", self.path("ed2"), "-I", "id", "-h", "-n", HOST,
                    self.path("ed") + ".pub")
        self.words = self.make_words()

    def path(self, name):
        return os.path.join(self.directory, name)

    @staticmethod
    def keygen(*arguments):
        subprocess.run(["ssh-keygen", *arguments], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=SSH_TIMEOUT)

    def public(self, name):
        with open(self.path(name) + ".pub", encoding="ascii") as file:
            return file.read().split()[:2]

    def make_words(self):
        words = {name: " ".join(self.public(name)) for name in self.KINDS}
        words.update({name + ".b64": self.public(name)[1] for name in self.KINDS})
        with open(self.path("ed") + "-cert.pub", encoding="ascii") as file:
            words["cert"] = " ".join(file.read().split()[:2])
        text = words["ed.b64"]
        blob = base64.b64decode(text)
        number = b"\x01" + b"\x07" * 95
        rsa = [ssh_string(part) for part in ssh_strings(base64.b64decode(words["rsa.b64"]))]
        words.update({
            "rsa768": line_of(b"ssh-rsa", b"\x01\x00\x01", b"\x00\xff" + b"\x07" * 95),
            "dss": line_of(b"ssh-dss", number, b"\x01" * 20, number, number),
            "sk": line_of(b"sk-ssh-ed25519@openssh.com", b"\x05" * 32, b"ssh:"),
            "future": line_of(b"ssh-future", b"\x05" * 32),
            "ed.cut": text[:-2],
            "ed.stray": text[:30] + "*" + text[31:],
            "ed.feed": text[:30] + "\f" + text[30:],
            "ed.tail": base64_of(blob + b"x"),
            "ed.short": base64_of(blob[:-1]),
            "rsa.signature": base64_of(ssh_string(b"rsa-sha2-256") + rsa[1] + rsa[2]),
            "rsa.name": base64_of(ssh_string(b"Rsa\0") + rsa[1] + rsa[2]),
            "rsa.zeros": base64_of(rsa[0] + rsa[1] + ssh_string(b"\0\0" + rsa[2][4:])),
        })
        return words

    def fill(self, text):
        def replace(match):
            word = match.group(1)
            return hash_of(word[5:]) if word.startswith("hash ") else self.words[word]
        return re.sub(r"\{([^}]+)\}", replace, text)


class Judges:
    def __init__(self, build_directory, directory):
        self.tool = os.path.join(build_directory, "tests", "tools", "judge_host_key")
        self.directory = directory
        self.keys = Keys(directory)
        self.sshd = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        self.sshd_config = self.write_sshd_config()

    def write_files(self, number, one):
        paths = []
        for index, text in enumerate(one.files):
            paths.append(os.path.join(self.directory, "known_hosts.%d.%d" % (number, index)))
            with open(paths[-1], "wb") as file:
                file.write(self.keys.fill(text).encode("latin-1"))
        return paths

    def write_sshd_config(self):
        path = os.path.join(self.directory, "sshd_config")
        with open(path, "w", encoding="ascii") as file:
            file.write("UsePAM no\nUseDNS no\nLogLevel QUIET\nPidFile none\nStrictModes no\n"
                       "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                       "AuthorizedKeysFile none\n")
        return path

    def ask_ours(self, one, paths):
        done = subprocess.run([self.tool, one.host, str(one.port), one.alias,
                               *self.keys.public(one.offered), *paths],
                              capture_output=True, text=True, timeout=SSH_TIMEOUT, check=False)
        return done.stdout.split(" ")[0].strip() if done.returncode == 0 else "error " + done.stderr

    def ask_ssh(self, one, paths):
        options = {
            "ProxyCommand": "%s -i -f %s -h %s" % (self.sshd, self.sshd_config,
                                                   self.keys.path(one.offered)),
            "UserKnownHostsFile": " ".join(paths), "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes", "BatchMode": "yes", "IdentityFile": "none",
            "IdentityAgent": "none", "PreferredAuthentications": "publickey",
            "KexAlgorithms": "curve25519-sha256", "UpdateHostKeys": "no", "ControlPath": "none",
        }
        if one.alias:
            options["HostKeyAlias"] = one.alias
        words = ["ssh", "-F", "none", "-l", "nobody", "-p", str(one.port)]
        for key, value in options.items():
            words += ["-o", "%s=%s" % (key, value)]
        done = subprocess.run([*words, "--", one.host, "true"], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SSH_TIMEOUT, check=False)
        if b"Permission denied" in done.stderr:
            return ACCEPT
        if b"Host key verification failed" in done.stderr:
            return REFUSE
        return "error " + done.stderr.decode("latin-1")

    def judge(self, number, one):
        """None, or what is wrong."""
        paths = self.write_files(number, one)
        ours, ssh = self.ask_ours(one, paths), self.ask_ssh(one, paths)
        if ours == ACCEPT and ssh != ACCEPT:
            return "ours accepts what ssh answers with %s" % ssh.strip()
        if ssh != one.expected and not (one.widened and ssh == ACCEPT):
            return "expected %s, ssh says %s" % (one.expected, ssh.strip())
        wanted = REFUSE if one.stricter else one.expected
        return None if ours == wanted else "expected %s, ours says %s" % (wanted, ours.strip())


def run_cases(build_directory, directory):
    judges = Judges(build_directory, directory)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        faults = list(pool.map(lambda pair: judges.judge(*pair), enumerate(CASES)))
    failed = 0
    for one, fault in zip(CASES, faults):
        if fault is not None:
            failed += 1
            print("FAILED %s: %s" % (one.name, fault))
    return failed


def make_privilege_separation_directory():
    """sshd that is started by root wants it, also where its service never ran. It stays: another
    sshd may have come to need it."""
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [tool for tool in ("ssh", "sshd", "ssh-keygen") if not shutil.which(tool, path=path)]
    if missing:
        print("no %s here" % ", ".join(missing))
        print("0 passed, 0 failed, %d skipped" % len(CASES))
        return 0
    make_privilege_separation_directory()
    with tempfile.TemporaryDirectory() as directory:
        failed = run_cases(os.path.abspath(sys.argv[1]), directory)
    print("%d passed, %d failed, 0 skipped" % (len(CASES) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
