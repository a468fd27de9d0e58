"""workload, drawn: arrivals and backlog over time, and what became of the objective."""

import numpy as np

from bench.analysis.objectives import as_curves
from bench.measure.goals import MeasuredLoad, load_of
from bench.model.cell_log import CellLog
from bench.record.store import StoredCell
from bench.record.stored_curves import POINTS, Curves, Floats
from bench.workload.objective import SPARED

UNFIT = ("invalid",)  # with these verdicts a cell is not drawn
EVERY_BLOCK = True  # a slim run keeps each cell: a probe is answered by all of its cells
LEAST_BIN_S = 0.5


def curves(cell: StoredCell) -> Curves:
    """Over seconds since the load began, in steps of at most POINTS.

    `arrivals` and `finishes` per second, `backlog` the most tasks that were due and had not begun
    in each step, `faults` from x to y; and the goals as `bench.analysis.objectives` reads them.
    """
    load = load_of(cell)
    due, begun, done = _moments(load)
    end = max(load.seconds, float(done.max(initial=0.0)))
    width = max(LEAST_BIN_S, end / (POINTS - 1))
    edges = np.arange(0.0, end + width, width)
    return {
        "arrivals": (edges[:-1], np.histogram(due, edges)[0] / width),
        "finishes": (edges[:-1], np.histogram(done, edges)[0] / width),
        "backlog": (edges[:-1], _backlog(due, begun, edges)),
        "faults": _faults(cell.log, load.begin_ns, end),
        **_goals(load),
    }


def _moments(load: MeasuredLoad) -> tuple[Floats, Floats, Floats]:
    """When tasks fell due, began and finished, each ascending and in s; those that did."""
    told = load.outcomes
    due = (told.due_ns - load.begin_ns) / 1e9
    begun = (told.started_ns[told.started_ns >= 0] - load.begin_ns) / 1e9
    done = (due + told.latency_ms / 1e3)[np.isfinite(told.latency_ms)]
    return np.sort(due), np.sort(begun), np.sort(done)


def _backlog(due: Floats, begun: Floats, edges: Floats) -> Floats:
    """(edges - 1,) the most tasks that waited in each step, at its start or when one fell due."""
    moments = np.concatenate((edges[:-1], due))
    before = np.searchsorted(begun, moments, side="right")
    waiting = np.searchsorted(due, moments, side="right") - before
    most = np.zeros(len(edges) - 1)
    at = np.clip(np.searchsorted(edges, moments, side="right") - 1, 0, len(most) - 1)
    np.maximum.at(most, at, waiting)
    return most


def _faults(log: CellLog, zero: int, end: float) -> tuple[Floats, Floats]:
    """When each fault struck, and when all that it killed was started again; in s."""
    begins, ends = [], []
    for injection in log.injections:
        again = [each.ns for each in log.restarts if each.ns >= injection.t0_ns]
        back = max(injection.end_ns, injection.back_ns or 0, *again)
        begins.append((injection.t0_ns - zero) / 1e9)
        # No narrower than a line: a band that nobody sees is no band.
        ends.append(max(min((back - zero) / 1e9, end), begins[-1] + end / 200))
    return np.array(begins), np.array(ends)


def _goals(load: MeasuredLoad) -> Curves:
    results = load.results()
    limits = {at: each.goal for at, each in enumerate(results) if each.goal.word in SPARED}
    return as_curves(results, {at: load.by_second(goal) for at, goal in limits.items()})
