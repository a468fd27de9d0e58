"""workload, stored: the figures of a cell, over all of its tasks and type by type."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from bench.base.freed_memory import give_back_at_once
from bench.measure import validity
from bench.measure.drain import why_no_server
from bench.measure.figures import (
    COUNTED_ALWAYS,
    correctness,
    fate_measures,
    fates_of,
    first_problem,
    judged,
    measure_or,
    not_offered,
    peak,
)
from bench.measure.goals import MeasuredLoad, measured_load, standing_goal
from bench.measure.latencies import unbounded
from bench.measure.load_costs import costs
from bench.measure.spreads import spread
from bench.model.metric import Measure
from bench.record import ledger
from bench.record.fates import Fates
from bench.record.store import StoredCell
from bench.workload.arrival_form import OneRate
from bench.workload.objective import SPARED, TaskOutcomes, late, never_in_words, peak_backlog

PERCENTILES = (("latency_p50_ms", 50.0), ("latency_p90_ms", 90.0), ("latency_p99_ms", 99.0))
PHASES = ("warmup", "steady")


def measure(cell: StoredCell, cores: int) -> list[Measure]:
    """Latency, lateness, backlog and fates of all tasks and of each type; memory and cost."""
    give_back_at_once()
    book = ledger.load(cell)
    told = fates_of(cell, book)
    load = measured_load(cell, book, told)
    struck = bool(cell.log.injections)
    # What a fault has taken away never began either, and is no backlog.
    grew = "" if struck else _grew(cell, book, load)
    measures = [
        Measure("load_rate", float(cell.log.marks["rate"])),
        *_of_tasks(load, "", grew),
        *_memory(cell),
        # A worker that was killed takes its CPU time with it, and a broker its counters.
        *([] if struck else costs(cell, book)),
        *_imports(book),
        *([Measure("supervisor_starts", float(len(cell.log.restarts)))] if struck else []),
        *fate_measures(told, _fates(struck)),
    ]
    for name in load.workload.names:
        measures += _of_tasks(load, name, grew)
        measures += _of_part(fate_measures(_told_of(told, book, name), _fates(struck)), name)
    wrong = correctness(told, cell.spec.guarantee, faulted=struck)
    return judged(measures, _unfit(cell, book, load, cores), wrong)


def _unfit(cell: StoredCell, book: ledger.Ledger, load: MeasuredLoad, cores: int) -> str:
    """The first gate that closes; a fault may hold up calls, and its system may push again."""
    struck = cell.log.injections
    retries = {task.name: task.retries for task in load.workload.task}
    before_ns = struck[0].t0_ns if struck else None
    return first_problem(
        lambda: validity.events(cell, book),
        lambda: (
            "" if struck else validity.count(cell, book, "warmup:start", "drained", retries=retries)
        ),
        lambda: validity.machine(cell, PHASES, cores),
        # Rows of one schedule go to the generators in turn: the first warm-up had its own.
        lambda: validity.generator(
            cell, book, before_ns=before_ns, since_ns=int(cell.log.marks["lead_in_ns"])
        ),
    )


def _fates(struck: bool) -> tuple[str, ...]:
    """`recovered` is a word for what a fault has hit."""
    first = ("finished", "recovered") if struck else ("finished",)
    return (*first, *COUNTED_ALWAYS[1:])


def _of_tasks(load: MeasuredLoad, name: str, grew: str) -> list[Measure]:
    """The figures of the tasks of one type, or of all where it is empty."""
    ours = load.of(name)
    measures = [
        Measure(metric, None, "unbounded", grew)
        if grew
        else _with_fates(spread(metric, ours.latency_ms, ours.due_ns, p), ours)
        for metric, p in PERCENTILES
    ]
    if goal := standing_goal(load.workload.objective, name):
        missed = load.by_second(goal).missed(SPARED[goal.word])
        measures += [
            Measure("late", float(late(ours.latency_ms, goal).sum())),
            Measure("objective_missed_s", float(missed)),
        ]
    measures.append(Measure("backlog_peak", float(peak_backlog(ours.due_ns, ours.started_ns))))
    return _of_part(measures, name)


def _with_fates(found: Measure, ours: TaskOutcomes) -> Measure:
    """The same; one without an end says what became of the tasks that never finished."""
    if found.verdict != "unbounded":
        return found
    return replace(found, reason=f"{found.reason}: {never_in_words(ours.never())}")


def _grew(cell: StoredCell, book: ledger.Ledger, load: MeasuredLoad) -> str:
    """Why no percentile means anything: under arrivals of one rate the backlog grew to the end.

    Where the file lets the rate change, a backlog at the end is a part of the load.
    """
    ours = np.flatnonzero(book.measured())
    if not isinstance(load.workload.arrivals, OneRate) or not len(ours):
        return ""
    marks = cell.log.marks
    if not unbounded(book, float(marks["rate"]), ours, int(marks["steady_end_ns"])):
        return ""
    return "the backlog grew to the end of the load: no percentile of it means anything"


def _told_of(told: Fates, book: ledger.Ledger, name: str) -> Fates:
    """The fates of the tasks of one type."""
    theirs = book.task[book.of_type(name)]
    return Fates(
        {
            fate: ids[np.isin(ids, theirs)]
            for fate, ids in told.by_name.items()
            if fate != "unexpected"
        }
    )


def _of_part(measures: Iterable[Measure], name: str) -> list[Measure]:
    """The same as measures of one type of task; it has no `unexpected`, for these have no type."""
    return [
        replace(each, part=name) for each in measures if not name or each.metric != "unexpected"
    ]


def _memory(cell: StoredCell) -> list[Measure]:
    broker = peak(cell, "broker_memory", PHASES)
    return [
        measure_or("worker_memory_peak_bytes", peak(cell, "worker_pss", PHASES), "no sample"),
        measure_or("broker_memory_peak_bytes", broker, *why_no_server(cell)),
    ]


def _imports(book: ledger.Ledger) -> list[Measure]:
    """What a run waited for until its process had imported the tasks, and the code they call."""
    runs = (book.run_task >= 0) & (book.import_us > 0)
    if not runs.any():
        return not_offered(
            ["import_ms"], "the tasks are imported once, before the workers are ready"
        )
    return [Measure("import_ms", float(np.median(book.import_us[runs])) / 1e3)]
