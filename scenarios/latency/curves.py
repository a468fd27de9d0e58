"""latency, drawn: the percentile spectrum of one cell."""

import numpy as np

from bench.record import ledger
from bench.record.store import StoredCell
from bench.record.stored_curves import Curves, Floats

UNFIT = ("invalid", "wrong", "unbounded")  # with these verdicts a cell is not drawn
BEYOND = 10  # samples that must lie beyond a percentile


def curves(cell: StoredCell) -> Curves:
    """Milliseconds over 1/(1-p): `due` from the due time, `sent`, the naive way, from the send.

    Nothing for the capacity, whose tasks are due at once, and where a cell has too few tasks.
    """
    if cell.spec.case == "capacity":
        return {}
    due, sent = _latencies(cell)
    if len(due) < 2 * BEYOND:
        return {}
    return {"due": _percentiles(due), "sent": _percentiles(sent)}


def _latencies(cell: StoredCell) -> tuple[Floats, Floats]:
    """Milliseconds from due and from sent to the first finish, sorted.

    A task that never finished is slower than all others.
    """
    book = ledger.load(cell)
    ours = book.measured() & (book.enqueue != ledger.UNSENT)
    finish_ns = book.first_finish()[ours]
    missing = finish_ns < 0
    due, sent = (
        np.sort(np.where(missing, np.inf, (finish_ns - stamps[ours]) / 1e6))
        for stamps in (book.due, book.sent)
    )
    return due, sent


def _percentiles(values: Floats) -> tuple[Floats, Floats]:
    """(1/(1-p), value) up to the last percentile with ten samples beyond it; nearest rank."""
    count = len(values)
    x = np.geomspace(1.0, count / BEYOND, 120)
    rank = np.clip(np.ceil(count * (1 - 1 / x)).astype(int) - 1, 0, count - 1)
    y = values[rank]
    return x[np.isfinite(y)], y[np.isfinite(y)]
