"""What the broker of a cell and the user's own have in common: a URL, and the counters of INFO."""

from typing import Any

import redis

from bench.brokers.contract import Counters
from bench.hosts.process import Process


class RedisBroker:
    """`push_command` is the one whose calls are counted as enqueued tasks, in lower case."""

    url: str
    process: Process | None = None
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
        """Those of `INFO everything`, our own questions left out; None while it is away."""
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
        """Close our connection."""
        if self._client is not None:
            self._client.close()
