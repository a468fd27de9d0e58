"""Percentiles of tasks that fell due at moments of their own, whether or not the system kept up."""

import numpy as np

from bench.measure import validity
from bench.measure.figures import ranked
from bench.model.metric import Measure
from bench.record.ledger import Ints, Ledger
from bench.record.store import StoredCell

PERCENTILES = (
    ("latency_p50_ms", 50.0),
    ("latency_p90_ms", 90.0),
    ("latency_p99_ms", 99.0),
    ("latency_p999_ms", 99.9),
)


def percentiles(cell: StoredCell, book: Ledger, rate: float, since_ns: int = 0) -> list[Measure]:
    """The percentiles in ms over the tasks due from `since_ns` on.

    All are `unbounded` where the backlog grew; `rate` is how many of the book's tasks fall due per
    second.
    """
    ours = np.flatnonzero(book.measured() & (book.due >= since_ns))
    rest = [
        "wait_p99_ms",
        "service_p99_ms",
        "send_wait_p99_ms",
        "enqueue_call_p99_ms",
        "latency_p99_from_sent_ms",
    ]
    if unbounded(book, rate, ours, int(cell.log.marks["steady_end_ns"])):
        return [
            Measure(
                name,
                None,
                "unbounded",
                "the backlog grew to the end of the phase: no percentile of it means anything",
            )
            for name in (*dict(PERCENTILES), *rest)
        ]
    start, finish = book.first_start()[ours], book.first_finish()[ours]
    due, sent, returned = book.due[ours], book.sent[ours], book.returned[ours]
    missing = finish < 0
    # A task that never finished is slower than every other one: it stays in the ranking.
    latency = np.where(missing, np.inf, (finish - due) / 1e6)
    whole = ~missing & (returned >= 0)
    first_open = np.minimum(validity.wake_lag_ns(book, cell.log.generators)[ours], sent - due)
    values = {
        "wait_p99_ms": (start - due)[whole] / 1e6,
        "service_p99_ms": (finish - start)[whole] / 1e6,
        "send_wait_p99_ms": (sent - due - first_open)[whole] / 1e6,
        "enqueue_call_p99_ms": (returned - sent)[whole] / 1e6,
        "latency_p99_from_sent_ms": (finish - sent)[whole] / 1e6,
    }
    return [ranked(name, latency, p) for name, p in PERCENTILES] + [
        ranked(name, values[name], 99.0) for name in rest
    ]


def unbounded(book: Ledger, rate: float, steady: Ints, end_ns: int) -> bool:
    """Whether more than 1 s of arrivals waits at the end of the phase, and more than at its middle.

    `rate` is in tasks/s; `steady` are the rows of the tasks that were due in the phase.
    """
    started = book.first_start()
    middle = (int(book.due[steady].min()) + end_ns) // 2

    def waiting(at: int) -> int:
        return int(((book.due <= at) & ((started < 0) | (started > at))).sum())

    return waiting(end_ns) > rate and waiting(end_ns) > waiting(middle)
