#!/usr/bin/python3
"""A long line between two network namespaces, and the record of every packet on it.

The kernel's netem is not everywhere, so the line is a TUN interface at each end and a program between
them that holds every IP packet back for half a round trip. The two TCP ends are the real ones: unlike
behind a proxy, no acknowledgement comes sooner than the line allows.

    wire.py RECORD      needs root; the near end is in the namespace it is started in, the far end in
                        a new one, which it stays in: nsenter --net=/proc/PID/ns/net enters it

It prints `ready`, then reads the seconds of delay of each direction, one number a line, until the end
of its input. RECORD gets a line per TCP packet: nanoseconds since 1970 at which it entered the line,
`>` from the far end (the clients) or `<` from the near one, the octets of data in it, S if it has
SYN.
"""

import ctypes
import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

NEAR, FAR = "192.0.2.2", "192.0.2.1"
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
TCP = 6
SYN = 2


def open_end(address, peer):
    """A TUN interface in the namespace we are in."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", b"benchwire", IFF_TUN | IFF_NO_PI))
    for words in (f"address add {address} peer {peer} dev benchwire", "link set benchwire up",
                  "link set lo up"):
        subprocess.run(["ip", *words.split()], check=True)
    return end


def describe(packet, direction):
    """The packet's line in the record; nothing if it is not TCP over IPv4."""
    if packet[0] >> 4 != 4 or packet[9] != TCP:
        return ""
    header = (packet[0] & 15) * 4
    total = int.from_bytes(packet[2:4], "big")
    data = total - header - (packet[header + 12] >> 4) * 4
    mark = " S" if packet[header + 13] & SYN else ""
    return f"{time.time_ns()} {direction} {data}{mark}\n"


def carry(ends, record):
    """`ends` are the descriptors by the direction that begins there."""
    other = {">": ends["<"], "<": ends[">"]}
    held, delay, order = [], 0.0, 0
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        readable = select.select([0, *ends.values()], [], [], wait)[0]
        while held and held[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(held)
            os.write(end, packet)
        for direction, end in ends.items():
            if end in readable:
                packet = os.read(end, 65536)
                record.write(describe(packet, direction))
                order += 1
                heapq.heappush(held, (time.monotonic() + delay, order, other[direction], packet))
        if 0 in readable:
            line = sys.stdin.readline()
            if not line:
                return
            delay = float(line)


def main(path):
    near = open_end(NEAR, FAR)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no new network namespace")
    far = open_end(FAR, NEAR)
    # It sleeps most of the time, but a packet's delay must not depend on what else the machine does.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    with open(path, "w", encoding="ascii", buffering=1) as record:
        print("ready", flush=True)
        carry({"<": near, ">": far}, record)


if __name__ == "__main__":
    main(sys.argv[1])
