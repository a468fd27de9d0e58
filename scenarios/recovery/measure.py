"""recovery, stored: the figures of a cell, from its files alone."""

import statistics
from collections.abc import Sequence

import numpy as np

from bench.measure import validity
from bench.measure.figures import (
    COUNTED_ALWAYS,
    correctness,
    fate_measures,
    fates_of,
    first_problem,
    judged,
)
from bench.measure.injections import MeasuredInjection, book_of, injections_of
from bench.model.metric import Measure, Verdict
from bench.record import ledger
from bench.record.store import StoredCell
from scenarios.recovery import TIMES


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """The four recoveries, the outage and the fates."""
    book = book_of(cell)
    struck = injections_of(cell, book)
    told = fates_of(cell, book)
    horizon = float(cell.spec.params["horizon_s"])
    measures = [
        *_times(struck, told.count("lost"), horizon),
        Measure("outage_s", statistics.median(strike.seen.outage for strike in struck)),
        _longest_call(book, struck),
        *_poison_task(cell),
        Measure("running", float(sum(len(strike.seen.running) for strike in struck))),
        Measure("waiting", float(sum(len(strike.seen.waiting) for strike in struck))),
        Measure("strikes", float(len(struck))),
        Measure("supervisor_starts", float(len(cell.log.restarts))),
        *fate_measures(told, ("finished", "recovered", *COUNTED_ALWAYS[1:])),
    ]
    invalid = first_problem(
        lambda: validity.events(cell, book),
        lambda: validity.machine(cell, ("steady", "recovery"), cores),
        lambda: validity.generator(cell, book, before_ns=_lead_in_end_ns(cell), generators=1),
    )
    return judged(measures, invalid, correctness(told, cell.spec.guarantee, faulted=True))


def _lead_in_end_ns(cell: StoredCell) -> int:
    return int(cell.log.marks["begin_ns"]) + int(float(cell.spec.params["lead_in_s"]) * 1e9)


def _times(struck: Sequence[MeasuredInjection], lost: int, horizon: float) -> list[Measure]:
    """The median over the strikes of a cell; `beyond` as soon as one of them is."""
    measures = []
    hit = sum(len(strike.hit) for strike in struck)
    for name in TIMES:
        field = name.removesuffix("_s").replace("_recovery", "")
        values = [getattr(strike.seen, field) for strike in struck]
        within = [value for value in values if value is not None and value <= horizon]
        if len(within) == len(values):
            measures.append(Measure(name, statistics.median(within)))
            continue
        reason = f"not within {horizon:.0f} s"
        if len(values) > 1:
            reason += f" after {len(values) - len(within)} of {len(values)} strikes"
        if name.startswith("work"):
            reason += f", {lost} lost; {hit} had been accepted and were unfinished"
        measures.append(Measure(name, horizon, "beyond", reason))
    return measures


def _longest_call(book: ledger.Ledger, struck: Sequence[MeasuredInjection]) -> Measure:
    """How long whoever enqueues stood still at most, in a call that was open when the fault struck
    or began before the next strike."""
    longest, still = 0.0, False
    for strike in struck:
        end = strike.timing.end_ns
        ours = (
            book.measured()
            & (book.sent >= 0)
            & (book.sent < end)
            & ((book.returned < 0) | (book.returned >= strike.timing.t0_ns))
        )
        back = np.where(book.returned[ours] < 0, end, book.returned[ours])
        longest = max(longest, float((back - book.sent[ours]).max(initial=0)) / 1e6)
        still = still or bool((book.returned[ours] < 0).any())
    verdict: Verdict = "beyond" if still else "ok"
    reason = "a call had not returned when the cell ended" if still else ""
    return Measure("enqueue_call_max_ms", longest, verdict, reason)


def _poison_task(cell: StoredCell) -> list[Measure]:
    """How often the poison task was run."""
    poison = cell.log.poison_tasks
    if not poison:
        return []
    runs = np.isin(ledger.load(cell).run_task, sorted(poison))
    return [Measure("culprit_runs", float(runs.sum()))]
