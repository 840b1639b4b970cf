"""A sender and a receiver, set up as contrib/ and the project's README say, and what became of mail.

`here` is the host that sends and has sshsm, `friend` the one that receives. The user alice is here and
gets the bounces; bob, carol and dave are there.
"""

import os

from mail_root import USER
from network import Bridge, Host
from registry import Skip, expect

HERE = os.path.dirname(os.path.abspath(__file__))
SSHSM = "/usr/local/bin/sshsm"
SSHSMCTL = "/usr/local/bin/sshsmctl"
SSHSMD = "/usr/local/sbin/sshsmd"
HELD = "/tmp/held"
KEY = "/etc/sshsm/id_ed25519"
SENDMAIL = "/usr/sbin/sendmail -bs"
STRICT = "127.0.0.1:2526"
STRICT_OPTIONS = f'restrict,port-forwarding,permitopen="{STRICT}",permitlisten="localhost:1"'
# As the README says.
MAIL_USER = "useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin bsmtp"
# Without sshsmctl.
NEW_KEY = """set -e
mkdir -p /etc/sshsm
ssh-keygen -q -t ed25519 -N '' -C sshsm -f /etc/sshsm/id_ed25519
chown bsmtp: /etc/sshsm/id_ed25519
"""


class Pair:
    def __init__(self, bench, sender, receiver, strict=False, are_friends=True):
        """Strict: through smtp-address, to the listener that trusts nobody. Not friends: they have the
        mail servers' recipes and sshsm, and know nothing of each other."""
        self.bench, self.sender, self.receiver = bench, sender, receiver
        self.letters = []
        self.here = self._host(sender.root, "here.example", ["alice"])
        self.friend = self._host(receiver.root, "friend.example", ["bob", "carol", "dave"])
        bridge = Bridge()
        self.bench.at_end(bridge.stop)
        for host in (self.here, self.friend):
            bridge.plug(host)
        self._install_sshsm()
        if are_friends:
            self._befriend(strict)
        sender.install_sender(self.here)
        receiver.install_receiver(self.friend)
        if strict:
            receiver.install_strict_listener(self.friend)
        sender.start(self.here)
        receiver.start(self.friend)

    def _host(self, root, domain, users):
        host = Host(root, os.path.join(self.bench.directory, domain), domain)
        self.bench.at_end(host.stop)
        for user in users:
            host.add_user(user)
        return host

    def _install_sshsm(self):
        self.here.put(self.bench.rig.sshsm, SSHSM)
        self.here.put(self.bench.rig.sshsm + "ctl", SSHSMCTL)
        self.here.put(self.bench.rig.sshsm + "d", SSHSMD)
        self.here.run("sh", "-c", MAIL_USER)
        try:
            self.here.run(SSHSM, "--version")
        except AssertionError as error:
            raise Skip(f"the sshsm built here does not run in Debian 12's root: {error}") from None

    def _befriend(self, strict):
        self.here.run("sh", "-c", NEW_KEY)
        self.configure(**({"smtp-address": STRICT} if strict else {}))
        self.pin(self.friend.host_keys["ed25519"])
        if strict:
            self.force("/bin/false", STRICT_OPTIONS)
        else:
            self.force(SENDMAIL)

    # --- what a case may change ---

    def configure(self, **more):
        settings = {"user": USER, "host": "mx.friend.example", **more}
        self.here.write("/etc/sshsm/myfriend.conf",
                        "".join(f"{key} = {value}\n" for key, value in settings.items()) + self.sender.settings)

    def pin(self, key, *more):
        """The friend's pinned key, and other lines of known_hosts."""
        lines = [f"mx.friend.example {key}", *more]
        self.here.write("/etc/sshsm/known_hosts", "".join(line + "\n" for line in lines))

    def public_key(self):
        return " ".join(self.here.read(KEY + ".pub").decode().split()[:2])

    def force(self, command, options="restrict"):
        """The friend's key line, with this forced command."""
        self.friend.write(f"/home/{USER}/.ssh/authorized_keys",
                          f'{options},command="{command}" {self.public_key()} sshsm\n')

    def refuse(self, pattern, reply):
        """The friend's mail server answers commands that match the pattern with that reply."""
        self.friend.put(os.path.join(HERE, "refuse.pl"), "/usr/local/bin/refuse.pl")
        self.force(f"perl /usr/local/bin/refuse.pl '{pattern}' '{reply}' {SENDMAIL}")

    def hold(self, pattern):
        """The friend's mail server does not get the first command that matches the pattern."""
        self.refuse(pattern, "hold " + HELD)

    def is_held(self):
        return os.path.exists(self.friend.path(HELD))

    # --- mail ---

    def submit(self, *letters):
        self.letters += letters
        self.sender.submit(self.here, letters)

    def settle(self, limit=60):
        """Waits until nobody delivers any more."""
        def is_quiet():
            return not self.sender.is_busy(self.here) and not self.receiver.is_busy(self.friend)
        self.bench.wait_until(lambda: is_quiet() and is_quiet(), "all deliveries ended", limit)

    def run_queues(self):
        """Tries what waits at the sender, then at the receiver, and waits for the end."""
        self.sender.run_queue(self.here)
        self.settle()
        self.receiver.run_queue(self.friend)
        self.settle()

    def send(self, *letters):
        self.submit(*letters)
        self.run_queues()

    # --- what became of it ---

    def waiting(self):
        """([recipient] here, [recipient] there)"""
        return sorted(self.sender.waiting(self.here)), sorted(self.receiver.waiting(self.friend))

    def delivered(self, letter):
        """{user: [body]} at the friend."""
        found = {}
        for user, headers, body in self.friend.mailboxes():
            if letter.is_in(headers):
                found.setdefault(user, []).append(body)
        return found

    def bounces(self):
        """[text] of what came back to alice; the postmaster may hear of frozen mail, too."""
        return [(headers + b"\n\n" + body).decode("utf-8", "backslashreplace")
                for user, headers, body in self.here.mailboxes() if user == "alice"]

    def words(self):
        """What the sending mail server's own queue listing and log show."""
        return self.sender.listing(self.here) + "\n".join(self.sender.log(self.here))

    def everything_arrived(self, change=lambda body: body):
        """Each letter once at each of its recipients, with that body; nothing is anywhere else."""
        for letter in self.letters:
            wanted = {recipient.split("@")[0]: [change(letter.body)] for recipient in letter.recipients}
            found = self.delivered(letter)
            if found != wanted:
                expect(shortened(found), shortened(wanted), f"bodies of {letter.subject}")
        self.counts(delivered=sum(len(letter.recipients) for letter in self.letters))

    def counts(self, delivered=0, bounced=0, waits=0):
        """Count in is count out: all that was submitted is delivered, bounced or in the one queue."""
        here, there = self.waiting()
        expect((len(self.friend.mailboxes()), len(self.bounces()), len(here), len(there)),
               (delivered, bounced, waits, 0), "delivered, bounced, waiting here, waiting there")
        expect(delivered + bounced + waits, sum(len(letter.recipients) for letter in self.letters),
               "what became of all recipients")


def shortened(found):
    return {user: [body if len(body) < 600 else (body[:300], body[-200:], len(body)) for body in bodies]
            for user, bodies in found.items()}
