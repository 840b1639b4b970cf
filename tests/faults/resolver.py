"""A name server of our own that is slow, silent, or wrong, at a loopback address of its own."""

import os
import socket
import struct
import subprocess
import threading

# One for each run: several may go on beside each other.
ADDRESS = f"127.77.{os.getpid() >> 8 & 255}.{1 + os.getpid() % 250}"
ADDRESS_NAMES = {how: how + ".faults.example" for how in ("silent", "slow", "failing", "garbled", "missing")}
SLOWNESS = 0.4
TYPE_A = 1


class Resolver:
    """Everything that this process starts asks it, in a mount namespace of its own."""

    def __init__(self, directory):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 53))
        path = os.path.join(directory, "resolv.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"nameserver {ADDRESS}\n")
        subprocess.run(["mount", "--bind", path, os.path.realpath("/etc/resolv.conf")], check=True)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, client = self._socket.recvfrom(512)
            how = question[13:13 + question[12]].decode("latin-1") if len(question) > 13 else ""
            answer = answer_to(question, how)
            if answer is not None:
                threading.Timer(SLOWNESS if how == "slow" else 0, self._socket.sendto, (answer, client)).start()

    def close(self):
        subprocess.run(["umount", os.path.realpath("/etc/resolv.conf")], check=False)


def answer_to(question, how):
    """RFC 1035 4.1; none where nothing is said."""
    if how == "silent":
        return None
    if how == "garbled":
        return question[:2] + b"\x81\x80" + b"\xff" * 60
    asked = question[12:question.index(b"\0", 12) + 5]
    code = {"failing": 2, "missing": 3}.get(how, 0)
    has_address = code == 0 and struct.unpack("!H", asked[-4:-2])[0] == TYPE_A
    head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, has_address, 0, 0)
    return head + asked + (b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\x7f\0\0\x01" if has_address else b"")
