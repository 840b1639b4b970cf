"""Something in the place of a keeper: a Unix socket behind which a mail sink speaks, or fixed words."""

import os
import socket
import subprocess
import sys
import threading

# Listens as another user, says when it does, and stays until its input ends.
STRANGER = """
import os, socket, sys
os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
listener.listen()
print("ready", flush=True)
sys.stdin.read()
"""


class StandIn:
    """Serves each client with a process of its own (`command`, the socket for input and output), or says
    `words` and hangs up."""

    def __init__(self, bench, path, command=None, words=b""):
        self.clients = 0
        self._command = command
        self._words = words
        self._processes = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        os.chmod(path, 0o666)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        bench.at_end(self.stop)

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.clients += 1
            with client:
                if self._command:
                    self._processes.append(subprocess.Popen(
                        self._command, stdin=client, stdout=client, stderr=subprocess.DEVNULL))
                else:
                    client.sendall(self._words)

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for process in self._processes:
            process.kill()
            process.wait()


def keeper_of(bench, friend):
    """A stand-in that has the friend's mail server at hand."""
    return StandIn(bench, friend.path("friend.sock"), friend.sink_command())


def leave_dead_socket(path):
    """As a keeper leaves it that was killed."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
    os.chmod(path, 0o666)


def stranger_at(bench, path, user):
    """Another user listens there."""
    process = subprocess.Popen([sys.executable, "-c", STRANGER, path, str(user)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop():
        process.kill()
        process.communicate()
    bench.at_end(stop)
    return process.stdout.readline() == "ready\n"
