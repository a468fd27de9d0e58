"""Event files of hosts that do not exist: clocks of their own, pings, two tasks lost, one doubled.

`python -m tests.hosts_at_scale write FOLDER` makes those of 200 hosts and 20 million tasks;
`… report FOLDER` gathers, stores, measures and reports them as a cell, and prints as JSON what it
took.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.inprocess import event_log
from bench.model.cell_log import HostClock
from bench.record.clock_bounds import Ints
from bench.record.event_files import EVENT
from bench.record.far_events import HostEvents
from bench.record.gathering import Gathered, gather
from bench.record.stored_pings import read_network, write_pings
from tests.made_up_clocks import MadeUpClock, Way, pings

S = 1_000_000_000
SLOTS, PIECE = 4, 500_000
SERVICE_NS, WAIT_NS = 400_000, 3_000_000


@dataclass(frozen=True)
class FakeHosts:
    """So many of them, and what they did; the last two tasks are lost, the first runs twice."""

    folder: Path
    tasks: int = 20_000_000
    seconds: float = 60.0
    senders: int = 4
    workers: int = 196
    generators: int = 8

    @property
    def lost(self) -> list[int]:
        return [self.tasks - 2, self.tasks - 1]

    @cached_property
    def clocks(self) -> list[MadeUpClock]:
        """One of each host, senders first, days apart and drifting."""
        rng = np.random.default_rng(22)
        return [
            MadeUpClock(int(rng.integers(10**13, 10**15)), float(rng.uniform(-20, 20)))
            for _ in range(self.senders + self.workers)
        ]

    def name(self, number: int) -> str:
        """A clock id that no real host has."""
        return f"{number + 1:048x}"

    def label(self, number: int) -> str:
        """As results call it."""
        sends = number < self.senders
        return f"generator-{number + 1}" if sends else f"worker-{number - self.senders + 1}"

    def times(self, ids: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """(due, sent, returned, started, finished) of tasks in true ns, the same wherever they are
        asked for: waits are exponential, drawn from the id."""
        due = S + (ids * (self.seconds * S / self.tasks)).astype(np.int64)
        drawn = ((ids * 2_654_435_761) % 1_000_003 + 0.5) / 1_000_003
        sent = due + 20_000
        started = sent + 200_000 - (np.log(drawn) * WAIT_NS).astype(np.int64)
        return due, sent, sent + 80_000, started, started + SERVICE_NS

    def write(self) -> None:
        """All files of all hosts, and the pings between those that send and those that work."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in range(self.senders):
            for generator in range(self.generators):
                self._write_sent(number, generator)
        for number in range(self.workers):
            self._write_runs(number)
        rng, way = np.random.default_rng(1), Way()
        found = {
            (self.name(near), self.name(far)): pings(
                rng, self.clocks[near], self.clocks[far], way, way, self.seconds + 3
            )
            for near in range(self.senders)
            for far in range(self.senders, self.senders + self.workers)
        }
        write_pings(self.folder, found)

    def _write_sent(self, host: int, generator: int) -> None:
        step = self.senders * self.generators
        ids = np.arange(host * self.generators + generator, self.tasks, step)
        due, sent, returned, _, _ = self.times(ids)
        clock = self.clocks[host]
        records = _records(ids, (event_log.SENT, sent), (event_log.RETURNED, returned), clock)
        records["a"][::2] = clock.at(due)
        path = self.folder / f"sent-{host}-{generator}.bin"
        path.write_bytes(self._header(host) + records.tobytes())

    def _write_runs(self, worker: int) -> None:
        ids = np.arange(worker, self.tasks, self.workers)
        ids = ids[~np.isin(ids, self.lost)]
        if worker == 1:
            ids = np.concatenate((ids, np.array([0])))  # it ran on the first as well
        host = self.senders + worker
        _, _, _, started, finished = self.times(ids)
        kinds = (event_log.STARTED, started), (event_log.FINISHED, finished)
        records = _records(ids, *kinds, self.clocks[host])
        for at in (0, 1):
            records["pid"][at::2] = 100 + np.arange(len(ids)) % SLOTS
        (self.folder / f"runs-{host}.bin").write_bytes(self._header(host) + records.tobytes())

    def _header(self, number: int) -> bytes:
        return event_log.header(bytes.fromhex(self.name(number)))

    def files(self) -> Iterator[HostEvents]:
        """As a stage hands them over."""
        for number, clock in enumerate(self.clocks):
            sends = number < self.senders
            paths = [self.folder / f"sent-{number}-{each}.bin" for each in range(self.generators)]
            yield HostEvents(
                self.label(number),
                self._header(number),
                clock.offset_ns,
                tuple(paths) if sends else (),
                None if sends else self.folder / f"runs-{number}.bin",
            )

    def by_host(self) -> dict[str, HostClock]:
        """As the log of a cell has them."""
        main = self.clocks[0].offset_ns
        return {
            self.label(number): HostClock(clock=self.name(number), offset_ns=each.offset_ns - main)
            for number, each in enumerate(self.clocks)
        }

    def due_ns(self) -> Ints:
        """As it was planned, by the clock of the first that sends; in pieces, for what is measured
        is not our memory."""
        found = np.empty(self.tasks, np.int64)
        for first in range(0, self.tasks, PIECE):
            ids = np.arange(first, min(first + PIECE, self.tasks))
            found[ids] = self.clocks[0].at(self.times(ids)[0])
        return found

    def gathered(self, every: int) -> Gathered:
        """With the bounds that the stored pings give."""
        network = read_network(self.folder)
        return gather(self.due_ns(), list(self.files()), self.by_host(), network, every)


def _records(
    ids: Ints, first: tuple[int, Ints], second: tuple[int, Ints], clock: MadeUpClock
) -> npt.NDArray[np.void]:
    """Two records of each task, one behind the other."""
    records = np.zeros(2 * len(ids), EVENT)
    records["marker"] = event_log.MARKER
    for at, (kind, stamps) in enumerate((first, second)):
        records["kind"][at::2], records["task"][at::2] = kind, ids
        records["stamp"][at::2] = clock.at(stamps)
    return records


def report(hosts: FakeHosts) -> None:
    """Gathered, and its percentiles and fates as measures."""
    from bench.measure.counted_percentiles import counted_spread

    began_s = time.monotonic()
    found = hosts.gathered(every=100)
    latency = {
        name: counted_spread(name, *found.counts["latency"], p)
        for name, p in (("latency_p50_ms", 50.0), ("latency_p99_ms", 99.0))
    }
    book = found.sample
    finished = book.first_finish() >= 0
    runs = np.bincount(np.searchsorted(book.task, book.run_task), minlength=len(book.task))
    told = {
        "seconds": round(time.monotonic() - began_s, 1),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "lost": book.task[~finished].tolist(),
        "doubled": book.task[runs > 1].tolist(),
        "stored": len(book.task),
        "left_out": found.left_out,
        **{name: (each.measure.value, each.bound) for name, each in latency.items()},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    fake = FakeHosts(Path(sys.argv[2]))
    {"write": fake.write, "report": lambda: report(fake)}[sys.argv[1]]()
