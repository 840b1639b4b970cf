"""A long line: a TCP proxy that holds everything back for half a round trip, and counts flights."""

import heapq
import select
import socket
import threading
import time


class LongLine:
    """Each octet arrives half of `round_trip` seconds after it was sent, whatever else is on the way."""

    # How much of a round trip may lie between the pieces of one flight.
    FLIGHT = 0.75

    def __init__(self, bench, target_port, round_trip):
        self.round_trip = round_trip
        self._target = target_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._sent = []
        self._is_closed = False
        bench.at_end(self._stop)
        threading.Thread(target=self._accept, daemon=True).start()

    def _stop(self):
        self._is_closed = True
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self):
        while True:
            try:
                client = self._server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._carry({client: server, server: client}, client)
            except OSError:
                pass

    def _carry(self, ways, client):
        held, number = [], 0
        while not self._is_closed:
            wait = max(0, held[0][0] - time.monotonic()) if held else 0.1
            for one in select.select(list(ways), [], [], min(wait, 0.1))[0]:
                piece = one.recv(65536)
                now = time.monotonic()
                if piece and one is client:
                    self._sent.append(now)
                number += 1
                heapq.heappush(held, (now + self.round_trip / 2, number, ways[one], piece))
            while held and held[0][0] <= time.monotonic():
                _, _, other, piece = heapq.heappop(held)
                if not piece:
                    return
                other.sendall(piece)

    def flights(self, began):
        """How often the client began anew after a wait of most of a round trip, since `began`."""
        count, begin = 0, float("-inf")
        for moment in self._sent:
            if moment >= began and moment - begin > self.FLIGHT * self.round_trip:
                count, begin = count + 1, moment
        return count
