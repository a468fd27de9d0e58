"""Orders of a far keeper about its clock: a stamp, pings, and answers to pings. Standard library
only."""

import time

from bench.hosts.sent.clock_echo import Address, Echo, Pinger
from bench.hosts.sent.far_answers import Given


class Clocks:
    """The clock of this host as others know it."""

    def __init__(self) -> None:
        self._echoes: dict[str, Echo] = {}  # by address
        self._pinger: Pinger | None = None

    def do_clock(self, payload: bytes) -> Given:
        """A stamp for whoever measures how far our clocks are apart."""
        return {"stamp_ns": time.monotonic_ns()}

    def do_echo(self, address: str, payload: bytes) -> Given:
        """Answer pings on this address that carry the token (the payload)."""
        if address not in self._echoes:
            self._echoes[address] = Echo(address, payload)
        return {"port": self._echoes[address].port}

    def do_ping(self, address: str, targets: dict[str, Address], payload: bytes) -> Given:
        """Ping these from now on, with the token (the payload)."""
        if self._pinger:
            self._pinger.stop()
        self._pinger = Pinger(address, payload, targets)
        return {}

    def do_pings(self, payload: bytes) -> tuple[Given, bytes]:
        """What came back so far: how many pings of each target, and their stamps in that order."""
        found = self._pinger.pings() if self._pinger else {}
        counts = {name: len(stamps) // 4 for name, stamps in found.items()}
        return {"counts": counts}, b"".join(stamps.tobytes() for stamps in found.values())

    def do_unping(self, payload: bytes) -> Given:
        """Ping nobody any more."""
        if self._pinger:
            self._pinger.stop()
            self._pinger = None
        return {}
