"""What the measures of several scenarios share."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from bench.measure.percentiles import percentile_if_supported
from bench.measure.validity import edge
from bench.model.metric import FATES, METRICS, Measure
from bench.record.fates import Fates, fates
from bench.record.ledger import Ledger
from bench.record.store import StoredCell

COUNTED_ALWAYS = ("finished", "lost", "doubled", "failed", "stuck", "open", "refused", "unexpected")


def fate_measures(told: Fates, names: Iterable[str] = COUNTED_ALWAYS) -> list[Measure]:
    """One count per fate."""
    return [Measure(name, float(told.count(name))) for name in names]


def fates_of(cell: StoredCell, book: Ledger) -> Fates:
    """The fates of a stored cell; a fault without a victim hit nothing."""
    return fates(
        book,
        [fault["t0_ns"] for fault in cell.journal["faults"] if fault["victims"]],
        cell.journal["held"],
    )


def correctness(told: Fates, guarantee: str, faulted: bool) -> str:
    """Why a cell is `wrong`, or nothing: a loss under at-least-once, a double under at-most-once, either without a fault."""
    found = []
    if told.count("lost") and (guarantee == "at least once" or not faulted):
        found.append(f"{told.count('lost')} lost, first id {told.by_name['lost'][0]}")
    if told.count("doubled") and (guarantee == "at most once" or not faulted):
        found.append(f"{told.count('doubled')} doubled, first id {told.by_name['doubled'][0]}")
    if told.count("unexpected"):
        found.append(
            f"{told.count('unexpected')} unexpected, first id {told.by_name['unexpected'][0]}"
        )
    setting = "after a fault" if faulted else "without a fault"
    return f"{'; '.join(found)}, under {guarantee} {setting}" if found else ""


def judged(measures: list[Measure], invalid: str, wrong: str) -> list[Measure]:
    """Put the verdict of the whole cell on its measures: a wrong cell keeps its counts and gives no speed.

    A noisy machine makes a speed worthless, but a task that is gone is gone: only where the events
    themselves cannot be believed does `invalid` stand before `wrong`.
    """
    counts = {*FATES, "running", "waiting"}
    if wrong and invalid and not invalid.startswith("events"):
        wrong, invalid = f"{wrong} (and {invalid})", ""
    if invalid:
        return [
            Measure(m.metric, None, "invalid", invalid)
            if m.verdict in ("ok", "beyond", "unbounded")
            else m
            for m in measures
        ]
    if wrong:
        return [
            Measure(m.metric, m.value, "wrong", wrong)
            if m.metric in counts
            else Measure(m.metric, None, "wrong", wrong)
            for m in measures
        ]
    return measures


def delta(cell: StoredCell, column: str, first: str, last: str) -> float | None:
    """How much a counter grew between two edges; None if it was not to be had."""
    try:
        grown = float(edge(cell.samples, last)[column]) - float(edge(cell.samples, first)[column])
    except KeyError:
        return None
    return None if np.isnan(grown) else grown


def at(cell: StoredCell, column: str, label: str) -> float | None:
    """A column of one edge."""
    try:
        value = float(edge(cell.samples, label)[column])
    except KeyError:
        return None
    return None if np.isnan(value) else value


def peak(cell: StoredCell, column: str, phases: Iterable[str]) -> float | None:
    """The largest sample within these phases."""
    found = []
    for name in phases:
        try:
            start, end = cell.phase(name)
        except KeyError:
            continue
        inside = cell.samples[
            (cell.samples["ns"] >= start) & (cell.samples["ns"] <= end + 50_000_000)
        ][column]
        found += [float(value) for value in inside if not np.isnan(value)]
    return max(found) if found else None


def measure_or(
    metric: str, value: float | None, reason: str, verdict: str = "unavailable"
) -> Measure:
    """A measure, or why there is none."""
    if value is None:
        return Measure(metric, None, verdict, reason)  # type: ignore[arg-type]
    return Measure(metric, value)


def not_offered(metrics: Iterable[str], reason: str) -> list[Measure]:
    """The same refusal for several metrics."""
    assert all(name in METRICS for name in metrics)
    return [Measure(name, None, "not_offered", reason) for name in metrics]


def ranked(name: str, values: Any, p: float) -> Measure:
    """A percentile as a measure: `withheld` with fewer than ten samples beyond it, `unbounded` where it falls among what has no end."""
    value = percentile_if_supported(values, p)
    if value is None:
        return Measure(
            name, None, "withheld", f"{len(values)} tasks leave fewer than 10 beyond P{p:g}"
        )
    if math.isinf(value):
        return Measure(
            name, None, "unbounded", "that many tasks had not finished when the cell ended"
        )
    return Measure(name, value)


Gate = Callable[[], str]


def first_problem(*gates: Gate) -> str:
    """The first gate that closes."""
    return next((reason for reason in (gate() for gate in gates) if reason), "")
