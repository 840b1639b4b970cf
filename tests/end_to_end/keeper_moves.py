"""sshsmd: the far host gets another address, or one of the two machines stands still for a while."""

import os
import re
import signal
import subprocess
import time

from friend import canonical
from hosts import with_names
from keeper_rig import DATA, MAIL, RCPT, KeptFriend, Speaker, kill
from registry import Skip, case, expect
from servers import LIFETIME, Sshd

# RFC 5737's addresses and RFC 2606's name: nothing real could be meant.
NEAR, BEFORE, BEHIND = "192.0.2.1", "192.0.2.2", "192.0.2.3"
HOST = "mx.friend.example"
# A dead line is noticed in three seconds.
KEEPALIVE = {"server_alive_interval": "1", "server_alive_count_max": "2"}


class Network:
    """One with nothing in it but a loopback; whoever is in it ends with it."""

    def __init__(self, bench):
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", str(LIFETIME)])
        bench.at_end(self._stop)
        self._path = f"/proc/{self._holder.pid}/ns/net"
        ours = os.readlink("/proc/self/ns/net")
        for _ in range(200):
            if self._holder.poll() is not None:
                raise Skip("no network of its own can be made here")
            if os.readlink(self._path) != ours:
                break
            time.sleep(0.01)
        self.name = os.readlink(self._path)
        self.pid = str(self._holder.pid)
        self.prefix = ["nsenter", f"--net={self._path}", "--"]

    def run(self, *command):
        done = subprocess.run([*self.prefix, *command], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            raise Skip(f"{' '.join(command)}: {done.stderr.strip()}")

    def _stop(self):
        kill(pid for pid in processes_in(self.name) if pid != self._holder.pid)
        self._holder.kill()
        self._holder.wait()


def processes_in(network):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/net") == network:
                found.append(int(pid))
        except OSError:
            pass
    return found


class FarSshd(Sshd):
    """On every address of that network, those to come included."""

    address = "0.0.0.0"

    def __init__(self, network, directory):
        self.prefix = network.prefix
        super().__init__(directory, key_types=("ed25519",))

    def _answers(self):
        open(self.log, "a", encoding="ascii").close()
        for _ in range(500):
            with open(self.log, encoding="utf-8", errors="replace") as file:
                if "Server listening on 0.0.0.0" in file.read():
                    return True
            time.sleep(0.01)
        return False


class Wire:
    """Two networks and a wire between them: the keeper's, and that of the friend's host."""

    def __init__(self, bench):
        if not bench.rig.is_root:
            raise Skip("needs root")
        self.near, self.far = Network(bench), Network(bench)
        self.near.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.far.pid)
        for network, address in ((self.near, NEAR), (self.far, BEFORE)):
            network.run("ip", "address", "add", address + "/24", "dev", "wire")
            for device in ("lo", "wire"):
                network.run("ip", "link", "set", device, "up")
        self._names = os.path.join(bench.directory, "hosts")
        self.prefix = [*self.near.prefix, *with_names(bench, {HOST: [BEFORE]})]
        self.sshd = FarSshd(self.far, os.path.join(bench.directory, "far"))
        bench.at_end(self.sshd.stop)

    def move(self):
        """The host is told first, and the names a while later, as with dynamic DNS."""
        self.far.run("ip", "address", "del", BEFORE + "/24", "dev", "wire")
        self.far.run("ip", "address", "add", BEHIND + "/24", "dev", "wire")
        time.sleep(2)
        with open(self._names, "r+", encoding="ascii") as file:
            text = file.read().replace(BEFORE, BEHIND)
            file.seek(0)
            file.write(text)


class Queue:
    """Letters with numbers, each tried until it is taken, as a mail server does."""

    def __init__(self, bench, kept):
        self._bench = bench
        self._kept = kept
        self._sent = 0
        self._doubtful = set()

    def send(self, limit=40):
        self._sent += 1
        end = time.monotonic() + limit
        while not self._try(self._sent):
            expect(time.monotonic() < end, True, f"letter {self._sent} is taken within {limit} s")
            self._bench.pause(0.2)

    def _try(self, number):
        client = Speaker(self._kept.path)
        try:
            text = canonical(f"Subject: letter {number}\n\nHello.\n".encode()) + b".\r\n"
            if client.hear()[0][:3] != "220":
                return False
            client.ask("EHLO here.example")
            for command, code in ((MAIL, "250"), (RCPT, "250"), (DATA, "354"), (text, "250")):
                answer = client.ask(command)[0]
                if "may have been delivered" in answer:
                    self._doubtful.add(number)
                if answer[:3] != code:
                    return False
            return True
        finally:
            client.close()

    def is_all_there(self):
        """As many came out as went in, and none twice but where the sender was told that it might."""
        arrived = [int(re.search(rb"letter (\d+)", text)[1]) for text in self._kept.friend.messages()]
        expect(sorted(set(arrived)), list(range(1, self._sent + 1)), "letters that arrived")
        twice = {number for number in arrived if arrived.count(number) > 1}
        expect(twice <= self._doubtful, True, f"{twice} came twice, of {self._doubtful} in doubt")


