"""burst, drawn: the drain of one cell over time."""

import numpy as np

from bench.record import ledger
from bench.record.store import StoredCell
from bench.record.stored_curves import Curves, Floats, thin

UNFIT = ("invalid", "wrong")  # with these verdicts a cell is not drawn
PIECES, PIECE = 100, 100  # of a drain, each with as many finishes: the rate over each is a point
EARLIEST_S = 0.1
SAMPLED = ("worker_pss", "broker_memory")


def curves(cell: StoredCell) -> Curves:
    """Over seconds since the drain began: `rate` in tasks/s, `backlog` in tasks, memory in bytes.

    Nothing for the bulk call and the backlogs, which are not drained.
    """
    if not any(phase.name == "drain" for phase in cell.log.phases):
        return {}
    seconds = _finishes(cell)
    drain = {"rate": _rate(seconds), "backlog": _backlog(cell, seconds)} if len(seconds) > 1 else {}
    return drain | {column: _samples(cell, column) for column in SAMPLED}


def _finishes(cell: StoredCell) -> Floats:
    """Seconds from the start of the drain to each first finish, in order."""
    start, _ = cell.phase("drain")
    return (ledger.first_finishes(cell) - start) / 1e9


def _rate(seconds: Floats) -> tuple[Floats, Floats]:
    """Finishes per second over pieces of equal count: as smooth for 130/s as for 13,000/s."""
    edges = np.unique(
        np.linspace(0, len(seconds) - 1, min(PIECES, max(4, len(seconds) // PIECE)) + 1).astype(int)
    )
    at, spans = seconds[edges], np.diff(seconds[edges])
    keep = spans > 0
    return ((at[1:] + at[:-1]) / 2)[keep], (np.diff(edges) / np.where(keep, spans, 1.0))[keep]


def _backlog(cell: StoredCell, seconds: Floats) -> tuple[Floats, Floats]:
    tasks = float(cell.spec.params["tasks"])
    edges = np.unique(np.linspace(0, len(seconds) - 1, 200).astype(int))
    return np.append(EARLIEST_S, seconds[edges]), np.append(tasks, tasks - 1 - edges)


def _samples(cell: StoredCell, column: str) -> tuple[Floats, Floats]:
    """A column of the samples from the start of the drain on."""
    samples = cell.samples
    start, _ = cell.phase("drain")
    seconds = (samples["ns"].to_numpy(dtype=float) - start) / 1e9
    values = samples[column].to_numpy(dtype=float)
    keep = (seconds >= EARLIEST_S) & ~np.isnan(values) & (samples["edge"].to_numpy() != "end")
    every = thin(int(keep.sum()))
    return seconds[keep][every], values[keep][every]
