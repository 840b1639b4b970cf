"""The units of contrib/systemd in a machine that a real systemd has booted."""

import os
import re

from friend import canonical
from keeper_rig import Speaker
from letter import Letter
from machine import CONFIGURATION, MAIL, Machine
from mail_root import USER
from mta import CONTRIB, pasted
from registry import case, expect

SOCKET, SERVICE = "sshsmd@myfriend.socket", "sshsmd@myfriend.service"
ETC = "/etc/systemd/system"
# The mail user is there: systemd-sysusers has made him.
BEFRIEND = f"""set -e
useradd --create-home --shell /bin/sh --password '*' {USER}
install -d -o {USER} -m 700 /home/{USER}/.ssh {MAIL}
install -d /etc/sshsm
ssh-keygen -q -t ed25519 -N '' -C sshsm -f /etc/sshsm/id_ed25519
chown bsmtp: /etc/sshsm/id_ed25519
printf 'restrict,command="exec mail_sink --maildir {MAIL} 2>/dev/null" ' >/home/{USER}/.ssh/authorized_keys
cat /etc/sshsm/id_ed25519.pub >>/home/{USER}/.ssh/authorized_keys
chown {USER}: /home/{USER}/.ssh/authorized_keys
sed 's/^/127.0.0.1 /; s/ [^ ]*$//' /etc/ssh/ssh_host_ed25519_key.pub >/etc/sshsm/known_hosts
"""
DATA = ("MAIL FROM:<alice@here.example>", "RCPT TO:<bob@friend.example>", "DATA")


class Kept:
    """A machine with a friend, and what is asked of the keeper's units."""

    def __init__(self, bench, enabled=(), **settings):
        self.bench = bench
        self.machine = Machine(bench, enabled)
        self.machine.run("sh", "-c", BEFRIEND)
        self.configure(**settings)

    def configure(self, **settings):
        lines = {**CONFIGURATION, **{name.replace("_", "-"): value for name, value in settings.items()}}
        self.machine.write("/etc/sshsm/myfriend.conf", "".join(f"{key} = {value}\n" for key, value in lines.items()))

    def enable(self, *units):
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "enable", "--now", *units)

    def drop_in(self, unit, text):
        self.machine.run("mkdir", "-p", f"{ETC}/{unit}.d")
        self.machine.write(f"{ETC}/{unit}.d/test.conf", text)

    def send(self, letter):
        batch = (f"MAIL FROM:<{letter.sender}>\nRCPT TO:<{letter.recipients[0]}>\nDATA\n".encode() +
                 letter.text() + b".\n")
        self.machine.run("sshsm", "-bS", "myfriend", stdin=batch.decode())

    def has_got(self, letter):
        directory = self.machine.path(MAIL)
        texts = []
        for name in os.listdir(directory):
            with open(os.path.join(directory, name), "rb") as file:
                texts.append(file.read())
        return [text for text in texts if letter.is_in(text.split(b"\r\n\r\n")[0].replace(b"\r\n", b"\n"))]

    def gets(self, letter):
        self.bench.wait_until(lambda: self.has_got(letter), "the letter arrives", 30)
        expect(self.has_got(letter), [canonical(letter.text())], "what arrived")

    def active(self, unit=SERVICE):
        return self.machine.unit(unit, "ActiveState")["ActiveState"]

    def becomes(self, state, unit=SERVICE, limit=30):
        self.bench.wait_until(lambda: self.active(unit) == state, f"{unit} is {state}", limit)

    def said(self):
        return self.machine.run("journalctl", "-t", "sshsmd", "-o", "cat")

    def speaker(self, inside="/run/sshsm/myfriend.sock"):
        speaker = Speaker(self.machine.path(inside))
        self.bench.at_end(speaker.close)
        expect(speaker.hear()[0][:4], "220 ", "the greeting")
        speaker.ask("EHLO client.example")
        return speaker


def says(speaker, *exchanges):
    for command, code in exchanges:
        answer = speaker.ask(command)
        expect(answer[-1][:4] if answer else None, code + " ", f"the answer to {command!r}: {answer}")


