"""Redis: an embedded one per cell, on a free loopback port, or the user's own by URL."""

import fnmatch
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from bench.brokers.base import Counters, free_port, hide_password
from bench.brokers.binary import ServerBinary
from bench.errors import BenchError, CellFailed, Unavailable, UsageError
from bench.host import Host, last_lines

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
            self._client = redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)
        return self._client

    def counters(self, edge: bool) -> Counters | None:
        """The counters now; None while the broker is away."""
        self._asked += 1
        try:
            info: dict[str, Any] = self.client().info("everything")
        except (redis.RedisError, OSError):
            self._client = None
            return None
        calls = {name.removeprefix("cmdstat_"): int(stat["calls"]) for name, stat in info.items() if name.startswith("cmdstat_")}
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

    def __init__(self, host: Host, folder: Path, log: Path, persistence: str, push_command: str, server: ServerBinary) -> None:
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
        config = f'port {self.port}\nbind 127.0.0.1\nrequirepass {self._password}\ndir "{self.folder}"\ndaemonize no\n' + self.persistence
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
        return {"name": self.server.name, "version": self.server.version, "origin": self.server.origin}

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Its data folder goes with the cell."""


class OwnRedis(RedisBroker):
    """The user's Redis: it must be empty before a cell, and gets back as it was."""

    def __init__(self, url: str, push_command: str) -> None:
        super().__init__(push_command)
        self.url = url

    def counters(self, edge: bool) -> Counters | None:
        """Nothing: whoever else uses this server stands in its counters too."""
        return None

    def start(self) -> None:
        """Reach it, and refuse one that holds keys."""
        self.check_clean()
        self.pid = self._local_pid()

    def _local_pid(self) -> int | None:
        """Its pid if it runs on this machine: then what it burns for us is no foreign load."""
        if urlsplit(self.url).hostname not in ("127.0.0.1", "localhost", "::1"):
            return None
        pid = int(self.client().info("server")["process_id"])
        try:
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None  # in a container it has another pid than we see
        return pid if name.startswith(("redis", "valkey")) else None

    def describe(self) -> Mapping[str, str]:
        """Its own word for its version."""
        return {"name": "redis", "version": str(self.client().info("server")["redis_version"]), "origin": "--redis"}

    def kill(self) -> int:
        """Never."""
        raise Unavailable("faults of the broker are not done to a Redis given by --redis")

    def check_clean(self) -> None:
        """UsageError in one line if it cannot be reached or is not empty; no key is touched."""
        shown = hide_password(self.url)
        try:
            keys = int(self.client().dbsize())
        except redis.AuthenticationError:
            raise UsageError(f"the Redis at {shown} refuses the password: check the URL of --redis") from None
        except redis.ResponseError as error:
            raise UsageError(f"the Redis at {shown} says {str(error)[:120]!r}: check the URL of --redis") from None
        except (redis.RedisError, OSError, ValueError) as error:
            raise UsageError(f"the Redis at {shown} cannot be reached ({type(error).__name__}): start it, or correct --redis") from None
        if keys:
            raise UsageError(
                f"database {urlsplit(self.url).path or '/0'} of the Redis at {shown} holds {keys} keys: "
                f"give an empty database, such as …/15; nothing was touched"
            )

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Delete the keys that appeared, by name, only if the adapter's patterns cover every one of them."""
        keys = [key.decode(errors="replace") for key in self.client().scan_iter(count=1000)]
        strange = [key for key in keys if not any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)]
        if strange:
            raise BenchError(
                f"keys that no adapter declares appeared in {hide_password(self.url)}: {', '.join(sorted(strange)[:5])}; look at them, the run stops here"
            )
        for at in range(0, len(keys), 1000):
            self.client().unlink(*keys[at : at + 1000])
