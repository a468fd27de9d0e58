"""A cell on several hosts: broker, load generators and workers apart."""

import io
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.base.errors import CellFailed, Unavailable
from bench.brokers.contract import Broker
from bench.hosts.cell_host import CellHost
from bench.hosts.far_host import FarHost
from bench.hosts.far_hosts import FarHosts, Pair
from bench.hosts.task_code import task_code
from bench.inprocess import event_log
from bench.model.cell import Cell
from bench.model.cell_log import CellLog, HostClock
from bench.model.placement import HOSTS
from bench.record import far_events, stored_pings
from bench.record.clock_bounds import Pings, offset_bounds
from bench.record.clock_network import ClockNetwork
from bench.record.far_events import HostEvents
from bench.record.ledger import Ledger
from bench.testbed.far_sampler import FarSampler
from bench.testbed.load import Load
from bench.testbed.network import Network
from bench.testbed.sampler import Sampler
from bench.testbed.stage import RUNS, Events, Placing, Planned, Roots
from bench.testbed.tails import LOOK_S, Tail
from bench.workload import cell_files

COUNTED = "counted.bin"
SETTLE_S = 2.0  # of pings before the first stamp that is compared


class FarStage:
    """The hosts of a run while they carry out one cell."""

    def __init__(self, cell: Cell, hosts: FarHosts, work: Path) -> None:
        self.cell, self.hosts, self.work = cell, hosts, work
        self.broker: CellHost = hosts.broker or hosts.senders[0]
        self.senders = hosts.senders
        self.workers = hosts.workers[: int(cell.params.get(HOSTS, len(hosts.workers)))]
        self.slots = hosts.slots(cell.slots, len(self.workers))
        self._codes = {host.label: self._bring(host) for host in hosts.all}
        self._over = threading.Event()
        self._counting: threading.Thread | None = None

    @property
    def later_ns(self) -> int:
        """What is stored is by the clock of the first host that sends."""
        return self.senders[0].offset_ns

    def _bring(self, host: FarHost) -> Path:
        """Put on a host what its processes read; the path of the code there."""
        with tempfile.TemporaryDirectory(prefix="queue-bench-") as folder:
            made = Path(folder)
            code = host.code(self.cell.arm.adapter.name, lambda: _packed_code(self.cell, made))
            if self.cell.workload:
                types = made / "types"
                types.mkdir()
                cell_files.write_types(types, self.cell.workload)
                host.unpack(host.work, _packed(types))
        spec = (self.work.parent / "cell.json").read_bytes()
        host.write(host.work / "cell.json", spec)
        if host in self.workers:
            host.start_events(host.work / RUNS)
        return code

    def code(self, host: CellHost) -> Path:
        """Sent once to each host of a run."""
        return self._codes[host.label]

    def network(self, url: str, rtt_ms: float) -> Network:
        """Unavailable: the hosts have one."""
        raise Unavailable("between hosts the round trip is that of their network")

    def sampler(self, broker: Broker, roots: Roots, generators: Roots) -> Sampler:
        """Each host's keeper is asked."""
        return FarSampler(self.hosts.all, broker, roots, generators)

    def counted(self, tail: Tail, until_ns: int) -> Path:
        """A file on the senders that grows as those of the workers do, twenty times a second."""
        paths = [host.work / COUNTED for host in self.senders]
        for host, path in zip(self.senders, paths, strict=True):
            host.write(path, b"")
        self._counting = threading.Thread(target=self._count, args=(tail, until_ns), daemon=True)
        self._counting.start()
        return Path(COUNTED)  # each generator runs in the folder of its host

    def _count(self, tail: Tail, until_ns: int) -> None:
        before = tail.count()
        while time.monotonic_ns() < until_ns and not self._over.wait(LOOK_S):
            try:
                grown = (tail.count() - before) * event_log.RECORD.size
                for host in self.senders:
                    host.grow(host.work / COUNTED, grown)
            except CellFailed:  # whoever waits for the host will say so
                return

    def ledger(self, plan: Planned, load: Load, raw: bool) -> tuple[Ledger, int]:
        """From copies of the hosts' event files, of which only what is new is fetched."""
        return far_events.build(plan, self._all_files(load), raw)

    def events(self, load: Load) -> Events:
        """As they were fetched, and what the pings say of the clocks so far."""
        found = {pair: offset_bounds(each) for pair, each in self._pings().items()}
        return self._all_files(load), self.clocks(), ClockNetwork(found)

    def clocks(self) -> dict[str, HostClock]:
        """By host; offsets are from the first that sends."""
        return {
            host.label: HostClock(
                clock=host.channel.clock, offset_ns=host.offset_ns - self.later_ns
            )
            for host in (*self.senders, *self.workers)
        }

    def _pings(self) -> dict[Pair, Pings]:
        return {pair: Pings.of(rows) for pair, rows in self.hosts.pings().items()}

    def _all_files(self, load: Load) -> list[HostEvents]:
        return [self._files(host, load) for host in (*self.senders, *self.workers)]

    def _files(self, host: FarHost, load: Load) -> HostEvents:
        sent = tuple(host.fetch(path) for path in load.files_of(host))
        runs = host.fetch(host.work / RUNS) if host in self.workers else None
        begin = event_log.header(bytes.fromhex(host.channel.clock))
        return HostEvents(host.label, begin, host.offset_ns, sent, runs)

    def on_its_clock(self, log: CellLog) -> CellLog:
        """All stamps of the log by the clock of the first sender, and the clocks of all hosts."""
        later = self.later_ns
        return log.model_copy(
            update={
                "phases": tuple(
                    each.model_copy(
                        update={
                            "start_ns": each.start_ns + later,
                            "end_ns": each.end_ns + later,
                        }
                    )
                    for each in log.phases
                ),
                "marks": {
                    name: each + later if name.endswith("_ns") else each
                    for name, each in log.marks.items()
                },
                "injections": tuple(each.later(later) for each in log.injections),
                "restarts": tuple(
                    each.model_copy(update={"ns": each.ns + later}) for each in log.restarts
                ),
                "hosts": self.clocks(),
            }
        )

    def store(self, folder: Path) -> None:
        """The pings and the logs of the hosts."""
        stored_pings.write_pings(folder, self._pings())
        for host in self.hosts.all:
            for path in host.names(host.logs, "*.log"):
                copy = folder / "logs" / f"{host.label}-{path.name}"
                copy.write_bytes(host.read(path))

    def close(self) -> None:
        """End what we have begun ourselves."""
        self._over.set()
        if self._counting:
            self._counting.join()


def on_hosts(hosts: FarHosts) -> Placing:
    """Where the cells of a run over these hosts take place."""

    @contextmanager
    def place(cell: Cell, folder: Path) -> Iterator[FarStage]:
        with ExitStack() as stack:
            work = folder / "work"
            for host in hosts.all:
                stack.enter_context(host.cell(work / host.label, cell.arm.name))
            stage = FarStage(cell, hosts, work)
            stack.callback(stage.close)
            hosts.start_pings()
            stack.callback(hosts.stop_pings)
            time.sleep(SETTLE_S)
            yield stage

    return place


def _packed_code(cell: Cell, made: Path) -> bytes:
    """A tar archive of the code that measured processes import."""
    return _packed(task_code(made, cell.arm.adapter))


def _packed(folder: Path) -> bytes:
    """A tar archive of what lies in a folder; links are followed."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", dereference=True) as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=_no_cache)
    return file.getvalue()


def _no_cache(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Python compiles it there: a cache names the folder that it was made in."""
    return None if member.name.endswith(("__pycache__", ".html", ".css", ".js")) else member
