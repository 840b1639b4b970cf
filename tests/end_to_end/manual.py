"""What the manual, SECURITY.md and the READMEs say of themselves: pages that lint, examples that run, recipes and tests
that exist. Their tables are held to the code by tests/unit/manual."""

import json
import os
import pty
import re
import shutil
import smtplib
import socket
import subprocess
import tempfile

from enrolling import AT_A_TERMINAL, QUESTION, Newcomer
from registry import Skip, case, expect
from rig import SOURCE
from talk import Talk

PAGES = ("sshsm.8", "sshsmctl.8", "sshsmd.8", "sshsm.conf.5", "sshsm-mta.7")
ESCAPES = (("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\&", ""),
           ("\\e", "\\"))


def read(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as file:
        return file.read()


def displays(page, section):
    """The literal displays of a section, as a reader would copy them."""
    text = read("man", page)
    text = re.search(rf"^\.Sh {section}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S).group(1)
    result = []
    for display in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S):
        for escape, character in ESCAPES:
            display = display.replace(escape, character)
        result.append(display)
    return result


@case
def the_pages_have_nothing_that_mandoc_complains_of(_bench):
    if shutil.which("mandoc") is None:
        raise Skip("mandoc is missing")
    for page in PAGES:
        lint = subprocess.run(["mandoc", "-Tlint", os.path.join(SOURCE, "man", page)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        # What is not installed yet cannot be found.
        complaints = [line for line in lint.stdout.splitlines() if "referenced manual not found" not in line]
        expect(complaints, [], page)


class Shell:
    """Runs lines of the manual in a directory of its own, with our programs and a friend's files."""

    def __init__(self, bench, friend):
        self.directory = os.path.join(bench.directory, "home")
        programs = os.path.join(bench.directory, "programs")
        os.makedirs(self.directory)
        os.makedirs(programs)
        os.chown(self.directory, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
        with open(os.path.join(programs, "sshsm"), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {bench.rig.sshsm} --config-dir {friend.directory} "$@"\n')
        os.chmod(os.path.join(programs, "sshsm"), 0o755)
        self.environment = {"PATH": programs + ":/usr/bin:/bin"}

    def run(self, line):
        return subprocess.run(["sh", "-c", line], cwd=self.directory, env=self.environment, timeout=40,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)

    def runs(self, line, status):
        result = self.run(line)
        expect(result.returncode, status, f"{line}\n{result.stderr.decode()}")
        return result


@case
def the_examples_of_sshsm_run_as_they_stand(bench):
    a_batch, keeping, conversation = [text.splitlines() for text in displays("sshsm.8", "EXAMPLES")]
    friend = bench.friend(name="myfriend")
    shell = Shell(bench, friend)
    shell.runs(a_batch[0], 0)
    shown = shell.runs(a_batch[1], 0).stderr.decode()
    expect("status=sent" in shown, True, f"what -v shows: {shown}")
    expect(friend.messages(), [b"Subject: hello\r\n\r\nHello.\r\n"], "messages")
    friend.write("script", "reply dot 452 4.3.1 later\n")
    shell.runs(keeping[0], 75)
    friend.write("script", "")
    shell.runs(keeping[1], 0)
    expect(len(friend.messages()), 2, "messages")
    replies = shell.runs(conversation[0], 0).stdout.decode().splitlines()
    expect([replies[0][:4], replies[-1][:4]], ["220 ", "221 "], f"greeting and goodbye in {replies}")
    expect(sum(map(len, (a_batch, keeping, conversation))), 5, "examples that were run")


def key_line(text):
    return re.search(r"^restrict.*$", text, re.M).group()


class Administrator:
    """Runs the examples of sshsmctl(8), with the host, login and fingerprint of a host that is there."""

    def __init__(self, bench, newcomer):
        self.bench, self.newcomer = bench, newcomer

    def words(self, line, kind):
        newcomer = self.newcomer
        line = line.replace("--host mx.friend.example", f"--host {newcomer.hosts[0]} --port {newcomer.port}")
        line = line.replace("mailrx", newcomer.user)
        line = re.sub(r"SHA256:\S+", newcomer.fingerprint(kind), line)
        name, verb, *words = line.split()
        expect(name, "sshsmctl", "the program")
        return [verb, "--config-dir", newcomer.directory, *words]

    def runs(self, line, kind="ed25519"):
        result = self.bench.run(*self.words(line, kind), program=self.bench.rig.sshsmctl)
        result.has_status(0)
        return result.stdout.decode()

    def types(self, line, kind="ed25519"):
        """The same at a terminal, where the fingerprint of that key is typed."""
        controller, terminal = pty.openpty()
        self.bench.at_end(lambda: [os.close(number) for number in (controller, terminal)])
        running = self.bench.start(*self.words(line, kind), program=self.bench.rig.sshsmctl,
                                   prefix=AT_A_TERMINAL, stdin=terminal)
        Talk(running, controller).wait_for(QUESTION)
        os.write(controller, self.newcomer.fingerprint(kind).encode() + b"\n")
        result = running.finish(None)
        result.has_status(0)
        return result.stdout.decode()


@case
def the_examples_of_sshsmctl_run_as_they_stand(bench):
    at_terminal, without, check, rotation, overview = [text.splitlines()
                                                       for text in displays("sshsmctl.8", "EXAMPLES")]
    newcomer = Newcomer(bench, bench.sshd(key_types=("ed25519", "rsa")), name="myfriend")
    person = Administrator(bench, newcomer)
    said = person.types(*at_terminal)
    expect("restrict,command=" in said and "sshsm:myfriend" in said, True, said)
    os.remove(newcomer.path("myfriend.conf"))
    person.runs(*without)
    newcomer.is_configured_with("ed25519")
    with open(newcomer.sshd.authorized_keys, "a", encoding="ascii") as file:
        file.write(key_line(said).replace("/usr/sbin/sendmail -bs", bench.rig.sink) + "\n")
    expect("\nok    RCPT " in person.runs(*check), True, "the answer to RCPT")
    add, revoke = rotation
    person.types(add, "rsa")
    newcomer.is_configured_with("ed25519", "rsa")
    person.runs(revoke)
    newcomer.is_configured_with("rsa")
    expect(newcomer.read("known_hosts").startswith("@revoked "), True, newcomer.read("known_hosts"))
    expect(person.runs(overview[0]).split()[0], "myfriend", "the destination that is listed")
    expect("host = 127.0.0.1 " in person.runs(overview[1]), True, "the setting that is shown")
    expect(sum(map(len, (at_terminal, without, check, rotation, overview))), 7, "examples")


class Household:
    """What the examples of sshsmd(8) speak of: a home with a configuration in .config/sshsm, and a free port."""

    def __init__(self, bench):
        self.bench = bench
        # A socket's path has to be short.
        self.home = tempfile.mkdtemp(prefix="h", dir=bench.rig.directory)
        os.chmod(self.home, 0o755)
        bench.at_end(lambda: shutil.rmtree(self.home, ignore_errors=True))
        self.directory = os.path.join(self.home, ".config", "sshsm")
        self.friend = bench.friend(name="myfriend")
        os.makedirs(os.path.dirname(self.directory))
        shutil.move(self.friend.directory, self.directory)
        os.symlink(self.directory, self.friend.directory)
        os.chown(self.directory, bench.rig.mail_user.pw_uid, bench.rig.mail_user.pw_gid)
        # The build may lie where only root comes.
        self.keeper = shutil.copy(os.path.join(bench.rig.build, "src", "sshsmd"), self.home)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def configure(self, lines):
        for line in lines:
            key, value = line.split(" = ")
            self.friend.settings[key] = value.replace(":1025", f":{self.port}")
        self.friend.write_configuration()

    def starts(self, line, program, **identity):
        """The line by a shell with cron's few variables, which the program takes the place of."""
        expect(line.split()[0], program, "the program")
        with open(os.path.join(self.home, "trace"), "ab") as trace:
            process = subprocess.Popen(["sh", "-c", "exec " + line.replace(program, self.keeper, 1)], cwd="/",
                                       env={"HOME": self.home, "PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=trace, **identity)

        def end():
            if process.poll() is None:
                process.kill()
                process.wait()
        self.bench.at_end(end)
        return process

    def user(self):
        """Who has no more rights than any user of the machine."""
        account = self.bench.rig.mail_user
        if not self.bench.rig.is_root:
            return {}
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 10).close()
            return True
        except ConnectionRefusedError:
            return False

    def status(self):
        result = self.bench.run("status", "--config-dir", self.directory, "--json", "myfriend",
                                program=self.bench.rig.sshsmctl)
        result.has_status(0)
        return json.loads(result.stdout)

    def sends(self):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.sendmail("me@here.example", ["bob@friend.example"], "Subject: hello\n\nHello.\n")

    def ends(self, process):
        process.terminate()
        expect(process.wait(20), 0, "the exit status behind SIGTERM")


@case
def the_examples_of_sshsmd_run_as_they_stand(bench):
    a_port, run, persistent, cron, systemd = [text.splitlines() for text in displays("sshsmd.8", "EXAMPLES")]
    house = Household(bench)
    house.configure(a_port)
    keeper = house.starts(run[0].replace("sshsmd", "sshsmd --config-dir ~/.config/sshsm"), "sshsmd")
    bench.wait_until(house.listens, "the port is open")
    house.sends()
    house.ends(keeper)
    with open(os.path.join(house.home, "trace"), encoding="utf-8") as file:
        expect("status=sent" in file.read(), True, "what -v shows")
    house.configure(persistent)
    expect(cron[0].split()[0], "@reboot", "when it is run")
    keeper = house.starts(cron[0].split(" ", 1)[1], "/usr/local/sbin/sshsmd", **house.user())
    bench.wait_until(house.listens, "the port is open")
    bench.wait_until(lambda: house.status()["is_up"], "the line is up before anybody asks")
    house.sends()
    house.ends(keeper)
    expect(house.friend.messages(), [b"Subject: hello\r\n\r\nHello.\r\n"] * 2, "messages")
    told = [line.strip() for line in read("contrib", "systemd", "README.md").splitlines()]
    expect([line for line in systemd if not any(one.startswith(line) for one in told)], [], "not in contrib/systemd")
    expect(cron[0] in told, True, "the line of contrib/systemd for cron")
    expect(sum(map(len, (a_port, run, persistent, cron, systemd))), 7, "examples")


@case
def the_recipes_of_the_manual_are_those_of_contrib(_bench):
    files = []
    for directory, _, names in os.walk(os.path.join(SOURCE, "contrib")):
        for name in names:
            text = read(os.path.relpath(os.path.join(directory, name), SOURCE))
            files.append({line.strip() for line in text.splitlines()})
    recipes = displays("sshsm-mta.7", "DESCRIPTION")
    expect(len(recipes) >= 10, True, f"{len(recipes)} recipes")
    for recipe in recipes:
        lines = {line.strip() for line in recipe.splitlines()}
        expect(any(lines <= file for file in files), True, f"in one file of contrib:\n{recipe}")


def names_of_tests(path):
    text = read("tests", path)
    if path.endswith(".py"):
        return {name.replace("_", " ") for name in re.findall(r"^def (\w+)\(", text, re.M)}
    literals = re.findall(r'TEST_CASE\(((?:\s*"(?:[^"\\]|\\.)*")+)\)', text)
    return {"".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal)) for literal in literals}


@case
def each_test_that_security_names_exists(_bench):
    text = read("SECURITY.md")
    named = re.findall(r"`([a-z_/0-9]+\.(?:py|cc|txt))(?:: ([^`]+))?`", text)
    expect(len(named) >= 30, True, f"{len(named)} tests named")
    for path, name in named:
        expect(os.path.exists(os.path.join(SOURCE, "tests", path)), True, path)
        if name:
            expect(name in names_of_tests(path), True, f"{path}: {name}")


@case
def each_row_about_a_hole_has_a_test_or_a_reason(_bench):
    rows = re.findall(r"^\| (CVE-.*?) \| (.*?) \| (.*) \|$", read("SECURITY.md"), re.M)
    holes = re.findall(r"CVE-\d{4}-\d{4,5}", " ".join(row[0] for row in rows))
    expect(len(holes), len(set(holes)), "holes, each once")
    expect(len(holes) >= 30, True, f"{len(holes)} holes")
    for hole, what, here in rows:
        expect(len(what) > 20 and len(here) > 20, True, f"{hole}: what it was, and what is here")


@case
def each_link_leads_somewhere(_bench):
    for page in ("README.md", "SECURITY.md", "contrib/README.md", "contrib/sendmail/README.md",
                 "contrib/exim/README.md", "contrib/postfix/README.md", "contrib/systemd/README.md",
                 "tests/README.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", read(page)):
            if "://" not in link:
                target = os.path.join(SOURCE, os.path.dirname(page), link)
                expect(os.path.exists(target), True, f"{link} in {page}")