@case(root=True)
def the_first_message_starts_the_keeper_who_ends_when_idle_and_starts_again(bench):
    kept = Kept(bench, enabled=[SOCKET])
    expect((kept.active(SOCKET), kept.active()), ("active", "inactive"), "socket and service behind the boot")
    made = kept.machine.run("stat", "-c", "%U:%G %a", "/run/sshsm", "/run/sshsm/myfriend.sock")
    expect(made, "bsmtp:bsmtp 755\nbsmtp:bsmtp 660\n", "the meeting place")
    expect("ordering cycle" in kept.machine.run("journalctl", "-b", "-o", "cat"), False, "a cycle of units")
    for letter in (Letter(b"one\n"), Letter(b"two\n")):
        speaker = kept.speaker()
        says(speaker, *((command, "354" if command == "DATA" else "250") for command in DATA),
             (canonical(letter.text()) + b".\r\n", "250"))
        status = kept.machine.ask("systemctl", "status", SERVICE).stdout
        expect('Status: "line up: 127.0.0.1' in status, True, status)
        says(speaker, ("QUIT", "221"))
        kept.gets(letter)
        kept.becomes("inactive")
        expect(kept.machine.unit(SERVICE, "Result", "NRestarts", "ExecMainStatus"),
               {"Result": "success", "NRestarts": "0", "ExecMainStatus": "0"}, "how it ended")
    third = Letter(b"three\n")
    kept.send(third)
    kept.gets(third)
    expect(kept.said().count("line up"), 3, "lines that the keeper had:\n" + kept.said())


@case(root=True)
def what_is_in_flight_when_the_service_is_stopped_is_finished(bench):
    kept = Kept(bench)
    kept.enable(SOCKET)
    letter = Letter(b"in flight\n")
    busy, idle = kept.speaker(), kept.speaker()
    says(busy, *((command, "354" if command == "DATA" else "250") for command in DATA))
    kept.machine.run("systemctl", "stop", "--no-block", SERVICE)
    kept.becomes("deactivating")
    expect(idle.hear()[0][:4], "421 ", "what somebody hears who has no message in hand")
    says(busy, (canonical(letter.text()) + b".\r\n", "250"))
    kept.becomes("inactive")
    expect(kept.machine.unit(SERVICE, "Result")["Result"], "success", "how it ended")
    kept.gets(letter)


@case(root=True)
def reload_reads_the_configuration_again(bench):
    kept = Kept(bench, linger="60", port="1")
    kept.machine.write("/etc/sshsm/known_hosts", "[127.0.0.1]:* " +
                       kept.machine.read("/etc/sshsm/known_hosts").split(" ", 1)[1])
    kept.enable(SOCKET)
    letter = Letter(b"again\n")
    done = kept.machine.ask("sshsm", "-bS", "myfriend", stdin="MAIL FROM:<>\nRCPT TO:<b@friend.example>\nDATA\n.\n")
    expect((done.returncode, "Connection refused" in done.stderr), (75, True), done.stderr)
    expect(kept.active(), "active", "the service")
    kept.machine.write("/etc/sshsm/known_hosts", "127.0.0.1 " +
                       kept.machine.read("/etc/sshsm/known_hosts").split(" ", 1)[1])
    kept.configure(linger="60")
    kept.machine.run("systemctl", "reload", SERVICE)
    kept.send(letter)
    kept.gets(letter)
    expect(kept.machine.unit(SERVICE, "NRestarts", "Result"), {"NRestarts": "0", "Result": "success"}, "the service")


@case(root=True)
def a_keeper_who_gives_no_sign_of_life_is_started_anew(bench):
    figures = "/var/lib/prometheus/node-exporter/myfriend.prom"
    kept = Kept(bench, persistent="yes", metrics_file=figures)
    kept.drop_in(SERVICE, pasted("systemd", "[Service]\nReadWritePaths=/var/lib/prometheus/node-exporter\n") +
                 "WatchdogSec=2\nRestartSec=200ms\n")
    kept.machine.run("install", "-d", "-o", "bsmtp", os.path.dirname(figures))
    kept.enable(SOCKET, SERVICE)
    first = kept.machine.unit(SERVICE, "MainPID")["MainPID"]
    bench.pause(5)
    expect(kept.machine.unit(SERVICE, "MainPID", "NRestarts"), {"MainPID": first, "NRestarts": "0"},
           "a keeper who is well")
    kept.machine.run("kill", "-STOP", first)
    bench.wait_until(lambda: kept.machine.unit(SERVICE, "NRestarts")["NRestarts"] == "1", "another keeper", 20)
    kept.becomes("active")
    expect(kept.machine.unit(SERVICE, "MainPID")["MainPID"] != first, True, "another process")
    letter = Letter(b"behind the watchdog\n")
    kept.send(letter)
    kept.gets(letter)
    expect("sshsm_up" in kept.machine.read(figures), True, "the figures")


