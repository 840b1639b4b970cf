"""How a keeper is started, what it listens on, who meets it there, and what a supervisor is told."""

import os
import shutil
import signal
import socket
import subprocess
import time

from friend import LETTER, ONE, canonical
from keeper_rig import KeptFriend
from registry import Skip, case, expect
from rig import Result


def run_keeper(kept, *words, **more):
    """Another sshsmd, to its end."""
    began = time.monotonic()
    program = os.path.join(kept.rig.build, "src", "sshsmd")
    done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          env=kept.rig.environment, timeout=20, check=False, **more)
    result = Result(done.returncode, done.stdout, done.stderr, time.monotonic() - began, kept.rig,
                    (0, 0))
    kept.rig.note(result)
    return result


def run_keeper_of(kept):
    return run_keeper(kept, "--config-dir", kept.friend.directory, "friend")


@case
def sshsm_goes_through_the_keeper_in_every_mode_and_the_line_is_dialled_once(bench):
    kept = KeptFriend(bench, is_met=True)
    kept.friend.send().is_accepted()
    kept.friend.send(ONE * 3).is_accepted()
    for mode, hello in (("-bs", "EHLO"), ("--lmtp", "LHLO"), ("", "EHLO")):
        talk = kept.friend.talk(*mode.split())
        expect(talk.hear()[0][:4], "220 ", "the greeting")
        talk.ask(hello + " here.example")
        for command in ("MAIL FROM:<a@here.example>", "RCPT TO:<b@friend.example>", "DATA"):
            talk.ask(command)
        talk.follow((canonical(LETTER) + b".\r\n", "250 2.0.0 message accepted"))
        talk.ask("QUIT")
        talk.end().has_status(0)
    kept.delivers(7)
    status = kept.status()
    expect((status["dials"], status["messages_accepted"], status["clients_served"] >= 5),
           (1, 7, True), "dials, messages, clients")


@case
def a_batch_that_shows_late_goes_through_the_keeper_on_another_session(bench):
    kept = KeptFriend(bench, is_met=True)
    talk = kept.friend.talk()
    expect(talk.hear()[0][:4], "220 ", "the greeting")
    talk.say(b"EHLO here.example\r\n" + ONE + b"QUIT\r\n")
    talk.end().has_status(0)
    kept.delivers(1)


@case
def what_the_keeper_cannot_reach_is_told_by_sshsm_in_the_same_words(bench):
    kept = KeptFriend(bench, is_started=False, is_met=True, port="1")
    kept.pin_any_port()
    line = kept.friend.line("4.4.1 cannot connect: 127.0.0.1 port 1: Connection refused; check that "
                            "sshd runs there and the port is open; then try: sshsmctl check friend")
    kept.friend.send().says(75, line)
    kept.start()
    kept.friend.send().says(75, line)
    expect(kept.status()["dials"], 1, "the keeper's dials")


@case
def a_second_keeper_of_a_destination_does_not_start(bench):
    kept = KeptFriend(bench, is_met=True)
    run_keeper_of(kept).says(75, "4.3.5 sshsmd: friend: a keeper of this destination runs already: it "
                                 f"holds {kept.friend.path('friend.lock')}; stop that one first, or "
                                 "leave the work to it")
    kept.friend.send().is_accepted()
    expect(kept.status()["dials"], 1, "the first keeper's dials")


@case
def behind_a_keeper_that_was_killed_the_next_one_starts_and_sshsm_dials_meanwhile(bench):
    kept = KeptFriend(bench, is_met=True)
    kept.friend.send().is_accepted()
    kept.process.kill()
    kept.process.wait()
    kept.friend.send().is_accepted()
    bench.wait_until(lambda: not is_locked(kept.friend.path("friend.lock")), "the lock is free")
    kept.start()
    kept.greeted().send_letter()
    kept.friend.send().is_accepted()
    kept.delivers(4)


