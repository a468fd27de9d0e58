"""On which hosts the parts of a cell run, and how what they write comes back; here it is one host.

far_stage.py has the same for several.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from bench.brokers.contract import Broker
from bench.hosts.cell_host import CellHost, ManagedProcess
from bench.hosts.local import Host
from bench.hosts.task_code import task_code
from bench.inprocess import event_log
from bench.model.cell import Cell
from bench.model.cell_log import CellLog, HostClock
from bench.record import event_files
from bench.record.clock_network import ClockNetwork
from bench.record.far_events import HostEvents
from bench.record.ledger import Ints, Ledger
from bench.testbed.load import Load
from bench.testbed.network import Network
from bench.testbed.sampler import LocalSampler, Sampler
from bench.testbed.tails import Tail
from bench.workload import cell_files

RUNS = "runs.bin"
NETWORK_LOG = "network.log"
Roots = Callable[[], Iterable[ManagedProcess]]
Planned = tuple[Ints, Ints] | None
Events = tuple[Sequence[HostEvents], Mapping[str, HostClock], ClockNetwork]


class Stage(Protocol):
    """The hosts of a cell for as long as it lasts.

    `work` is a folder here; `slots` are those of each of the `workers`; all that is stored of the
    cell is by a clock that is `later_ns` before ours.
    """

    @property
    def work(self) -> Path: ...
    @property
    def broker(self) -> CellHost: ...
    @property
    def senders(self) -> Sequence[CellHost]: ...
    @property
    def workers(self) -> Sequence[CellHost]: ...
    @property
    def slots(self) -> Sequence[int]: ...
    @property
    def later_ns(self) -> int: ...

    def code(self, host: CellHost) -> Path:
        """What measured processes of that host import."""

    def network(self, url: str, rtt_ms: float) -> Network:
        """A proxy between the broker and its clients, not started yet; Unavailable where hosts have
        a network of their own."""

    def sampler(self, broker: Broker, roots: Roots, generators: Roots) -> Sampler:
        """Whoever asks the hosts for memory and CPU, not started yet."""

    def counted(self, tail: Tail, until_ns: int) -> Path:
        """A file of the senders whose length says how many tasks have begun and finished; it is
        kept up until that stamp."""

    def ledger(self, plan: Planned, load: Load, raw: bool) -> tuple[Ledger, int]:
        """(the ledger of all that has been written so far, torn pieces), by our clock; or, `raw`,
        each stamp by that of its own host."""

    def events(self, load: Load) -> Events:
        """The event files of all hosts, their clocks, and what lies between these."""

    def on_its_clock(self, log: CellLog) -> CellLog:
        """The log of a cell as it is stored."""

    def store(self, folder: Path) -> None:
        """Keep what else the hosts left, in the folder of the cell; before its log."""


Placing = Callable[[Cell, Path], AbstractContextManager[Stage]]
"""Where a cell runs: of the cell and its folder."""


class HereStage:
    """All on this host."""

    later_ns = 0

    def __init__(self, cell: Cell, host: Host) -> None:
        self.host, self.work, self.broker = host, host.work, host
        self.senders, self.workers, self.slots = [host], [host], [cell.slots]
        self._code = task_code(host.work, cell.arm.adapter)
        if cell.workload:
            cell_files.write_types(host.work, cell.workload)

    def code(self, host: CellHost) -> Path:
        """One folder for all."""
        return self._code

    def network(self, url: str, rtt_ms: float) -> Network:
        """On loopback."""
        return Network(self.host, self.host.logs / NETWORK_LOG, url, rtt_ms, self._code)

    def sampler(self, broker: Broker, roots: Roots, generators: Roots) -> Sampler:
        """It reads /proc."""
        return LocalSampler(self.host.keeper, broker, roots, generators)

    def counted(self, tail: Tail, until_ns: int) -> Path:
        """The workers' event file itself."""
        return self.work / RUNS

    def ledger(self, plan: Planned, load: Load, raw: bool) -> tuple[Ledger, int]:
        """All stamps are by one clock."""
        return event_files.build(plan, load.files_of(self.host), self.work / RUNS)

    def events(self, load: Load) -> Events:
        """Those of one host, by our own clock."""
        sent = tuple(load.files_of(self.host))
        files = [HostEvents("", event_log.header(), 0, sent, self.work / RUNS)]
        clocks = {"": HostClock(clock=event_log.clock_id().hex(), offset_ns=0)}
        return files, clocks, ClockNetwork({})

    def on_its_clock(self, log: CellLog) -> CellLog:
        """It is our own."""
        return log

    def store(self, folder: Path) -> None:
        """All of it is here."""


@contextmanager
def here(cell: Cell, folder: Path) -> Iterator[Stage]:
    """All parts of the cell on this host; its processes are gone at the end."""
    work = folder / "work"
    (work / "cell.json").symlink_to("../cell.json")
    with Host(work, folder / "logs") as host:
        host.start_events(host.work / RUNS)
        yield HereStage(cell, host)
