"""A TCP proxy that harms what passes through it.

    with FaultProxy(port, cut_at=3000) as proxy: ... proxy.port ...

Octets are counted from 0 in one direction: "up" is from the client to the server.

    cut_at=N      closes both sides when N octets have passed
    reset_at=N    the same with a TCP reset
    stall_at=N    passes nothing any more in either direction
    flip_at=N     inverts the lowest bit of octet N
    split_at=N    makes a pause of `pause` seconds behind octet N, so that it ends one read of the receiver
    pieces=N      passes N octets at a time, each in a packet of its own
"""

import selectors
import socket
import struct
import threading
import time


class FaultProxy:
    def __init__(self, target_port, direction="up", cut_at=None, reset_at=None, stall_at=None,
                 flip_at=None, split_at=None, pieces=None, pause=0.05):
        self._target = target_port
        self._direction = direction
        self._end_at = cut_at if cut_at is not None else reset_at
        self._is_reset = reset_at is not None
        self._stall_at = stall_at
        self._flip_at = flip_at
        self._split_at = split_at
        self._pieces = pieces
        self._pause = pause
        self._is_closed = False
        self._frozen = 0
        self.passed = {"up": 0, "down": 0}
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._is_closed = True
        # Wakes the accepting thread; closing a socket does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def freeze(self):
        """On the connections there are nothing passes in either direction any more."""
        self._frozen = self.connections

    def _accept(self):
        while not self._is_closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client, self.connections), daemon=True).start()

    def _serve(self, client, number):
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            client.close()
            return
        for one in (client, server):
            one.settimeout(None)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        counts = {"up": 0, "down": 0}
        ways = {client: (server, "up"), server: (client, "down")}
        with selectors.DefaultSelector() as selector:
            for one in ways:
                selector.register(one, selectors.EVENT_READ)
            try:
                while not self._is_closed and self._turn(selector, ways, counts, number):
                    pass
            except OSError:
                pass
        self._close(client, server)

    def _close(self, *sockets):
        for one in sockets:
            if self._is_reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()

    def _turn(self, selector, ways, counts, number):
        if number <= self._frozen:
            time.sleep(0.05)
            return True
        for key, _ in selector.select(0.1):
            to, way = ways[key.fileobj]
            piece = key.fileobj.recv(self._pieces or 65536)
            if not piece:
                return False
            begin = counts[way]
            counts[way] += len(piece)
            self.passed[way] = max(self.passed[way], counts[way])
            if not self._pass(to, way, begin, piece):
                return False
        return True

    def _pass(self, to, way, begin, piece):
        def inside(place):
            return way == self._direction and place is not None and begin <= place < begin + len(piece)
        if inside(self._end_at):
            to.sendall(piece[:self._end_at - begin])
            return False
        if inside(self._stall_at):
            to.sendall(piece[:self._stall_at - begin])
            while not self._is_closed:
                time.sleep(0.05)
            return False
        if inside(self._flip_at):
            place = self._flip_at - begin
            piece = piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1:]
        if inside(self._split_at):
            place = self._split_at - begin + 1
            to.sendall(piece[:place])
            time.sleep(self._pause)
            piece = piece[place:]
        to.sendall(piece)
        return True
