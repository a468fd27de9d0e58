"""What the measures of several scenarios share."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bench.measure.order_statistics import percentile_if_supported
from bench.measure.validity import edge
from bench.model.metric import FATES, Measure, Verdict
from bench.record.fates import Fates, fates
from bench.record.ledger import Ledger
from bench.record.store import StoredCell

COUNTED_ALWAYS = ("finished", "lost", "doubled", "failed", "stuck", "open", "refused", "unexpected")


def fate_measures(by_fate: Fates, names: Iterable[str] = COUNTED_ALWAYS) -> list[Measure]:
    """The number of tasks of each named fate, as measures."""
    return [Measure(name, float(by_fate.count(name))) for name in names]


def stands_for(cell: StoredCell, book: Ledger) -> float:
    """How many tasks one of the ledger stands for: 1 but where the cell was thinned."""
    stored = int(book.measured().sum())
    return (stored + cell.log.left_out) / stored if stored else 1.0


def fates_of(cell: StoredCell, book: Ledger) -> Fates:
    """The fates of a stored cell; a fault without a victim hit nothing."""
    return fates(
        book,
        [each.t0_ns for each in cell.log.injections if each.victims],
        cell.held,
    )


def correctness(by_fate: Fates, guarantee: str, faulted: bool) -> str:
    """Why a cell is `wrong`; empty if it is not.

    Wrong are a loss under at-least-once, a double under at-most-once, either of them without a
    fault, and a task that was never sent.
    """
    counts_if = {
        "lost": guarantee == "at least once" or not faulted,
        "doubled": guarantee == "at most once" or not faulted,
        "unexpected": True,
    }
    problems = [
        f"{by_fate.count(fate)} {fate}, first id {by_fate.by_name[fate][0]}"
        for fate, counts in counts_if.items()
        if counts and by_fate.count(fate)
    ]
    setting = "after a fault" if faulted else "without a fault"
    return f"{'; '.join(problems)}, under {guarantee} {setting}" if problems else ""


def judged(measures: list[Measure], invalid: str, wrong: str) -> list[Measure]:
    """Put the verdict of the whole cell on its measures.

    A wrong cell keeps its counts and gives no speed.

    A noisy machine makes a speed worthless, but a task that is gone is gone: only where the events
    themselves cannot be believed does `invalid` stand before `wrong`.
    """
    if wrong and invalid and not invalid.startswith("events"):
        wrong, invalid = f"{wrong} (and {invalid})", ""
    if invalid:
        return [
            replace(m, value=None, verdict="invalid", reason=invalid)
            if m.verdict in ("ok", "beyond", "unbounded")
            else m
            for m in measures
        ]
    if wrong:
        counts = {*FATES, "running", "waiting"}
        return [
            replace(m, value=m.value if m.metric in counts else None, verdict="wrong", reason=wrong)
            for m in measures
        ]
    return measures


def delta(cell: StoredCell, column: str, first: str, last: str) -> float | None:
    """How much a counter grew between two edges, in its own unit; None if it was not read there."""
    before, after = at(cell, column, first), at(cell, column, last)
    return None if before is None or after is None else after - before


def at(cell: StoredCell, column: str, label: str) -> float | None:
    """The value of a column at one edge; None if it was not read there."""
    try:
        value = float(edge(cell.samples, label)[column])
    except KeyError:
        return None
    return None if np.isnan(value) else value


def peak(cell: StoredCell, column: str, phases: Iterable[str]) -> float | None:
    """The largest sample of a column within these phases; None if there is none."""
    there = {phase.name for phase in cell.log.phases}
    values = [
        float(value)
        for start, end in (cell.phase(name) for name in phases if name in there)
        for value in cell.samples.loc[cell.samples["ns"].between(start, end + 50_000_000), column]
        if not np.isnan(value)
    ]
    return max(values, default=None)


def measure_or(
    metric: str, value: float | None, reason: str, verdict: Verdict = "unavailable"
) -> Measure:
    """The value as a measure, or its verdict and the reason why there is none."""
    return Measure(metric, None, verdict, reason) if value is None else Measure(metric, value)


def not_offered(metrics: Iterable[str], reason: str) -> list[Measure]:
    """`not_offered` for each of several metrics, with one reason."""
    return [Measure(name, None, "not_offered", reason) for name in metrics]


def ranked(name: str, values: npt.NDArray[np.float64], p: float) -> Measure:
    """A percentile of (tasks,) values as a measure, in their unit.

    `withheld` with fewer than ten samples beyond it, `unbounded` where it is infinite.
    """
    value = percentile_if_supported(values, p)
    if value is None:
        return Measure(
            name, None, "withheld", f"{len(values)} tasks leave fewer than 10 beyond P{p:g}"
        )
    if math.isinf(value):
        never = int(np.isinf(values).sum())
        return Measure(
            name,
            None,
            "unbounded",
            f"P{p:g} falls among the {never:,} of {len(values):,} tasks that never finished",
        )
    return Measure(name, value)


def first_problem(*gates: Callable[[], str]) -> str:
    """The reason of the first gate that gives one; empty if all are passed."""
    return next((reason for reason in (gate() for gate in gates) if reason), "")
