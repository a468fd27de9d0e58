"""result, stored: the figures of a cell, from its files alone."""

import numpy as np

from bench.measure import validity
from bench.measure.figures import (
    correctness,
    fate_measures,
    fates_of,
    first_problem,
    judged,
    not_offered,
    ranked,
)
from bench.model.metric import Measure
from bench.record import ledger
from bench.record.store import StoredCell
from scenarios.result import PERCENTILES


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """Round trips, and the part of them that comes after the task has finished."""
    book = ledger.load(cell)
    told = fates_of(cell, book)
    answered = book.measured() & (book.enqueue == ledger.ACCEPTED)
    trips = (book.returned - book.sent)[answered] / 1e6
    handed = (book.returned - book.first_finish())[answered & (book.first_finish() >= 0)] / 1e6
    round_trips = (
        [ranked(name, trips, p) for name, p in PERCENTILES]
        if answered.any()
        else not_offered((n for n, _ in PERCENTILES), "no answer came")
    )
    measures = [*round_trips, ranked("handover_p50_ms", handed, 50.0), *fate_measures(told)]
    invalid = first_problem(
        lambda: validity.events(cell, book),
        lambda: "events: a result came before its task had finished" if (handed < 0).any() else "",
        lambda: validity.machine(cell, ("steady",), cores),
    )
    return judged(
        measures,
        invalid,
        _wrong(cell, book) or correctness(told, cell.spec.guarantee, faulted=False),
    )


def _wrong(cell: StoredCell, book: ledger.Ledger) -> str:
    """Answers that were not the task's own, or never came."""
    bad = np.flatnonzero(book.enqueue == ledger.ERROR)
    if not len(bad):
        return ""
    first = cell.tasks("error")[int(bad[0])].as_py()
    return f"{len(bad)} answers were wrong or did not come: {first}"
