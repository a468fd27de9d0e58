"""Percentiles of tasks that fell due at moments of their own, whether or not the system kept up."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bench.measure import validity
from bench.measure.clock_limits import clocks, spread_between
from bench.measure.counted_percentiles import counted_spread
from bench.measure.figures import stands_for
from bench.measure.spreads import spread
from bench.model.metric import Measure
from bench.record import stored_pings
from bench.record.clock_bounds import Interval
from bench.record.ledger import Ints, Ledger
from bench.record.store import StoredCell
from bench.record.stored_counts import Both

Floats = npt.NDArray[np.float64]
PERCENTILES = (
    ("latency_p50_ms", 50.0),
    ("latency_p90_ms", 90.0),
    ("latency_p99_ms", 99.0),
    ("latency_p999_ms", 99.9),
)
FURTHER = (
    "wait_p99_ms",
    "service_p99_ms",
    "send_wait_p99_ms",
    "enqueue_call_p99_ms",
    "latency_p99_from_sent_ms",
)
# By which name the durations are counted where a cell is too large for its events.
COUNTED = {
    **dict.fromkeys(dict(PERCENTILES), "latency"),
    "wait_p99_ms": "wait",
    "service_p99_ms": "service",
    "enqueue_call_p99_ms": "call",
    "latency_p99_from_sent_ms": "from_sent",
}
# They begin and end on one host.
ONE_CLOCK = ("service_p99_ms", "send_wait_p99_ms", "enqueue_call_p99_ms")


def percentiles(
    cell: StoredCell, book: Ledger, rate: float, since_ns: int = 0, farthest: float = 100.0
) -> list[Measure]:
    """The percentiles in ms over the tasks due from `since_ns` on.

    All are `unbounded` where the backlog grew; `rate` is how many of the book's tasks fall due per
    second. Those beyond `farthest` are `withheld`: the cell was not meant to show them.
    """
    ours = np.flatnonzero(book.measured() & (book.due >= since_ns))
    rate /= stands_for(cell, book) if cell.counts else 1
    if unbounded(book, rate, ours, int(cell.log.marks["steady_end_ns"])):
        return [
            Measure(
                name,
                None,
                "unbounded",
                "the backlog grew to the end of the phase: no percentile of it means anything",
            )
            for name in (*dict(PERCENTILES), *FURTHER)
        ]
    if cell.counts is not None:
        return _counted(cell, cell.counts, farthest)
    start, finish = book.first_start()[ours], book.first_finish()[ours]
    due, sent, returned = book.due[ours], book.sent[ours], book.returned[ours]
    whole = (finish >= 0) & (returned >= 0)
    first_open = np.minimum(validity.wake_lag_ns(book, cell.log.generators)[ours], sent - due)
    durations = (
        start - due,
        finish - start,
        sent - due - first_open,
        returned - sent,
        finish - sent,
    )
    latency = latency_ms(book, ours, book.due)
    show = _Shown(cell, book, ours, farthest)
    return [show.spread(name, latency, due, p) for name, p in PERCENTILES] + [
        show.spread(name, (ns / 1e6)[whole], due[whole], 99.0, whole)
        for name, ns in zip(FURTHER, durations, strict=True)
    ]


def _counted(cell: StoredCell, counts: Mapping[str, Both], farthest: float) -> list[Measure]:
    """The same of a cell whose hosts sent counts; `since_ns` is not known of these."""
    ids = [each.clock for each in cell.log.hosts.values()]
    unfit = clocks(stored_pings.read_network(cell.folder), ids) if ids else ""
    found = []
    for name, p in (*PERCENTILES, *dict.fromkeys(FURTHER, 99.0).items()):
        if p > farthest or (counted := COUNTED.get(name)) is None:
            why = f"P{p:g} is not kept of a cell too large for its events"
            found.append(Measure(name, None, "withheld", why))
        elif unfit and name not in ONE_CLOCK:
            found.append(Measure(name, None, "invalid", unfit))
        else:
            found.append(counted_spread(name, *counts[counted], p).measure)
    return found


class _Shown:
    """How the durations of a cell become measures.

    Where it ran on several hosts, those that begin on one and end on another carry the ± of the
    clocks.
    """

    def __init__(self, cell: StoredCell, book: Ledger, ours: Ints, farthest: float) -> None:
        self.farthest, self.several = farthest, bool(book.hosts)
        if self.several:
            self.give_ms = book.give_of_tasks()[ours] / 1e6
            ids = [each.clock for each in cell.log.hosts.values()]
            self.unfit = clocks(stored_pings.read_network(cell.folder), ids)

    def spread(
        self,
        name: str,
        values: Floats,
        due_ns: Ints,
        p: float,
        which: npt.NDArray[np.bool_] | None = None,
    ) -> Measure:
        """A percentile of (tasks,) values in ms; `which` of the cell's tasks they are of."""
        if not self.several or name in ONE_CLOCK:
            return spread(name, values, due_ns, p, self.farthest)
        give = self.give_ms if which is None else self.give_ms[which]
        give = np.where(np.isinf(values), 0.0, give)
        between = Interval(values - give, values + give)
        found = spread_between(name, between, due_ns, p, self.farthest, self.unfit)
        if found.bound is None:
            return found.measure
        return replace(found.measure, reason=f"± {found.bound:.2g} ms by the clocks")


def latency_ms(book: Ledger, ours: Ints | npt.NDArray[np.bool_], since_ns: Ints) -> Floats:
    """From each stamp of `since_ns` (tasks,) to the first finish, in ms, of the tasks in `ours`.

    A task that never finished is slower than every other one: infinite, so that it stays in the
    ranking.
    """
    finish = book.first_finish()[ours]
    latency: Floats = np.where(finish < 0, np.inf, (finish - since_ns[ours]) / 1e6)
    return latency


def unbounded(book: Ledger, rate: float, steady: Ints, end_ns: int) -> bool:
    """Whether more than 1 s of arrivals waits at the end of the phase, and more than at its middle.

    `rate` is in tasks/s; `steady` are the rows of the tasks that were due in the phase.
    """
    started = book.first_start()
    middle = (int(book.due[steady].min()) + end_ns) // 2

    def waiting(at: int) -> int:
        return int(((book.due <= at) & ((started < 0) | (started > at))).sum())

    return waiting(end_ns) > rate and waiting(end_ns) > waiting(middle)