@case(root=True)
def behind_a_keeper_who_was_killed_clients_wait_for_the_next_one(bench):
    kept = Kept(bench, linger="60")
    kept.enable(SOCKET)
    first = Letter(b"before\n")
    kept.send(first)
    kept.machine.run("systemctl", "kill", "--signal=KILL", SERVICE)
    kept.becomes("activating")
    # Longer than RestartSec=, and not turned away.
    second = Letter(b"behind\n")
    kept.send(second)
    kept.gets(first)
    kept.gets(second)
    expect(kept.machine.unit(SERVICE, "NRestarts", "ActiveState"), {"NRestarts": "1", "ActiveState": "active"},
           "the service")


# Of the README, with the paths as they are and a host that is there.
JUMP = ("/usr/bin/ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes "
        "-o UserKnownHostsFile=/etc/sshsm/known_hosts -o GlobalKnownHostsFile=none "
        "-i /etc/sshsm/id_jump -W %h:%p relay@127.0.0.1")
MAKE_RELAY = """set -e
useradd --create-home --shell /bin/sh --password '*' relay
install -d -o relay -m 700 /home/relay/.ssh
ssh-keygen -q -t ed25519 -N '' -f /etc/sshsm/id_jump
chown bsmtp: /etc/sshsm/id_jump
printf 'restrict,port-forwarding,permitopen="127.0.0.1:22",command="/bin/false" ' >/home/relay/.ssh/authorized_keys
cat /etc/sshsm/id_jump.pub >>/home/relay/.ssh/authorized_keys
chown relay: /home/relay/.ssh/authorized_keys
"""


@case(root=True)
def what_the_service_may_not_do_the_keeper_does_not_need(bench):
    """Log, figures, a program that connects, its own sockets and its own sandbox."""
    kept = Kept(bench, persistent="yes", metrics_file="/var/lib/sshsm/myfriend.prom", proxy_command=JUMP)
    kept.machine.run("sh", "-c", MAKE_RELAY)
    kept.enable(SERVICE)
    letter = Letter(b"through the relay\n")
    kept.send(letter)
    kept.gets(letter)
    said = kept.said()
    expect("myfriend: line up: 127.0.0.1" in said and "status=sent" in said, True, said)
    figures = "/var/lib/sshsm/myfriend.prom"
    bench.wait_until(lambda: os.path.exists(kept.machine.path(figures)), "the figures", 30)
    bench.wait_until(lambda: re.search(r"(?m)^sshsm_up\{.*\} 1$", kept.machine.read(figures)), "sshsm_up is 1", 30)
    pid = kept.machine.unit(SERVICE, "MainPID")["MainPID"]
    status = dict(line.split(":\t", 1) for line in kept.machine.read(f"/proc/{pid}/status").splitlines())
    user = kept.machine.run("id", "-u", "bsmtp").strip()
    expect((status["Uid"].split(), status["NoNewPrivs"], status["CapBnd"], status["Seccomp"]),
           ([user] * 4, "1", "0" * 16, "2"), "user, no new privileges, capabilities, filters")
    told = kept.machine.run("sshsmctl", "status", "myfriend")
    expect(told.startswith("myfriend: up to 127.0.0.1"), True, told)
    kept.machine.run("systemctl", "stop", SERVICE)
    expect(kept.machine.unit(SERVICE, "Result")["Result"], "success", "how it ended")
    left = sorted(os.listdir(kept.machine.path("/run/sshsm")))
    expect(left, ["myfriend.lock"], "what is left in /run/sshsm")


@case(root=True)
def a_chrooted_postfix_wakes_the_keeper_by_a_socket_of_its_own(bench):
    kept = Kept(bench, allow_users="postfix")
    machine = kept.machine
    for name in ("main.cf", "master.cf"):
        with open(os.path.join(CONTRIB, "postfix", "keeper", name), encoding="ascii") as file:
            machine.write(f"/etc/postfix/{name}", machine.read(f"/etc/postfix/{name}") + file.read())
    for name, place in (("keeper/sshsmd-postfix@.socket", ETC), ("sending/sshsm_transport", "/etc/postfix")):
        with open(os.path.join(CONTRIB, "postfix", name), encoding="ascii") as file:
            machine.write(os.path.join(place, os.path.basename(name)), file.read())
    machine.run("sh", "-c", "postmap /etc/postfix/sshsm_transport && postconf myhostname=mx.here.example && "
                            "newaliases && systemctl restart postfix")
    commands = pasted("postfix", "systemctl daemon-reload\n"
                                 "systemctl enable --now sshsmd-postfix@myfriend.socket sshsmd@myfriend.socket\n")
    machine.run("sh", "-e", "-c", commands)
    expect(machine.ask("postfix", "check").stderr, "", "what postfix check says")
    letter = Letter(b"from the chroot\n")
    machine.run("/usr/sbin/sendmail", "-i", "-f", letter.sender, "--", *letter.recipients, stdin=letter.text().decode())
    bench.wait_until(lambda: kept.has_got(letter), "the letter arrives", 30)
    # What Postfix has put in front is not of interest.
    [text] = kept.has_got(letter)
    expect(text.split(b"\r\n\r\n", 1)[1], canonical(letter.body), "the letter's body")
    sent = machine.run("journalctl", "-o", "cat", "-t", "postfix/lmtp")
    expect("relay=mx.here.example[private/sshsm-myfriend]" in sent and "status=sent" in sent, True, sent)
    kept.becomes("inactive")
    mode = machine.run("stat", "-c", "%U %a", "/var/spool/postfix/private/sshsm-myfriend")
    expect(mode, "postfix 600\n", "the socket behind the keeper's end")


