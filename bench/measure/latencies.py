"""Percentiles of tasks that fell due at moments of their own, whether or not the system kept up."""

import numpy as np
import numpy.typing as npt

from bench.measure import validity
from bench.measure.figures import ranked
from bench.measure.order_statistics import rank
from bench.measure.spells import MIN_SPELLS, beyond, spells, too_few
from bench.model.metric import Measure
from bench.record.ledger import Ints, Ledger
from bench.record.store import StoredCell

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


def percentiles(
    cell: StoredCell, book: Ledger, rate: float, since_ns: int = 0, farthest: float = 100.0
) -> list[Measure]:
    """The percentiles in ms over the tasks due from `since_ns` on.

    All are `unbounded` where the backlog grew; `rate` is how many of the book's tasks fall due per
    second. Those beyond `farthest` are `withheld`: the cell was not meant to show them.
    """
    ours = np.flatnonzero(book.measured() & (book.due >= since_ns))
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
    return [spread(name, latency, due, p, farthest) for name, p in PERCENTILES] + [
        spread(name, (ns / 1e6)[whole], due[whole], 99.0, farthest)
        for name, ns in zip(FURTHER, durations, strict=True)
    ]


def latency_ms(book: Ledger, ours: Ints | npt.NDArray[np.bool_], since_ns: Ints) -> Floats:
    """From each stamp of `since_ns` (tasks,) to the first finish, in ms, of the tasks in `ours`.

    A task that never finished is slower than every other one: infinite, so that it stays in the
    ranking.
    """
    finish = book.first_finish()[ours]
    latency: Floats = np.where(finish < 0, np.inf, (finish - since_ns[ours]) / 1e6)
    return latency


def spread(name: str, values: Floats, due_ns: Ints, p: float, farthest: float = 100.0) -> Measure:
    """A percentile of (tasks,) values as a measure, in their unit; `due_ns`: when each was due.

    `withheld` unless ten samples and ten spells lie beyond it, `unbounded` where it is infinite.
    """
    if p > farthest:
        return Measure(
            name, None, "withheld", f"this cell is too short for P{p:g}: measure with --size full"
        )
    found = ranked(name, values, p)
    if found.verdict != "ok":
        return found
    late = spells(due_ns[beyond(values, rank(len(values), p))])
    if len(late) >= MIN_SPELLS:
        return found
    return Measure(name, None, "withheld", f"beyond P{p:g} lie {too_few(late)}")


def unbounded(book: Ledger, rate: float, steady: Ints, end_ns: int) -> bool:
    """Whether more than 1 s of arrivals waits at the end of the phase, and more than at its middle.

    `rate` is in tasks/s; `steady` are the rows of the tasks that were due in the phase.
    """
    started = book.first_start()
    middle = (int(book.due[steady].min()) + end_ns) // 2

    def waiting(at: int) -> int:
        return int(((book.due <= at) & ((started < 0) | (started > at))).sum())

    return waiting(end_ns) > rate and waiting(end_ns) > waiting(middle)