@case
def a_keeper_that_cannot_begin_leaves_no_socket_behind(bench):
    kept = KeptFriend(bench, is_started=False, allow_users="nobody-of-this-name")
    os.chown(kept.friend.directory, kept.rig.mail_user.pw_uid, -1)
    run_keeper_of(kept).says(75, "4.3.5 sshsmd: friend: configuration error: allow-users: there is no user "
                             '"nobody-of-this-name"; correct the line')
    for path in (kept.path, kept.friend.path("friend.sock"), kept.friend.path("friend.status")):
        expect(os.path.lexists(path), False, path)


def is_locked(path):
    status = subprocess.run(["flock", "--nonblock", "--shared", path, "true"], check=False)
    return status.returncode != 0


@case
def a_file_in_the_place_of_a_listener_is_left_alone(bench):
    kept = KeptFriend(bench, is_started=False, is_met=True)
    with open(kept.path, "w", encoding="ascii") as file:
        file.write("mine")
    run_keeper_of(kept).says(75, f"4.3.5 sshsmd: friend: cannot listen: smtp:{kept.path}: a file that is "
                                 "no socket lies there; check listen in the configuration, and what "
                                 "else listens there")
    with open(kept.path, encoding="ascii") as file:
        expect(file.read(), "mine", "the file")


@case
def help_and_version_stand_alone_and_an_error_is_one_sentence(bench):
    kept = KeptFriend(bench, is_started=False)
    expect(run_keeper(kept, "--version").stdout.startswith(b"sshsmd "), True, "the version")
    expect(b"--config-dir DIR" in run_keeper(kept, "--help").stdout, True, "the help")
    run_keeper(kept, "--conf", "x", "friend").says(
        75, '4.3.5 sshsmd: cannot use these arguments: unknown option "--conf"; see sshsmd --help')


@case
def sshsmctl_status_asks_the_keeper(bench):
    kept = KeptFriend(bench, is_met=True)
    kept.friend.send().is_accepted()
    done = subprocess.run([os.path.join(kept.rig.build, "src", "sshsmctl"), "status", "--config-dir",
                           kept.friend.directory, "friend"], capture_output=True, text=True,
                          env=kept.rig.environment, timeout=20, check=False)
    expect((done.returncode, done.stderr), (0, ""), "the end of sshsmctl")
    expect(done.stdout.startswith("friend: up to 127.0.0.1 [127.0.0.1] since "), True, done.stdout)
    expect("messages: 1 accepted, 0 refused, 0 deferred; dials: 1; failures: 0\n" in done.stdout, True,
           done.stdout)


