"""The network of a cell as the instrument sees it: a proxy between the broker and its clients."""

import json
import socket
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bench.base.environ import built
from bench.base.errors import CellFailed, NotOffered, Unavailable
from bench.hosts.local import Host, last_lines
from bench.inprocess.ports import free_port
from bench.model.broker import SCHEMES
from bench.record.documents import write_json

READY_S = 10.0
PINGS = 20


class Network:
    """One proxy process; `url` is the broker's as seen through it."""

    def __init__(self, host: Host, log: Path, broker_url: str, rtt_ms: float, code: Path) -> None:
        parts = urlsplit(broker_url)
        if not parts.hostname:
            raise NotOffered("there is no network between the workers and their broker")
        scheme = SCHEMES[parts.scheme]
        if scheme.tls:
            raise Unavailable("the certificate of a server with TLS is not valid for the proxy")
        self.host, self.log, self.rtt_ms, self.code = host, log, rtt_ms, code
        self.port, self.target = free_port(), f"{parts.hostname}:{parts.port or scheme.port}"
        credentials = "".join(parts.netloc.rpartition("@")[:2])
        self.url = urlunsplit(parts._replace(netloc=f"{credentials}127.0.0.1:{self.port}"))
        self._orders = 0

    def start(self) -> None:
        """Start the proxy and wait until it listens."""
        proxy = [sys.executable, "-m", "bench.inprocess.proxy"]
        where = [str(self.host.work), str(self.port), self.target, str(self.rtt_ms)]
        env = built({"PYTHONPATH": str(self.code)})
        self.process = self.host.spawn(proxy + where, self.log, env)
        self.become("open")

    def become(self, state: str) -> int:
        """Be `open`, `cut` or `silent` from now on; the stamp (ns) at which that was done."""
        self._orders += 1
        order = self.host.work / f"network-{self._orders:03d}.json"
        write_json(order, {"state": state})
        done = order.with_suffix(".done")
        deadline = time.monotonic() + READY_S
        while not done.exists():
            if self.process.exit_status() is not None or time.monotonic() > deadline:
                raise CellFailed(f"the proxy does not answer: {last_lines(self.log)}")
            time.sleep(0.001)
        return int(json.loads(done.read_text(encoding="utf-8"))["ns"])

    def round_trip_ms(self) -> float:
        """The round trip that the proxy really adds.

        It is the median of 20 echoes that the proxy answers in the broker's place.
        """
        times_ms = []
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(PINGS):
                began = time.monotonic_ns()
                client.sendall(b"\0ECHO")
                client.recv(16)
                times_ms.append((time.monotonic_ns() - began) / 1e6)
        return statistics.median(times_ms)
