"""A RabbitMQ node of a cell's own, on the address of its host alone."""

import itertools
import secrets
import shutil
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.base.errors import CellFailed, Unavailable
from bench.brokers.contract import Request
from bench.brokers.rabbitmq.connection import QueueConnection, RabbitBroker
from bench.brokers.servers import StartedServer
from bench.hosts.cell_host import CellHost
from bench.hosts.far_host import FarHost

# The wrappers on PATH switch to the user rabbitmq; these are the programs behind them.
FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/lib/rabbitmq/sbin",
    "/opt/rabbitmq/sbin",
    "/usr/local/sbin",
)
USER = "bench"
CONTROL_S = 30.0
NOWHERE = "there is no RabbitMQ on {}: apt install rabbitmq-server"


def find_rabbitmq() -> Path:
    """The folder of rabbitmq-server and rabbitmqctl; Unavailable with what to install."""
    for folder in (*FOLDERS, *filter(None, [shutil.which("rabbitmq-server")])):
        path = Path(folder) if Path(folder).is_dir() else Path(folder).parent
        if (path / "rabbitmq-server").is_file() and (path / "rabbitmqctl").is_file():
            return path.absolute()
    raise Unavailable(NOWHERE.format("this machine"))


def programs_on(host: CellHost) -> Path:
    """The same on the host of a cell."""
    if not isinstance(host, FarHost):
        return find_rabbitmq()
    for folder in FOLDERS:
        if host.program(f"{folder}/rabbitmqctl")[0]:
            return Path(folder)
    raise Unavailable(NOWHERE.format(host.label))


class EmbeddedRabbit(RabbitBroker, StartedServer):
    """It has its own name, ports, folder, Erlang port mapper, user and random password."""

    ready_s, look_s = 60.0, 0.1
    failure = "rabbitmq-server did not start ({error})"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.programs = programs_on(request.host)
        self.origin = str(self.programs)
        self.address = request.host.address
        shown = f"[{self.address}]" if ":" in self.address else self.address
        self.url = f"amqp://{USER}:{self.password}@{shown}:{self.port}//"
        self._asked = itertools.count(1)
        self.queues = QueueConnection(self.url, request.queues)
        self.env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),  # Erlang writes its cookie there
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.host.free_port()),
            "RABBITMQ_NODENAME": f"qb{secrets.token_hex(4)}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": self.address,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.host.free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def start(self) -> None:
        """Start it on its data folder, and wait until it lets our user in."""
        first = self.process is None
        if first:
            self.host.make_folder(self.folder)
            self.host.write(self.folder / "plugins", b"[].\n")
        self.launch([str(self.programs / "rabbitmq-server")], self.env)
        if first:
            # The port opens when the node is through with its start; to ask by rabbitmqctl until
            # then would boot a virtual machine each time.
            address = (self.address, self.port)
            self.until(lambda: socket.create_connection(address, timeout=1).close())
            self.control("add_user", USER, stdin=self.password)
            self.control("set_permissions", USER, ".*", ".*", ".*")
            self.control("delete_user", "guest")
        self.until(self.queues.connect)

    def control(self, *words: str, stdin: str = "") -> str:
        """What `rabbitmqctl` answers; CellFailed if it refuses.

        A password goes in by `stdin`, where no process list shows it.
        """
        log = self.log.with_name(f"rabbitmqctl-{next(self._asked)}.log")
        argv = [str(self.programs / "rabbitmqctl"), "-q", *words]
        process = self.host.spawn(argv, log, self.env, stdin=stdin + "\n")
        if not process.wait(CONTROL_S) or process.exit_status() != 0:
            reason = self.host.last_lines(log, 1)[:200]
            raise CellFailed(f"rabbitmqctl {words[0]} failed: {reason}")
        return self.host.read(log).decode(errors="replace")

    def fill(self) -> None:
        """The memory alarm: from now on it blocks who publishes."""
        self.control("set_vm_memory_high_watermark", "absolute", "1")

    def relieve(self) -> None:
        """The share of the machine's memory that it has as shipped."""
        self.control("set_vm_memory_high_watermark", "0.4")

    def clients(self) -> list[Callable[[], object]]:
        """`rabbitmqctl close_connection` for each; ours comes back by itself."""
        listed = self.control("list_connections", "pid", "--no-table-headers")
        return [
            partial(self.control, "close_connection", pid, "closed by the administrator")
            for pid in map(str.strip, listed.splitlines())
            if pid.startswith("<")
        ]
