"""The event files of 200 hosts that do not exist: 20 million tasks, clocks of their own, pings.

`python -m tests.hosts_at_scale write FOLDER` makes them; `… report FOLDER` gathers, stores, measures
and reports them, and prints as JSON what it took.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.inprocess import event_log
from bench.model.cell_log import HostClock
from bench.record.clock_bounds import Ints
from bench.record.event_files import EVENT
from bench.record.far_events import HostEvents
from bench.record.gathering import Gathered, gather
from bench.record.stored_pings import read_network, write_pings
from tests.made_up_clocks import MadeUpClock, Way, pings

SENDERS, WORKERS, GENERATORS, SLOTS = 4, 196, 8, 4
TASKS, SECONDS = 20_000_000, 60.0
LOST, DOUBLED = (7, 12_345_678), (1_000_001,)  # planted
SERVICE_NS, WAIT_NS = 400_000, 3_000_000
EVERY = 100


def clocks() -> list[MadeUpClock]:
    """One of each host, senders first, days apart and drifting."""
    rng = np.random.default_rng(22)
    return [
        MadeUpClock(int(rng.integers(10**13, 10**15)), float(rng.uniform(-20, 20)))
        for _ in range(SENDERS + WORKERS)
    ]


def name_of(number: int) -> str:
    """A clock id that no real host has."""
    return f"{number + 1:048x}"


def label_of(number: int) -> str:
    """As results call it."""
    return f"generator-{number + 1}" if number < SENDERS else f"worker-{number - SENDERS + 1}"


def times(ids: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """(due, sent, returned, started, finished) of tasks in true ns, the same wherever they are
    asked for: waits are exponential, drawn from the id."""
    due = (ids * (SECONDS * 1e9 / TASKS)).astype(np.int64)
    drawn = ((ids * 2_654_435_761) % 1_000_003 + 0.5) / 1_000_003
    sent = due + 20_000
    started = sent + 200_000 - (np.log(drawn) * WAIT_NS).astype(np.int64)
    return due, sent, sent + 80_000, started, started + SERVICE_NS


def write(folder: Path) -> None:
    """All files of all hosts, and the pings between those that send and those that work."""
    folder.mkdir(parents=True)
    all_clocks = clocks()
    for number in range(SENDERS):
        for generator in range(GENERATORS):
            _write_sent(folder, number, generator, all_clocks[number])
    for number in range(SENDERS, SENDERS + WORKERS):
        _write_runs(folder, number, all_clocks[number])
    rng, way = np.random.default_rng(1), Way()
    found = {
        (name_of(near), name_of(far)): pings(
            rng, all_clocks[near], all_clocks[far], way, way, SECONDS + 4
        )
        for near in range(SENDERS)
        for far in range(SENDERS, SENDERS + WORKERS)
    }
    write_pings(folder, found)


def _header(number: int) -> bytes:
    return event_log.header(bytes.fromhex(name_of(number)))


def _records(count: int) -> np.ndarray:
    records = np.zeros(count, EVENT)
    records["marker"] = event_log.MARKER
    return records


def _write_sent(folder: Path, host: int, generator: int, clock: MadeUpClock) -> None:
    ids = np.arange(host * GENERATORS + generator, TASKS, SENDERS * GENERATORS)
    due, sent, returned, _, _ = times(ids)
    records = _records(2 * len(ids))
    for at, kind, stamps in ((0, event_log.SENT, sent), (1, event_log.RETURNED, returned)):
        records["kind"][at::2], records["task"][at::2] = kind, ids
        records["stamp"][at::2] = clock.at(stamps)
    records["a"][::2] = clock.at(due)
    path = folder / f"sent-{host}-{generator}.bin"
    path.write_bytes(_header(host) + records.tobytes())


def _write_runs(folder: Path, host: int, clock: MadeUpClock) -> None:
    ids = np.arange(host - SENDERS, TASKS, WORKERS)
    ids = ids[~np.isin(ids, LOST)]
    again = np.array([each for each in DOUBLED if each % WORKERS == host - SENDERS - 1], np.int64)
    ids = np.concatenate((ids, again))
    _, _, _, started, finished = times(ids)
    records = _records(2 * len(ids))
    for at, kind, stamps in ((0, event_log.STARTED, started), (1, event_log.FINISHED, finished)):
        records["kind"][at::2], records["task"][at::2] = kind, ids
        records["stamp"][at::2] = clock.at(stamps)
        records["pid"][at::2] = 100 + np.arange(len(ids)) % SLOTS
    (folder / f"runs-{host}.bin").write_bytes(_header(host) + records.tobytes())


def files(folder: Path) -> Iterator[HostEvents]:
    """As a stage hands them over."""
    for number in range(SENDERS + WORKERS):
        sent = tuple(folder / f"sent-{number}-{each}.bin" for each in range(GENERATORS))
        working = number >= SENDERS
        yield HostEvents(
            label_of(number),
            _header(number),
            0,
            () if working else sent,
            folder / f"runs-{number}.bin" if working else None,
        )


def gathered(folder: Path) -> Gathered:
    """From the files, with the bounds that the stored pings give."""
    main, *_ = all_clocks = clocks()
    due_ns = main.at(times(np.arange(TASKS))[0])
    by_host = {
        label_of(number): HostClock(
            clock=name_of(number), offset_ns=each.offset_ns - main.offset_ns
        )
        for number, each in enumerate(all_clocks)
    }
    return gather(due_ns, list(files(folder)), by_host, read_network(folder), EVERY)


def report(folder: Path) -> None:
    """Gathered, and its percentiles and fates as measures."""
    from bench.measure.counted_percentiles import counted_spread

    began_s = time.monotonic()
    found = gathered(folder)
    latency = {
        name: counted_spread(name, *found.counts["latency"], p)
        for name, p in (("latency_p50_ms", 50.0), ("latency_p99_ms", 99.0))
    }
    book = found.sample
    finished = book.first_finish() >= 0
    runs = np.bincount(np.searchsorted(book.task, book.run_task), minlength=len(book.task))
    print(
        json.dumps(
            {
                "seconds": round(time.monotonic() - began_s, 1),
                "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "lost": book.task[~finished].tolist(),
                "doubled": book.task[runs > 1].tolist(),
                "stored": len(book.task),
                "left_out": found.left_out,
                **{name: (each.measure.value, each.bound) for name, each in latency.items()},
            }
        )
    )


if __name__ == "__main__":
    {"write": write, "report": report}[sys.argv[1]](Path(sys.argv[2]))
