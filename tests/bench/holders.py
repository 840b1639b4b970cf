"""What keeps a line up on a lane: sshsmd, an ssh that is a ControlMaster, an autossh, a forwarder."""

import os
import shutil
import signal

import usage
from far import wait_until
from servers import free_port
from ssh_commands import plain_ssh

HERE = os.path.dirname(os.path.abspath(__file__))
# Long enough to last for the whole run: nobody takes a line down but we.
FOR_EVER = "3600"


class Holder:
    """`process` is the first of its processes; behind a prefix that is still the program itself."""

    process = None

    def pids(self):
        return [self.process.pid, *usage.descendants_of(self.process.pid)]


class Keeper(Holder):
    """sshsmd, with a friend of its own, so that a cold sshsm does not find it."""

    def __init__(self, lane):
        directory = lane.mail_user.directory(lane.bench, "k")
        self.path, self.port = os.path.join(directory, "s"), free_port()
        self.friend = lane.new_friend(
            listen=f"smtp:{self.path}\nlisten = smtp:127.0.0.1:{self.port}", linger=FOR_EVER)
        # Else it would make no socket there for sshsm to find.
        lane.mail_user.give(self.friend.directory)
        self.process = lane.spawn([lane.program("sshsmd", "src"), "--config-dir",
                                   self.friend.directory, self.friend.name])
        met = self.friend.path(self.friend.name + ".sock")
        wait_until(lambda: os.path.exists(met) and os.path.exists(self.path), "sshsmd listens")


class Master(Holder):
    def __init__(self, lane):
        self.control = os.path.join(lane.mail_user.directory(lane.bench, "m"), "s")
        options = [f"ControlPath {self.control}", "ServerAliveInterval 15"]
        self.command = plain_ssh(lane, "mux", options)
        self.process = lane.spawn([*self.command, "-N", "-o", "ControlMaster=yes"])
        wait_until(lambda: os.path.exists(self.control), "ssh is a master")


def tunnel(lane, name):
    """(the port of the near end, the ssh that makes a tunnel to the mail server's port); its key may
    forward, and nothing else."""
    key, port = lane.friend.path("id_" + name), free_port()
    lane.host.sshd.authorize(lane.mail_user.new_key(key), "/bin/false", "restrict,port-forwarding")
    return port, plain_ssh(lane, name, ["ExitOnForwardFailure yes"], "-N", "-i", key, "-o",
                           "IdentitiesOnly=yes", "-L",
                           f"{port}:127.0.0.1:{lane.host.listener()}")


class Tunnel(Holder):
    def __init__(self, lane):
        self.port, command = tunnel(lane, "tunnel")
        program = shutil.which("autossh") or "/usr/bin/autossh"
        self.process = lane.spawn([program, "-M", "0", *command[1:]])


class Forwarder(Holder):
    """recipe/forwarder.pl, whose tunnel can be taken down."""

    def __init__(self, lane):
        tunnel_port, command = tunnel(lane, "forwarder")
        self.port = free_port()
        self.process = lane.spawn(
            ["/usr/bin/perl", lane.mail_user.program(os.path.join(HERE, "recipe", "forwarder.pl")),
             str(self.port), str(tunnel_port), FOR_EVER, *command])

    def take_down(self):
        """Returns when the tunnel is gone."""
        if usage.descendants_of(self.process.pid):
            os.kill(self.process.pid, signal.SIGUSR1)
        wait_until(lambda: not usage.descendants_of(self.process.pid), "the tunnel is down")


HOLDERS = {"keeper": Keeper, "master": Master, "tunnel": Tunnel, "forwarder": Forwarder}