@case(root=True)
def a_low_port_of_systemds_wakes_the_keeper(bench):
    # A name has to be looked up here.
    kept = Kept(bench, host="localhost", host_key_alias="127.0.0.1")
    # Nobody else's now.
    kept.machine.run("systemctl", "stop", "postfix")
    kept.machine.write(f"{ETC}/sshsmd-smtp@.socket", pasted(
        "systemd", "[Socket]\nListenStream=127.0.0.1:25\nFileDescriptorName=smtp\nService=sshsmd@%i.service\n\n"
                   "[Install]\nWantedBy=sockets.target\n"))
    kept.machine.run("sh", "-e", "-c", pasted("systemd", "systemctl enable --now sshsmd-smtp@myfriend.socket "
                                                         "sshsmd@myfriend.socket\n"))
    letter = Letter(b"by the port\n")
    dialogue = "".join(line + "\r\n" for line in ("EHLO client.example", *DATA)) + \
        (canonical(letter.text()) + b".\r\nQUIT\r\n").decode()
    said = kept.machine.run("perl", "-MIO::Socket::INET", "-e", PERL, stdin=dialogue)
    expect(re.findall(r"(?m)^(\d{3}) ", said), ["220", "250", "250", "250", "354", "250", "221"], said)
    kept.gets(letter)
    kept.becomes("inactive")


# One line, one answer; the message as a whole.
PERL = r"""
my $s = IO::Socket::INET->new("127.0.0.1:25") or die $!;
my $data = 0;
while (1) {
  my $answer;
  do { $answer = <$s>; defined $answer or exit; print $answer } until $answer =~ /^\d+ /;
  my $is_data = $answer =~ /^354/;
  my $line;
  do { $line = <STDIN>; defined $line or exit; print $s $line } while $is_data && $line ne ".\r\n";
}
"""


MAKE_ALICE = """useradd --create-home --shell /bin/sh alice
install -d -o alice -m 700 /run/alice /home/alice/.config /home/alice/.config/sshsm
cp /etc/sshsm/* /home/alice/.config/sshsm
chown alice: /home/alice/.config/sshsm/*
"""
USER_MANAGER = ("systemd-run --quiet --unit=alice-manager --uid=alice --property=Delegate=yes "
                "--property=Type=notify --setenv=XDG_RUNTIME_DIR=/run/alice --setenv=HOME=/home/alice "
                "/lib/systemd/systemd --user")


@case(root=True)
def a_desktop_users_own_systemd_keeps_his_line(bench):
    kept = Kept(bench)
    machine = kept.machine
    machine.run("sh", "-e", "-c", MAKE_ALICE + USER_MANAGER)
    def as_alice(command):
        return machine.run("su", "alice", "-c", "XDG_RUNTIME_DIR=/run/alice " + command)
    as_alice("systemctl --user enable --now sshsmd@myfriend.service")
    letter = Letter(b"from alice\n")
    batch = f"MAIL FROM:<{letter.sender}>\nRCPT TO:<bob@friend.example>\nDATA\n" + letter.text().decode() + ".\n"
    machine.run("su", "alice", "-c", "sshsm -bS --config-dir /home/alice/.config/sshsm myfriend", stdin=batch)
    kept.gets(letter)
    told = as_alice("systemctl --user status sshsmd@myfriend.service")
    expect('Status: "line up: 127.0.0.1' in told, True, told)
    as_alice("systemctl --user reload sshsmd@myfriend.service")
    as_alice("systemctl --user stop sshsmd@myfriend.service")
    told = as_alice("systemctl --user show --property=Result,ActiveState sshsmd@myfriend.service")
    expect(sorted(told.splitlines()), ["ActiveState=inactive", "Result=success"], "how it ended")
