"""latency, drawn: the percentile spectrum of one cell."""

import numpy as np

from bench.measure.latencies import latency_ms
from bench.measure.spells import last_rank
from bench.record import ledger
from bench.record.store import StoredCell
from bench.record.stored_curves import Curves, Floats

UNFIT = ("invalid", "wrong", "unbounded")  # with these verdicts a cell is not drawn


def curves(cell: StoredCell) -> Curves:
    """Milliseconds over 1/(1-p): `due` from the due time, `sent`, the naive way, from the send.

    Both end where one of them has fewer than ten spells beyond. Nothing for the capacity, whose
    tasks are due at once, and where a cell carries no median.
    """
    if cell.spec.case == "capacity":
        return {}
    book = ledger.load(cell)
    ours = book.measured() & (book.enqueue != ledger.UNSENT)
    values = {
        "due": latency_ms(book, ours, book.due),
        "sent": latency_ms(book, ours, book.sent),
    }
    last = min(last_rank(each, book.due[ours]) for each in values.values())
    if 2 * last < int(ours.sum()) or not last:
        return {}
    return {name: _percentiles(np.sort(each), last) for name, each in values.items()}


def _percentiles(values: Floats, last: int) -> tuple[Floats, Floats]:
    """(1/(1-p), value) of sorted values up to the rank `last`; nearest rank."""
    count = len(values)
    x = np.geomspace(1.0, count / (count - last), 120)
    # Unrounded, the end of the line could slip by one.
    rank = np.clip(np.ceil(np.round(count * (1 - 1 / x), 6)).astype(int) - 1, 0, last - 1)
    y = values[rank]
    return x[np.isfinite(y)], y[np.isfinite(y)]
