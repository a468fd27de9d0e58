"""A redis-server or valkey-server of a cell's own, on a free loopback port."""

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import redis

from bench.base.errors import CellFailed
from bench.brokers.redis.binary import ServerBinary
from bench.brokers.redis.connection import RedisBroker
from bench.hosts.local import Host, last_lines
from bench.hosts.process import ManagedProcess
from bench.inprocess.ports import free_port
from bench.model.manifest import ServerRecord

NOTHING_SAVED = 'save ""\nappendonly no\n'
PERSISTENCE = {
    "redis": NOTHING_SAVED,
    "redis-everysec": 'save ""\nappendonly yes\nappendfsync everysec\n',
    "redis-always": 'save ""\nappendonly yes\nappendfsync always\n',
    "valkey": NOTHING_SAVED,
}


class EmbeddedRedis(RedisBroker):
    """Stock settings but for `persistence`, lines of configuration as in PERSISTENCE.

    It listens on loopback only and has a random password.
    """

    ours = True
    process: ManagedProcess | None = None

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
        """Start it on its data folder and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        config = (
            f"port {self.port}\nbind 127.0.0.1\nrequirepass {self._password}\n"
            f'dir "{self.folder}"\ndaemonize no\n{self.persistence}'
        )
        # By standard input: neither a file nor the process list shows the password.
        argv, env = [self.server.path, "-"], {"LC_ALL": "C"}
        self.process = self.host.spawn(argv, self.log, env, stdin=config)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if self.client().ping():
                    return
            except (redis.RedisError, OSError):
                self._client = None
            if self.process.exit_status() is not None:
                break
            time.sleep(0.01)
        raise CellFailed(f"redis-server did not start: {last_lines(self.log)}")

    def kill(self) -> int:
        """SIGKILL of the server; the stamp right after it."""
        assert self.process is not None
        self.close()
        self._client = None
        t0, _ = self.host.kill_tree([self.process], freeze=False)
        self.process.wait(5)
        return t0

    def fill(self) -> None:
        """One byte is allowed: whatever would need more is refused.

        As shipped, maxmemory-policy is noeviction.
        """
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

    def describe(self) -> ServerRecord:
        """What the binary tells of itself."""
        return ServerRecord(
            name=self.server.name, version=self.server.version, origin=self.server.origin
        )

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Its data folder goes with the cell."""
