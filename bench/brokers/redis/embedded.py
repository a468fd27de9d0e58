"""A redis-server or valkey-server of a cell's own, on a free loopback port."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import redis

from bench.brokers.contract import Counters, Request
from bench.brokers.redis.binary import SERVERS, ServerBinary, find_far, find_redis, find_valkey
from bench.brokers.redis.connection import RedisClient
from bench.brokers.servers import StartedServer
from bench.hosts.cell_host import CellHost
from bench.hosts.far_host import FarHost
from bench.model.broker import BrokerKind
from bench.model.manifest import ServerRecord

NOTHING_SAVED = 'save ""\nappendonly no\n'
PERSISTENCE = {
    "redis": NOTHING_SAVED,
    "redis-everysec": 'save ""\nappendonly yes\nappendfsync everysec\n',
    "redis-always": 'save ""\nappendonly yes\nappendfsync always\n',
    "valkey": NOTHING_SAVED,
}


def find_server(kind: BrokerKind) -> ServerBinary:
    """The program that serves this kind."""
    return find_valkey() if kind.name == "valkey" else find_redis()


def server_on(host: CellHost, kind: BrokerKind) -> ServerBinary:
    """The same on the host of a cell."""
    if not isinstance(host, FarHost):
        return find_server(kind)
    return find_far(host, ("valkey-server",) if kind.name == "valkey" else SERVERS)


class EmbeddedRedis(RedisClient, StartedServer):
    """Stock settings but for PERSISTENCE; it tells its memory and CPU itself."""

    by_os = False
    ready_s, look_s = 20.0, 0.01
    failure = "redis-server did not start"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.push_command = request.push_command
        self.server = server_on(request.host, request.kind)
        address = request.host.address
        shown = f"[{address}]" if ":" in address else address
        self.url = f"redis://:{self.password}@{shown}:{self.port}/0"
        self.config = (
            f"port {self.port}\nbind {address}\nrequirepass {self.password}\n"
            f'dir "{self.folder}"\ndaemonize no\n{PERSISTENCE[request.kind.name]}'
        )
        self._asked = 0

    def start(self) -> None:
        """Start it on its data folder and wait until it answers."""
        self.host.make_folder(self.folder)
        # By standard input: neither a file nor the process list shows the password.
        self.launch([self.server.path, "-"], {"LC_ALL": "C"}, stdin=self.config)
        self.until(self._ping)

    def _ping(self) -> None:
        self._client = None
        self.client().ping()

    def fill(self) -> None:
        """One byte is allowed: whatever would need more is refused.

        As shipped, maxmemory-policy is noeviction.
        """
        self.client().config_set("maxmemory", 1)

    def relieve(self) -> None:
        """No limit, as shipped."""
        self.client().config_set("maxmemory", 0)

    def clients(self) -> list[Callable[[], object]]:
        """CLIENT KILL for each that is not ours."""
        client = self.client()
        ours = int(client.client_id())
        others = [int(each["id"]) for each in client.client_list() if int(each["id"]) != ours]
        return [partial(client.client_kill_filter, _id=str(number)) for number in others]

    def counters(self, edge: bool) -> Counters | None:
        """Those of `INFO everything`, our own questions left out; None while it is away.

        Calls of the push command are counted as enqueued tasks.
        """
        self._asked += 1
        try:
            # Numbers and tables, as redis-py reads them.
            info: Mapping[str, Any] = self.client().info("everything")
        except (redis.RedisError, OSError):
            self._client = None
            return None
        calls = {
            name.removeprefix("cmdstat_"): int(stat["calls"])
            for name, stat in info.items()
            if name.startswith("cmdstat_")
        }
        return Counters(
            memory=int(info["used_memory"]),
            cpu_s=float(info["used_cpu_sys"]) + float(info["used_cpu_user"]),
            commands=sum(calls.values()) - self._asked,
            pushes=calls.get(self.push_command, 0),
            own=self._asked,
        )

    def describe(self) -> ServerRecord:
        """What the binary tells of itself."""
        return ServerRecord(
            name=self.server.name, version=self.server.version, origin=self.server.origin
        )
