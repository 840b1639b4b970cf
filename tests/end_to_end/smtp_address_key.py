"""The key line for smtp-address, with plain ssh as the judge: what it permits, and nothing else."""

import os
import select
import signal
import socket
import subprocess

from registry import case, expect
from smtp_address import Listener, friend_at


def ssh(friend, *arguments):
    """The command line of a plain ssh with the friend's key."""
    return ["ssh", "-F", "none", "-i", friend.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "ExitOnForwardFailure=yes", "-p", str(friend.sshd.port), "-l", friend.rig.login, *arguments]


def run_ssh(friend, *arguments):
    return subprocess.run(ssh(friend, *arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20, check=False)


def forwards(bench, friend, target):
    """An ssh that forwards, until the case ends; its local sockets lie in the friend's directory."""
    path = friend.path("forward%d" % len(os.listdir(friend.directory)))
    process = subprocess.Popen(ssh(friend, "-N", "-L", f"{path}:{target}", "127.0.0.1"),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop():
        process.send_signal(signal.SIGTERM)
        process.wait()
    bench.at_end(stop)
    bench.wait_until(lambda: is_listening(path), "ssh listens")
    return path


def is_listening(path):
    """The socket is there before ssh listens, and to try would count as a connection."""
    accepts_connections = 0x10000
    with open("/proc/net/unix", encoding="utf-8") as table:
        sockets = [line.split() for line in table]
    return any(words[-1] == path and int(words[3], 16) & accepts_connections for words in sockets[1:])


def what_comes_through(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(path)
        return client.recv(100)


def greets(words):
    return lambda connection: connection.sendall(words)


@case
def the_key_line_runs_nothing(bench):
    friend = friend_at(bench, Listener(bench, greets(b"220 here\r\n")).name,
                       sshd=bench.sshd(["Subsystem sftp internal-sftp"]))
    # Status 1 is that of /bin/false; 255 is ssh's own where it was refused.
    for arguments, status in ((["127.0.0.1", "echo", "hello"], 1), (["127.0.0.1"], 1),
                              (["-tt", "127.0.0.1"], 255), (["-s", "127.0.0.1", "sftp"], 1)):
        done = run_ssh(friend, *arguments)
        expect((done.returncode, done.stdout), (status, ""), f"what ssh {arguments} says")


@case
def the_key_line_reaches_the_mail_server_and_no_other_target(bench):
    permitted = Listener(bench, greets(b"220 here\r\n"))
    other = Listener(bench, greets(b"220 forbidden\r\n"))
    friend = friend_at(bench, permitted.name)
    expect(what_comes_through(forwards(bench, friend, permitted.name)), b"220 here\r\n",
           "from the permitted target")
    for target in (other.name, f"localhost:{permitted.port}", f"127.0.0.2:{permitted.port}",
                   f"[::1]:{other.port}", f"127.0.0.1:{friend.sshd.port}"):
        expect(what_comes_through(forwards(bench, friend, target)), b"", f"from {target}")
    done = run_ssh(friend, "-W", other.name, "127.0.0.1")
    expect((done.returncode, done.stdout), (255, ""), "what ssh -W says")
    expect((permitted.count, other.count), (1, 0), "connections")


@case
def the_key_line_listens_nowhere(bench):
    listener = Listener(bench, greets(b"220 here\r\n"))
    friend = friend_at(bench, listener.name)
    for where in ("0", "127.0.0.1:0", "*:0", "0.0.0.0:2525", "localhost:2525"):
        done = run_ssh(friend, "-N", "-R", f"{where}:{listener.name}", "127.0.0.1")
        expect(done.returncode, 255, f"the status of ssh -R {where}")
        expect("remote port forwarding failed" in done.stderr, True, f"what ssh says: {done.stderr!r}")


@case
def the_key_line_reaches_no_socket_where_sshd_forbids_them(bench):
    # No word of authorized_keys forbids -R for a socket (OpenSSH 9.2), so the README asks for this.
    listener = Listener(bench, greets(b"220 here\r\n"))
    friend = friend_at(bench, listener.name, sshd=bench.sshd(["AllowStreamLocalForwarding no"]))
    path = friend.path("socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        expect(what_comes_through(forwards(bench, friend, path)), b"", "from the socket")
        expect(select.select([server], [], [], 0)[0], [], "connections to the socket")
    done = run_ssh(friend, "-N", "-R", f"{friend.path('made')}:{listener.name}", "127.0.0.1")
    expect((done.returncode, os.path.exists(friend.path("made"))), (255, False), "what ssh -R makes")
