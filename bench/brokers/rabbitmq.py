"""RabbitMQ: a node of a cell's own, loopback only, and the connection of the instrument's own."""

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.base.errors import CellFailed, Unavailable
from bench.brokers.broker import Counters
from bench.hosts.local import Host, last_lines
from bench.inprocess.ports import free_port

# The wrappers on PATH switch to the user rabbitmq; these are the programs behind them.
FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/lib/rabbitmq/sbin",
    "/opt/rabbitmq/sbin",
    "/usr/local/sbin",
)
READY_S = 60.0
SETTLED_S = 2.0
APT = "apt install rabbitmq-server"


def find_rabbitmq() -> Path:
    """The folder of rabbitmq-server and rabbitmqctl; Unavailable with what to install if there is none."""
    for folder in (*FOLDERS, *filter(None, [shutil.which("rabbitmq-server")])):
        path = Path(folder) if Path(folder).is_dir() else Path(folder).parent
        if (path / "rabbitmq-server").is_file() and (path / "rabbitmqctl").is_file():
            return path.absolute()
    raise Unavailable(f"there is no RabbitMQ on this machine: {APT}")


class Queues:
    """An AMQP connection of the instrument's own, for what little AMQP tells: how many messages wait in a queue."""

    def __init__(self, url: str, names: Sequence[str]) -> None:
        self.url, self.names = url, names
        self._connection: Any = None

    def connect(self) -> Any:
        """The open connection; whatever py-amqp raises if there is none to be had."""
        if self._connection is None:
            # Kombu comes with celery, the only system that speaks AMQP, and reads its URLs.
            from kombu.connection import Connection

            known: Any = Connection
            read = known(self.url, connect_timeout=2, heartbeat=0)
            self._connection = read.transport.establish_connection()
        return self._connection

    def waiting(self) -> int | None:
        """Messages ready in all of the queues, when two looks agree: a publish without a confirm returns before it has arrived."""
        before, seen, deadline = None, self._count(), time.monotonic() + SETTLED_S
        while seen is not None and seen != before and time.monotonic() < deadline:
            time.sleep(0.02)
            before, seen = seen, self._count()
        return seen

    def _count(self) -> int | None:
        """A queue that is not there holds none. None if nobody answers."""
        import amqp

        count = 0
        for name in self.names:
            try:
                count += int(
                    self.connect().channel().queue_declare(queue=name, passive=True).message_count
                )
            except amqp.NotFound:
                continue
            except (amqp.AMQPError, OSError):
                self.close()
                return None
        return count

    def close(self) -> None:
        """Close the connection, whatever its state."""
        if self._connection is not None:
            try:
                self._connection.close()
            except Exception:  # the other side may be gone in any way
                pass
            self._connection = None


class EmbeddedRabbit:
    """A node of this cell: own name, ports, folder, Erlang port mapper, user and random password."""

    by_os = True
    ours = True
    pid: int | None = None

    def __init__(self, host: Host, folder: Path, log: Path, queues: Sequence[str]) -> None:
        self.host, self.folder, self.log = host, folder, log
        self.programs = find_rabbitmq()
        self.port, distribution, mapper = free_port(), free_port(), free_port()
        self._user, self._password = "bench", secrets.token_hex(16)
        self.url = f"amqp://{self._user}:{self._password}@127.0.0.1:{self.port}//"
        self.queues = Queues(self.url, queues)
        self.env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(folder),  # Erlang writes its cookie there
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": f"qb{secrets.token_hex(4)}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def start(self) -> None:
        """Start it on its data folder, and wait until it lets our user in."""
        first = not self.folder.exists()
        if first:
            self.folder.mkdir()
            (self.folder / "plugins").write_text("[].\n", encoding="utf-8")
        self.pid = self.host.spawn([str(self.programs / "rabbitmq-server")], self.log, self.env)
        deadline = time.monotonic() + READY_S
        if first:
            # The port opens when the node is through with its start; asking by rabbitmqctl until then would boot a VM each time.
            self._until(
                deadline,
                lambda: socket.create_connection(("127.0.0.1", self.port), timeout=1).close(),
            )
            self.control("add_user", self._user, stdin=self._password)
            self.control("set_permissions", self._user, ".*", ".*", ".*")
            self.control("delete_user", "guest")
        self._until(deadline, self.queues.connect)

    def _until(self, deadline: float, met: Any) -> None:
        while True:
            try:
                met()
                return
            except Exception as error:  # not there yet, in whatever way
                assert self.pid is not None
                if self.host.exit_status(self.pid) is not None or time.monotonic() > deadline:
                    raise CellFailed(
                        f"rabbitmq-server did not start ({type(error).__name__}): {last_lines(self.log)}"
                    ) from None
                time.sleep(0.1)

    def control(self, *words: str, stdin: str = "", timeout_s: float = 30.0) -> str:
        """What `rabbitmqctl` answers; a password goes in by standard input. CellFailed if it refuses."""
        argv = [str(self.programs / "rabbitmqctl"), "-q", *words]
        try:
            done = subprocess.run(
                argv,
                env=self.env,
                input=stdin + "\n",
                capture_output=True,
                timeout=timeout_s,
                check=True,
                encoding="utf-8",
                errors="replace",
            )
        except (subprocess.SubprocessError, OSError) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()
            raise CellFailed(
                f"rabbitmqctl {words[0]} failed: {said[-1][:200] if said else type(error).__name__}"
            ) from None
        return done.stdout

    def kill(self) -> int:
        """SIGKILL of the whole node."""
        assert self.pid is not None
        self.queues.close()
        t0, victims = self.host.kill_tree([self.pid], freeze=False)
        self.host.wait([self.pid], 5)
        assert victims
        return t0

    def fill(self) -> None:
        """The memory alarm: from now on it blocks who publishes."""
        self.control("set_vm_memory_high_watermark", "absolute", "1")

    def relieve(self) -> None:
        """The share of the machine's memory that it has as shipped."""
        self.control("set_vm_memory_high_watermark", "0.4")

    def clients(self) -> list[Callable[[], None]]:
        """`rabbitmqctl close_connection` for each; ours comes back by itself."""
        pids = [
            line.strip()
            for line in self.control("list_connections", "pid", "--no-table-headers").splitlines()
            if line.strip().startswith("<")
        ]
        return [partial(self._close, pid) for pid in pids]

    def _close(self, pid: str) -> None:
        self.control("close_connection", pid, "closed by the administrator")

    def counters(self, edge: bool) -> Counters | None:
        """How many messages wait, at the edges of phases; nothing else is to be had without disturbing it."""
        return Counters(messages=self.queues.waiting()) if edge else Counters()

    def describe(self) -> Mapping[str, str]:
        """The version in its greeting."""
        return {
            "name": "rabbitmq",
            "version": version_of(self.queues),
            "origin": str(self.programs),
        }

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Its folder goes with the cell."""

    def close(self) -> None:
        """Close our connection."""
        self.queues.close()


def version_of(queues: Queues) -> str:
    """What the server says of itself when it greets a client."""
    version = queues.connect().server_properties.get("version", "")
    return str(version.decode() if isinstance(version, bytes) else version)
