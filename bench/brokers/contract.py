"""What a broker of a cell can do, whoever serves, and what the module of a family offers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from bench.hosts.cell_host import CellHost
from bench.hosts.process import Process
from bench.model.arm import Arm
from bench.model.broker import BrokerKind
from bench.model.manifest import ServerRecord


@dataclass(frozen=True)
class Place:
    """Where a connection leads: the server, as host:port or as a path, and the database in it."""

    address: str
    database: str

    @classmethod
    def of(cls, host: str, port: int, database: object) -> "Place":
        """A server by name or number, however it is written."""
        plain = host.lower().strip("[]")
        return cls(f"{'127.0.0.1' if plain == 'localhost' else plain}:{port}", str(database))

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        host = self.address.rpartition(":")[0]
        return self.address.startswith("/") or host in ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Counters:
    """What the broker tells of itself: bytes, seconds, calls; None where it does not tell.

    `own` counts the instrument's questions, `messages` those that wait in its queues.
    """

    memory: int | None = None
    cpu_s: float | None = None
    commands: int | None = None
    pushes: int | None = None
    own: int | None = None
    messages: int | None = None


class Broker(Protocol):
    """One broker of one cell: a server of our own, a file, or the user's server by URL."""

    url: str  # with its password; it travels in one environment variable
    by_os: bool  # it tells nothing of its memory and CPU: the operating system is asked
    ours: bool  # started by this cell: it may be harmed

    @property
    def process(self) -> Process | None:
        """The root of its processes; None if it has none here."""

    def start(self) -> None:
        """Serve; CellFailed with the last log lines if it cannot.

        After a kill it serves again, on the same data.
        """

    def kill(self) -> int:
        """SIGKILL; the stamp right after it.

        Unavailable or NotOffered where there is nothing of ours to kill.
        """

    def counters(self, edge: bool) -> Counters | None:
        """The counters now; None while it is away.

        At the edge of a phase also those that cost more to ask for.
        """

    def describe(self) -> ServerRecord:
        """Name, version and origin of the server, as run.json keeps them."""

    def clean_up(self, patterns: Sequence[str]) -> None:
        """Leave a server that is not ours as it was: delete what matches, in shell patterns.

        UsageError, and nothing is deleted, if something else has appeared.
        """

    def close(self) -> None:
        """Give connections back."""


class Given(Broker, Protocol):
    """A server of the user's; its `start` is a UsageError where it is away or not empty."""

    @property
    def place(self) -> Place:
        """Where its URL leads."""

    def check_rights(self, arm: Arm) -> None:
        """UsageError that names what an arm needs and may not do there; nothing is changed."""


@runtime_checkable
class Fills(Protocol):
    """A broker of ours whose memory can be made to run out."""

    def fill(self) -> None:
        """From now on there is no memory left."""

    def relieve(self) -> None:
        """There is memory again."""


@runtime_checkable
class Drops(Protocol):
    """A broker of ours that can close its clients' connections."""

    def clients(self) -> Sequence[Callable[[], object]]:
        """For each client connected now, our own left out, what closes its connection."""


@dataclass(frozen=True)
class Request:
    """What the broker of a cell is made from.

    `folder` is its own and not there yet. `push_command` and `queues` are the adapter's, for those
    that count by them.
    """

    kind: BrokerKind
    host: CellHost
    folder: Path
    log: Path
    push_command: str
    queues: Sequence[str]


@dataclass(frozen=True)
class Family:
    """What a module of bench/brokers offers by the name FAMILY.

    `find` names the program that would serve. Where there is none it raises Unavailable with what
    to install, and the arms of that kind alone fall out; UsageError stops the run.
    `embedded` makes a broker that is not started yet, and raises the same.
    `given` makes one from the URL of a user's server and the names of the queues; UsageError if
    the URL cannot be read. `far`: it can be started on another host than this.
    """

    find: Callable[[BrokerKind], str]
    embedded: Callable[[Request], Broker]
    given: Callable[[str, Sequence[str]], Given] | None = None
    far: bool = False