def metrics_at(path):
    """{name: value} of the metrics file; nothing where there is none yet."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as file:
        lines = [line.split("{destination=\"friend\"} ") for line in file if line[0] != "#"]
    return {name: float(value) for name, value in lines}


@case
def the_metrics_file_has_the_figures_and_says_that_the_line_is_down_behind_the_keepers_end(bench):
    kept = KeptFriend(bench, is_started=False)
    path = os.path.join(kept.directory, "friend.prom")
    kept.friend.settings["metrics-file"] = path
    kept.friend.write_configuration()
    kept.start()
    bench.wait_until(lambda: metrics_at(path).get("sshsm_up") == 0, "the line is down at first")
    kept.greeted().send_letter()
    bench.wait_until(lambda: metrics_at(path).get("sshsm_messages_accepted_total") == 1,
                     "the message is counted")
    expect(metrics_at(path)["sshsm_up"], 1, "sshsm_up")
    kept.process.kill()
    bench.wait_until(lambda: metrics_at(path)["sshsm_up"] == 0, "the line is down")
    expect(metrics_at(path)["sshsm_messages_accepted_total"], 1, "messages")
    expect(os.listdir(kept.directory).count("friend.prom.new"), 0, "remains")


@case
def the_metrics_file_is_another_one_when_the_configuration_says_so(bench):
    kept = KeptFriend(bench, is_started=False)
    first, second = (os.path.join(kept.directory, name) for name in ("first.prom", "second.prom"))
    kept.friend.settings["metrics-file"] = first
    kept.friend.write_configuration()
    kept.start()
    kept.greeted().send_letter()
    bench.wait_until(lambda: metrics_at(first).get("sshsm_messages_accepted_total") == 1, "the first has it")
    for path in (second, None, first):
        kept.friend.settings["metrics-file"] = path
        kept.friend.write_configuration()
        kept.signal(signal.SIGHUP)
        bench.wait_until(lambda: [one for one in (first, second) if os.path.exists(one)] == [path] * bool(path),
                         f"{path} alone is there")
        if path:
            expect(metrics_at(path)["sshsm_messages_accepted_total"], 1, f"messages in {path}")


@case
def a_metrics_file_that_cannot_be_written_is_told_in_the_log_once(bench):
    kept = KeptFriend(bench, is_started=False)
    kept.friend.settings["metrics-file"] = "/nonexistent/friend.prom"
    kept.friend.write_configuration()
    kept.start()
    kept.greeted().send_letter()
    if kept.rig.syslog.reason:
        raise Skip(kept.rig.syslog.reason)
    wanted = ("friend: cannot write metrics-file /nonexistent/friend.prom: No such file or directory")
    bench.pause(2.5)
    kept.greeted()
    bench.wait_until(lambda: wanted in attendants_log(kept), "the log says so")
    expect(attendants_log(kept).count(wanted), 1, "times that it was told")


def attendants_log(kept):
    """Lines since the start that are of the attendant himself."""
    with open(f"/proc/{kept.process.pid}/task/{kept.process.pid}/children", encoding="ascii") as file:
        children = [int(pid) for pid in file.read().split()]
    return [text for pid in children for _, text in kept.rig.syslog.lines_of(pid, kept.logged)]


class Supervisor:
    """Hears what a keeper tells by NOTIFY_SOCKET."""

    def __init__(self, bench, directory):
        self.path = os.path.join(directory, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        bench.at_end(self._socket.close)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self._socket.settimeout(20)

    def hears(self, beginning):
        while True:
            text = self._socket.recv(4096).decode()
            if text.startswith(beginning):
                return text


@case
def a_supervisor_is_told_that_the_keeper_is_ready_alive_and_stopping(bench):
    kept = KeptFriend(bench, is_started=False, is_met=True)
    supervisor = Supervisor(bench, kept.directory)
    usual = kept.rig.environment
    kept.rig.environment = {**usual, "NOTIFY_SOCKET": supervisor.path, "WATCHDOG_USEC": "400000"}
    try:
        kept.start()
    finally:
        kept.rig.environment = usual
    expect("\nSTATUS=" in supervisor.hears("READY=1"), True, "a status comes with READY")
    for _ in range(3):
        supervisor.hears("WATCHDOG=1")
    kept.greeted()
    expect(supervisor.hears("STATUS=").startswith("STATUS=line up: 127.0.0.1"), True, "the status")
    kept.signal(signal.SIGTERM)
    supervisor.hears("STOPPING=1")


@case
def socket_activation_starts_the_keeper_with_the_first_message_and_it_ends_when_it_is_idle(bench):
    if not shutil.which("systemd-socket-activate"):
        raise Skip("there is no systemd-socket-activate")
    kept = KeptFriend(bench, is_started=False, is_met=True, linger="0", linger_jitter="0")
    kept.friend.settings.pop("listen")
    kept.friend.write_configuration()
    path = kept.friend.path("friend.sock")
    process = subprocess.Popen(
        ["systemd-socket-activate", "--listen", path, "--fdname=meeting",
         os.path.join(kept.rig.build, "src", "sshsmd"), "--config-dir", kept.friend.directory,
         "friend"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=kept.rig.environment)

    def stop():
        process.kill()
        process.wait()
    bench.at_end(stop)
    bench.wait_until(lambda: os.path.exists(path), "systemd listens")
    os.chmod(path, 0o666)
    kept.friend.send().is_accepted()
    kept.delivers(1)
    expect(process.wait(20), 0, "the keeper's exit status")
    expect(os.path.exists(path), True, "the supervisor's socket is still there")
