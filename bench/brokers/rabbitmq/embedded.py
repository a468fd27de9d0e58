"""A RabbitMQ node of a cell's own, loopback only."""

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.base.errors import CellFailed, Unavailable
from bench.brokers.contract import Counters
from bench.brokers.rabbitmq.connection import QueueConnection, version_of
from bench.hosts.local import Host, last_lines
from bench.hosts.process import ManagedProcess
from bench.inprocess.ports import free_port
from bench.model.manifest import ServerRecord

# The wrappers on PATH switch to the user rabbitmq; these are the programs behind them.
FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/lib/rabbitmq/sbin",
    "/opt/rabbitmq/sbin",
    "/usr/local/sbin",
)
READY_S = 60.0
APT = "apt install rabbitmq-server"


def find_rabbitmq() -> Path:
    """The folder of rabbitmq-server and rabbitmqctl; Unavailable with what to install."""
    for folder in (*FOLDERS, *filter(None, [shutil.which("rabbitmq-server")])):
        path = Path(folder) if Path(folder).is_dir() else Path(folder).parent
        if (path / "rabbitmq-server").is_file() and (path / "rabbitmqctl").is_file():
            return path.absolute()
    raise Unavailable(f"there is no RabbitMQ on this machine: {APT}")


class EmbeddedRabbit:
    """It has its own name, ports, folder, Erlang port mapper, user and random password."""

    by_os = True
    ours = True
    process: ManagedProcess | None = None

    def __init__(self, host: Host, folder: Path, log: Path, queues: Sequence[str]) -> None:
        self.host, self.folder, self.log = host, folder, log
        self.programs = find_rabbitmq()
        self.port, distribution, mapper = free_port(), free_port(), free_port()
        self._user, self._password = "bench", secrets.token_hex(16)
        self.url = f"amqp://{self._user}:{self._password}@127.0.0.1:{self.port}//"
        self.queues = QueueConnection(self.url, queues)
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
        server = str(self.programs / "rabbitmq-server")
        self.process = self.host.spawn([server], self.log, self.env)
        deadline = time.monotonic() + READY_S
        if first:
            # The port opens when the node is through with its start; to ask by rabbitmqctl until
            # then would boot a virtual machine each time.
            self._until(
                deadline,
                lambda: socket.create_connection(("127.0.0.1", self.port), timeout=1).close(),
            )
            self.control("add_user", self._user, stdin=self._password)
            self.control("set_permissions", self._user, ".*", ".*", ".*")
            self.control("delete_user", "guest")
        self._until(deadline, self.queues.connect)

    def _until(self, deadline: float, met: Callable[[], object]) -> None:
        while True:
            try:
                met()
                return
            except Exception as error:  # not there yet, in whatever way
                assert self.process is not None
                if self.process.exit_status() is not None or time.monotonic() > deadline:
                    raise CellFailed(
                        f"rabbitmq-server did not start ({type(error).__name__}): "
                        f"{last_lines(self.log)}"
                    ) from None
                time.sleep(0.1)

    def control(self, *words: str, stdin: str = "", timeout_s: float = 30.0) -> str:
        """What `rabbitmqctl` answers; CellFailed if it refuses.

        A password goes in by `stdin`, where no process list shows it.
        """
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
            lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
            reason = lines[-1][:200] if lines else type(error).__name__
            raise CellFailed(f"rabbitmqctl {words[0]} failed: {reason}") from None
        return done.stdout

    def kill(self) -> int:
        """SIGKILL of the whole node; the stamp right after it."""
        assert self.process is not None
        self.queues.close()
        t0, victims = self.host.kill_tree([self.process], freeze=False)
        self.process.wait(5)
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
        """How many messages wait, at the edges of phases.

        Nothing else is to be had without disturbing it.
        """
        return Counters(messages=self.queues.waiting()) if edge else Counters()

    def describe(self) -> ServerRecord:
        """The version in its greeting."""
        return ServerRecord(
            name="rabbitmq", version=version_of(self.queues), origin=str(self.programs)
        )

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Its folder goes with the cell."""

    def close(self) -> None:
        """Close our connection."""
        self.queues.close()
