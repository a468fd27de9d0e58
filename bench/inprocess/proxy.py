"""A slow or broken network on loopback.

`python -m bench.inprocess.proxy FOLDER PORT HOST:PORT RTT_MS` passes bytes on, each direction later
by half of the round trip, and takes orders from files: `network-001.json` names a state.
open: bytes pass. cut: connections are reset and new ones refused. silent: what is connected stays
connected and is dead for good; what connects now gets no answer until the state is open again.
Standard library only, as all that runs inside a cell.
"""

import asyncio
import ctypes
import json
import os
import selectors
import socket
import struct
import sys
import time
from collections import deque

# By it the instrument asks how long a round trip takes: no broker's protocol begins with a zero.
ECHO = b"\0ECHO"
LOOK_S = 0.002
PR_SET_TIMERSLACK = 29


class ProxyEnd(asyncio.Protocol):
    """One end of a connection; what it receives goes to `other`, later."""

    def __init__(self, proxy: "Proxy") -> None:
        self.proxy = proxy
        self.other: ProxyEnd | None = None
        self.transport: asyncio.Transport | None = None
        self.dead = proxy.state == "silent"
        self.gone = False
        self._late: deque[tuple[float, bytes]] = deque()
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; send what came before it was there."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.proxy.sides.add(self)
        for data in self._early:
            transport.write(data)
        self._early.clear()

    def connection_lost(self, error: Exception | None) -> None:
        """The other end goes too, unless the connection is dead: then nobody hears of it."""
        self.proxy.sides.discard(self)
        self.gone = True
        if not self.dead:
            # Behind what is still on its way: a client may send its last words and leave.
            self.proxy.loop.call_later(self.proxy.half_s, self._close_other)

    def _close_other(self) -> None:
        if self._late:
            self.proxy.loop.call_at(self._late[-1][0], self._close_other)
        elif self.other and self.other.transport:
            self.other.transport.close()

    def data_received(self, data: bytes) -> None:
        """Pass it on after half a round trip, in order."""
        if self.dead:
            return
        if self.proxy.half_s <= 0:
            return self._deliver(data)
        loop = self.proxy.loop
        self._late.append((loop.time() + self.proxy.half_s, data))
        if len(self._late) == 1:
            loop.call_at(self._late[0][0], self._due)

    def _due(self) -> None:
        loop = self.proxy.loop
        while self._late and self._late[0][0] <= loop.time():
            self._deliver(self._late.popleft()[1])
        if self._late:
            loop.call_at(self._late[0][0], self._due)

    def _deliver(self, data: bytes) -> None:
        if self.dead:
            return
        if self.other is None and data == ECHO:
            # There and back: the way back has its half of the round trip too.
            assert self.transport
            self.proxy.loop.call_later(self.proxy.half_s, self.transport.write, data)
        elif self.other is not None:
            self.other.write(data)

    def write(self, data: bytes) -> None:
        """Send, now or as soon as there is a connection."""
        if self.transport is None:
            self._early.append(data)
        elif not self.transport.is_closing():
            self.transport.write(data)


class Client(ProxyEnd):
    """A connection from a worker or a generator; its first bytes open the one to the broker."""

    def data_received(self, data: bytes) -> None:
        """The first bytes decide: an echo of ours, or a client of the broker."""
        if self.other is None and data != ECHO and not self.dead:
            self.other = ProxyEnd(self.proxy)
            self.other.other = self
            self.proxy.loop.create_task(self.proxy.dial(self.other, self))
        super().data_received(data)


class Proxy:
    """Listens for clients, opens their connections to the broker, and carries out the orders."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, folder: str, port: int, target: str, rtt_ms: float
    ) -> None:
        self.loop, self.folder, self.port = loop, folder, port
        self.host, _, number = target.rpartition(":")
        self.target_port = int(number)
        self.half_s = rtt_ms / 2e3
        self.state = "open"
        self.sides: set[ProxyEnd] = set()
        self.server: asyncio.Server | None = None

    async def dial(self, side: ProxyEnd, client: Client) -> None:
        """Open the connection to the broker; where it is away, the client's ends too."""
        try:
            transport, _ = await self.loop.create_connection(
                lambda: side, self.host, self.target_port
            )
            if client.gone:
                transport.close()
        except OSError:
            if client.transport:
                client.transport.abort()

    async def serve(self) -> None:
        """Carry out one order after the other, for ever."""
        order = 1
        while True:
            path = os.path.join(self.folder, f"network-{order:03d}.json")
            while not os.path.exists(path):
                await asyncio.sleep(LOOK_S)
            with open(path, encoding="utf-8") as file:
                await self.become(json.load(file)["state"])
            part = path[:-5] + ".part"
            with open(part, "w", encoding="utf-8") as file:
                json.dump({"ns": time.monotonic_ns()}, file)
            os.replace(part, path[:-5] + ".done")
            order += 1

    async def become(self, state: str) -> None:
        """Change the state.

        A dead connection stays dead; only those that came while it was silent may begin anew.
        """
        came_in_silence = (
            [side for side in self.sides if side.dead] if self.state == "silent" else []
        )
        was, self.state = self.state, state
        if state == "silent":
            for side in self.sides:
                side.dead = True
        if state == "cut":
            if self.server:
                self.server.close()
                self.server = None
            for side in list(self.sides):
                if side.transport:
                    # A reset, not a polite end: the linger time of zero makes the difference.
                    side.transport.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                    side.transport.abort()
        elif self.server is None:
            self.server = await self.loop.create_server(
                lambda: Client(self), "127.0.0.1", self.port
            )
        if was == "silent" and state == "open":
            for side in came_in_silence:
                if isinstance(side, Client) and side.other is None and side.transport:
                    # Its handshake was never answered: the client may try again now.
                    side.transport.abort()


def main() -> None:
    """Serve orders and connections until the process is killed."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0)
    # select, not epoll: its timeout is not rounded up to whole milliseconds, and half of a round
    # trip of 1 ms is 0.5.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    asyncio.set_event_loop(loop)
    proxy = Proxy(loop, sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
    loop.run_until_complete(proxy.serve())


if __name__ == "__main__":
    main()
