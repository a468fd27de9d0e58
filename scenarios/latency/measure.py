"""latency, stored: the figures of a cell, from its files alone."""

import numpy as np

from bench.measure import validity
from bench.measure.figures import correctness, fate_measures, fates_of, first_problem, judged
from bench.measure.latencies import percentiles
from bench.model.metric import Measure
from bench.record import ledger
from bench.record.store import StoredCell
from scenarios.latency import HIGH, LOW


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """Capacity, or the percentiles of one steady phase."""
    book = ledger.load(cell)
    told = fates_of(cell, book)
    wrong = correctness(told, cell.spec.guarantee, faulted=False)
    shared = (
        lambda: validity.events(cell, book),
        lambda: validity.count(cell, book, "warmup:start", "drained"),
        lambda: validity.machine(cell, ("warmup", "steady", "capacity"), cores),
    )
    if cell.spec.case == "capacity":
        return judged([_capacity(cell, book), *fate_measures(told)], first_problem(*shared), wrong)
    measures = percentiles(
        cell,
        book,
        float(cell.log.marks["rate"]),
        farthest=float(cell.spec.params.get("farthest", 100.0)),
    )
    invalid = first_problem(*shared, lambda: validity.generator(cell, book))
    return judged([*measures, *fate_measures(told)], invalid, wrong)


def _capacity(cell: StoredCell, book: ledger.Ledger) -> Measure:
    start, end = (int(cell.log.marks[f"capacity_{name}_ns"]) for name in ("start", "end"))
    finished = book.first_finish()
    inside = int(((finished > start) & (finished <= end)).sum())
    moments = np.linspace(start, end, 200)
    sent = np.searchsorted(np.sort(book.sent[book.sent >= 0]), moments)
    done = np.searchsorted(np.sort(finished[finished >= 0]), moments)
    waiting = float(np.median(sent - done))
    # Where the generator could not keep the backlog up, this is how fast one process can enqueue,
    # not how fast the workers are.
    limited = (
        f"limited by the enqueue call: the backlog stood at {waiting:.0f}, "
        f"not between {LOW} and {HIGH}"
        if waiting < LOW / 2
        else ""
    )
    return Measure("capacity", inside / (end - start) * 1e9, "ok", limited)
