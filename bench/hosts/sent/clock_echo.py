"""Two-way pings between the clocks of two hosts, over UDP. Standard library only.

A ping is (sent, seen, answered, returned): the outer two by the clock of whoever asks, the inner
two by that of whoever answers. What is made of them is a matter of bench/record.
"""

import socket
import struct
import threading
import time
from array import array
from collections.abc import Mapping
from contextlib import suppress

INTERVAL_S = 0.1
# token, number of the target, sent, seen, answered
_PING = struct.Struct("<16sIqqq")
Address = tuple[str, int]


def bound(address: str) -> socket.socket:
    """A socket on a free port of this address; OSError where the host has no such address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.bind((address, 0))
    return made


class Echo:
    """Answers pings that carry the token, in a thread of its own; all others hear nothing."""

    def __init__(self, address: str, token: bytes) -> None:
        self._socket, self._token = bound(address), token
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            with suppress(OSError):  # whoever asked may be gone
                packet, whence = self._socket.recvfrom(256)
                seen = time.monotonic_ns()
                if len(packet) == _PING.size and packet[:16] == self._token:
                    token, number, sent, _, _ = _PING.unpack(packet)
                    answer = _PING.pack(token, number, sent, seen, time.monotonic_ns())
                    self._socket.sendto(answer, whence)


class Pinger:
    """Pings its targets ten times a second, in a thread of its own, until it is stopped.

    A target is a name and where its Echo is.
    """

    def __init__(self, address: str, token: bytes, targets: Mapping[str, Address]) -> None:
        self._socket, self._token = bound(address), token
        self._targets = list(targets.items())
        self._stamps = {name: array("q") for name in targets}
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        next_s = time.monotonic()
        while not self._over.is_set():
            for number, (_, where) in enumerate(self._targets):
                with suppress(OSError):  # the link may be down
                    ping = _PING.pack(self._token, number, time.monotonic_ns(), 0, 0)
                    self._socket.sendto(ping, tuple(where))
            next_s += INTERVAL_S
            self._hear_until(next_s)

    def _hear_until(self, end_s: float) -> None:
        while (left := end_s - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                packet = self._socket.recv(256)
            except OSError:  # nothing came in time, or a host says that nobody listens there
                continue
            returned = time.monotonic_ns()
            if len(packet) == _PING.size and packet[:16] == self._token:
                _, number, sent, seen, answered = _PING.unpack(packet)
                with self._lock:
                    self._stamps[self._targets[number][0]].extend((sent, seen, answered, returned))

    def pings(self) -> "dict[str, array[int]]":
        """By target all that came back so far, four stamps (ns) each."""
        with self._lock:
            return {name: array("q", stamps) for name, stamps in self._stamps.items()}

    def stop(self) -> None:
        """End it; what came back can still be asked for."""
        self._over.set()
        self._thread.join()
        self._socket.close()