def moving_friend(bench, **settings):
    wire = Wire(bench)
    kept = KeptFriend(bench, sshd=wire.sshd, is_started=False, host=HOST, **KEEPALIVE, **settings)
    kept.friend.write_pins([f"[{HOST}]:{wire.sshd.port} {wire.sshd.host_keys['ed25519']}"])
    kept.start(*wire.prefix)
    return wire, kept


@case(root=True)
def a_persistent_keeper_follows_the_host_to_another_address(bench):
    wire, kept = moving_friend(bench, persistent="yes")
    queue = Queue(bench, kept)
    for _ in range(3):
        queue.send()
    expect(f"connected to {BEFORE} port " in kept.said(), True, "where the line goes at first")
    wire.move()
    # Without anybody who asks for it.
    bench.wait_until(lambda: f"connected to {BEHIND} port " in kept.said(), "it is dialled there", 30)
    expect(f"line down: {HOST}: the connection was lost: no answer to 2 keepalives" in kept.said(), True,
           "why the old line is down")
    for _ in range(3):
        queue.send()
    queue.is_all_there()


@case(root=True)
def mail_that_comes_while_the_host_moves_is_delivered_once(bench):
    wire, kept = moving_friend(bench)
    queue = Queue(bench, kept)
    queue.send()
    busy = kept.speaker()
    expect(busy.hear()[0][:3], "220", "the greeting")
    busy.ask("EHLO here.example")
    for command in (MAIL, RCPT, DATA):
        busy.ask(command)
    wire.move()
    for _ in range(3):
        queue.send()
    busy.say("Subject: letter 0\r\n\r\n.\r\n")
    expect(busy.hear()[0][:9], "451 4.4.2", "what is said of a message that was begun before")
    queue.is_all_there()


def stand_still(bench, kept, seconds):
    """All of the keeper's processes, as on a machine that is suspended."""
    os.killpg(kept.process.pid, signal.SIGSTOP)
    bench.pause(seconds)
    os.killpg(kept.process.pid, signal.SIGCONT)


@case
def a_keeper_that_stood_still_longer_than_its_keepalives_goes_on(bench):
    """The far side has waited, and the line is as it was."""
    for settings in ({}, {"persistent": "yes"}):
        kept = KeptFriend(bench, **KEEPALIVE, **settings)
        queue = Queue(bench, kept)
        queue.send()
        running = kept.greeted()
        stand_still(bench, kept, 5)
        for _ in range(2):
            queue.send()
        running.ask("NOOP")
        bench.pause(4)
        queue.send()
        queue.is_all_there()
        expect(kept.said().count("logged in as"), 1, "logins")
        kept.signal(signal.SIGTERM)
        kept.ends(0)


@case
def a_keeper_that_stood_still_while_its_line_died_dials_again(bench):
    kept = KeptFriend(bench, persistent="yes", **KEEPALIVE)
    queue = Queue(bench, kept)
    queue.send()
    lines = kept.line_processes()
    os.killpg(kept.process.pid, signal.SIGSTOP)
    kill(lines)
    bench.pause(4)
    os.killpg(kept.process.pid, signal.SIGCONT)
    bench.wait_until(lambda: kept.said().count("logged in as") == 2, "it dials again")
    queue.send()
    queue.is_all_there()


@case
def a_persistent_line_whose_far_side_stands_still_is_dialled_again(bench):
    kept = KeptFriend(bench, persistent="yes", **KEEPALIVE)
    queue = Queue(bench, kept)
    queue.send()
    lines = kept.line_processes()
    bench.at_end(lambda: kill(lines))
    for pid in lines:
        os.kill(pid, signal.SIGSTOP)
    bench.wait_until(lambda: kept.said().count("logged in as") == 2, "it dials again", 15)
    for _ in range(2):
        queue.send()
    queue.is_all_there()
