"""One `Change` per measure and couple of arms, by the statistics of comparisons.csv."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bench.analysis.comparison_result import Change, says
from bench.analysis.dataset import by_block, is_censored
from bench.analysis.families import Compared, Pair, compare_pairs
from bench.analysis.stats import MIN_BLOCKS
from bench.compare.sides import Side, one_run
from bench.model.metric import METRICS, Metric

ENDLESS = 100.0  # the weight of a time that is within the horizon on one side alone
Key = tuple[str, str, str, str]  # scenario, case, metric, type of task


def lines(base: Side, head: Side, couples: Sequence[tuple[str, str]]) -> tuple[Change, ...]:
    """Every measure that both sides have rows of and at least one side a number.

    The decided ones stand first, then the heavier ones.
    """
    return tuple(
        sorted(
            (
                change
                for group in _groups(base, head)
                for change in _of_group(group, couples, one_run(base, head))
            ),
            key=lambda change: (change.says in ("same", "unclear"), -change.weight),
        )
    )


def _groups(base: Side, head: Side) -> Iterator[tuple[Key, pd.DataFrame, pd.DataFrame]]:
    """The rows of one measure on both sides, of one type of task or over all, in the order of
    measures.csv."""
    before, after = (
        {
            (str(key[0]), str(key[1]), str(key[2]), str(key[3])): rows
            for key, rows in side.measures.groupby(
                ["scenario", "case", "metric", "part"], sort=False
            )
        }
        for side in (base, head)
    )
    return ((key, rows, after[key]) for key, rows in before.items() if key in after)


def _of_group(
    group: tuple[Key, pd.DataFrame, pd.DataFrame],
    couples: Sequence[tuple[str, str]],
    interleaved: bool,
) -> Iterator[Change]:
    (scenario, case, name, part), before, after = group
    metric = METRICS[name]
    rows = {
        couple: (before[before["arm"] == couple[0]], after[after["arm"] == couple[1]])
        for couple in couples
    }
    pairs = {
        couple: pair
        for couple, (one, two) in rows.items()
        if (pair := _pair(couple, one, two, metric, interleaved))
    }
    results = dict(zip(pairs, compare_pairs(list(pairs.values()), metric), strict=True))
    for couple, (one, two) in rows.items():
        if couple in pairs:
            change = _change(scenario, case, metric, pairs[couple], results[couple])
            yield replace(change, part=part)
        elif not one.empty and not two.empty and (by_block(one, metric) or by_block(two, metric)):
            change = _without_a_number(scenario, case, metric, couple, one, two)
            yield replace(change, part=part)


def _pair(
    couple: tuple[str, str], one: pd.DataFrame, two: pd.DataFrame, metric: Metric, interleaved: bool
) -> Pair | None:
    before, after = by_block(one, metric), by_block(two, metric)
    shared = tuple(sorted(before.keys() & after.keys())) if interleaved else None
    mine, theirs = (tuple(before), tuple(after)) if shared is None else (shared, shared)
    below, above = [before[key] for key in mine], [after[key] for key in theirs]
    censored = is_censored(one, metric) or is_censored(two, metric)
    return Pair(*couple, below, above, censored, shared) if below and above else None


def _change(scenario: str, case: str, metric: Metric, pair: Pair, result: Compared) -> Change:
    return Change(
        scenario,
        case,
        metric.name,
        pair.base,
        pair.head,
        _middle(pair.below, metric),
        _middle(pair.above, metric),
        result.ratio,
        result.low,
        result.high,
        pair.blocks,
        result.smallest_detectable,
        result.verdict,
        says(metric, result.verdict),
        _weight(pair, result, metric),
        _reason(pair),
        result.method,
    )


def _middle(values: Sequence[float], metric: Metric) -> float | None:
    if metric.kind == "ratio":
        return (
            math.exp(float(np.mean(np.log(values))))
            if min(values) > 0
            else float(np.median(values))
        )
    middle = math.fsum(values) / len(values) if metric.kind == "count" else float(np.median(values))
    return middle if math.isfinite(middle) else None


def _weight(pair: Pair, result: Compared, metric: Metric) -> float:
    """The distance between the estimate and "the same", in tie zones.

    Of counts without a zone each unit is one; 0 for a metric that is neither better nor worse.
    """
    if metric.better == "none":
        return 0.0
    if metric.kind == "count":
        return abs(result.ratio or 0.0) / (metric.tie_zone or 1.0)
    if result.ratio:
        return abs(math.log(result.ratio)) / math.log1p(metric.tie_zone)
    ends = [math.isfinite(float(np.median(values))) for values in (pair.below, pair.above)]
    return ENDLESS if ends[0] != ends[1] else 0.0


def _reason(pair: Pair) -> str:
    if pair.blocks < MIN_BLOCKS:
        return f"fewer than {MIN_BLOCKS} blocks: no interval"
    return (
        "some blocks have no number, and they are the bad ones: what is left flatters"
        if pair.censored
        else ""
    )


def _without_a_number(
    scenario: str,
    case: str,
    metric: Metric,
    couple: tuple[str, str],
    one: pd.DataFrame,
    two: pd.DataFrame,
) -> Change:
    """The change where one side has a number and the other a verdict: nobody may overlook it."""
    numbers = [list(by_block(rows, metric).values()) for rows in (one, two)]
    before, after = (_middle(each, metric) if each else None for each in numbers)
    parts = [
        f"{side}: {verdicts(rows)}"
        for side, rows, each in (("base", one, numbers[0]), ("head", two, numbers[1]))
        if not each
    ]
    return Change(
        scenario,
        case,
        metric.name,
        *couple,
        before,
        after,
        None,
        None,
        None,
        0,
        None,
        "unclear",
        "unclear",
        ENDLESS,
        "; ".join(parts) or "no block in common",
    )


def verdicts(rows: pd.DataFrame) -> str:
    """The verdicts of some rows with their counts: `3 invalid, 1 withheld`."""
    return ", ".join(
        f"{count} {str(verdict).replace('_', ' ')}"
        for verdict, count in rows["verdict"].value_counts().items()
    )
