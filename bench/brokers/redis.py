"""Redis: an embedded one per cell, on a free loopback port, and what the user's own shares with it."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import redis

from bench.base.errors import CellFailed
from bench.brokers.binary import ServerBinary
from bench.brokers.broker import Counters
from bench.hosts.local import Host, last_lines
from bench.inprocess.ports import free_port

PERSISTENCE = {
    "redis": 'save ""\nappendonly no\n',
    "redis-everysec": 'save ""\nappendonly yes\nappendfsync everysec\n',
    "redis-always": 'save ""\nappendonly yes\nappendfsync always\n',
}


class RedisBroker:
    """What both kinds have in common: a URL, and the counters of INFO."""

    url: str
    pid: int | None = None
    by_os = False
    ours = False

    def __init__(self, push_command: str) -> None:
        self.push_command = push_command
        self._client: redis.Redis | None = None
        self._asked = 0

    def client(self) -> redis.Redis:
        """A connection of the instrument's own."""
        if self._client is None:
            self._client = redis.Redis.from_url(
                self.url, socket_timeout=2, socket_connect_timeout=2
            )
        return self._client

    def counters(self, edge: bool) -> Counters | None:
        """The counters now; None while the broker is away."""
        self._asked += 1
        try:
            info: dict[str, Any] = self.client().info("everything")
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

    def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            self._client.close()


class EmbeddedRedis(RedisBroker):
    """A redis-server of this cell: loopback only, a random password, stock settings but for persistence."""

    ours = True

    def __init__(
        self,
        host: Host,
        folder: Path,
        log: Path,
        persistence: str,
        push_command: str,
        server: ServerBinary,
    ) -> None:
        super().__init__(push_command)
        self.host, self.folder, self.log = host, folder, log
        self.server = server
        self.persistence = persistence
        self.port = free_port()
        self._password = secrets.token_hex(16)
        self.url = f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it on its data folder and wait until it answers; CellFailed with its last log lines if it does not."""
        self.folder.mkdir(exist_ok=True)
        config = (
            f'port {self.port}\nbind 127.0.0.1\nrequirepass {self._password}\ndir "{self.folder}"\ndaemonize no\n'
            + self.persistence
        )
        # The settings go in by standard input: neither a file nor the process list shows the password.
        self.pid = self.host.spawn([self.server.path, "-"], self.log, {"LC_ALL": "C"}, stdin=config)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if self.client().ping():
                    return
            except (redis.RedisError, OSError):
                self._client = None
            if self.host.exit_status(self.pid) is not None:
                break
            time.sleep(0.01)
        raise CellFailed(f"redis-server did not start: {last_lines(self.log)}")

    def kill(self) -> int:
        """SIGKILL; returns the stamp right after it."""
        assert self.pid is not None
        self.close()
        self._client = None
        t0, _ = self.host.kill_tree([self.pid], freeze=False)
        self.host.wait([self.pid], 5)
        return t0

    def fill(self) -> None:
        """One byte is allowed: whatever would need more is refused (maxmemory-policy is noeviction, as shipped)."""
        self.client().config_set("maxmemory", 1)

    def relieve(self) -> None:
        """No limit, as shipped."""
        self.client().config_set("maxmemory", 0)

    def clients(self) -> list[Callable[[], None]]:
        """CLIENT KILL for each that is not ours."""
        client = self.client()
        ours = int(client.client_id())
        others = [int(each["id"]) for each in client.client_list() if int(each["id"]) != ours]
        return [partial(self._drop, number) for number in others]

    def _drop(self, number: int) -> None:
        self.client().client_kill_filter(_id=str(number))

    def describe(self) -> Mapping[str, str]:
        """What the binary said of itself."""
        return {
            "name": self.server.name,
            "version": self.server.version,
            "origin": self.server.origin,
        }

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Its data folder goes with the cell."""
