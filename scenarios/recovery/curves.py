"""recovery, drawn: what finished around the faults of one cell."""

import numpy as np

from bench.measure.injections import book_of
from bench.record.store import StoredCell
from bench.record.stored_curves import Curves, Floats

UNFIT = ("invalid",)  # with these verdicts a cell is not drawn
BIN_S = 0.5
BEFORE_S = 8.0


def curves(cell: StoredCell) -> Curves:
    """Over seconds after the first fault; nothing where none struck.

    `finishes` per second in steps of BIN_S; `faults` from x to y; `rate` the tasks due each second.
    """
    log = cell.log
    if not log.injections:
        return {}
    t0 = log.injections[0].t0_ns
    book = book_of(cell)
    done = book.finished[(book.run_task >= 0) & (book.finished >= 0)]
    seconds: Floats = (done - t0) / 1e9
    until = (
        (int(log.marks["end_ns"]) - t0) / 1e9
        if "end_ns" in log.marks
        else float(seconds.max(initial=1.0))
    )
    edges = np.arange(-BEFORE_S, max(until, BIN_S) + BIN_S, BIN_S)
    counts, _ = np.histogram(seconds, edges)
    one = {"until": (np.zeros(1), np.array([until]))}
    if "rate" in log.marks:
        one["rate"] = (np.zeros(1), np.array([float(log.marks["rate"])]))
    return one | {"finishes": (edges[:-1], counts / BIN_S), "faults": _faults(cell, t0, until)}


def _faults(cell: StoredCell, t0: int, until: float) -> tuple[Floats, Floats]:
    """When each fault struck, and when all that it killed was started again; in s."""
    log = cell.log
    nexts = [each.t0_ns for each in log.injections[1:]] + [t0 + int(until * 1e9)]
    begins, ends = [], []
    for injection, next_ns in zip(log.injections, nexts, strict=True):
        begin = (injection.t0_ns - t0) / 1e9
        again = [each.ns for each in log.restarts if injection.t0_ns <= each.ns < next_ns]
        end = max(
            (stamp - t0) / 1e9 for stamp in (injection.end_ns, injection.back_ns or 0, *again)
        )
        begins.append(begin)
        ends.append(max(min(end, until), begin + 0.15))
    return np.array(begins), np.array(ends)
