"""Every pair of arms per scenario, case and metric, compared from measures.csv alone.

One number per arm and block; blocks are paired, never pooled. The family of Holm's correction is
all pairs of one metric in one case.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from bench.analysis.dataset import by_block, is_censored, refuse_unknown
from bench.analysis.stats import (
    MIN_BLOCKS,
    LogDifference,
    classify,
    holm,
    holm_levels,
    paired,
    rank_p,
    unpaired,
    word,
)
from bench.base.errors import UsageError
from bench.model.metric import METRICS, Metric
from bench.record.store import COMPARISON_COLUMNS

# How each kind is decided, as comparisons.csv has it in `method`; Holm's correction over all pairs.
METHODS = {"ratio": "paired t, Holm", "count": "difference", "time_to": "ranks, Holm"}
WELCH = "Welch's t, Holm"  # of ratios where blocks are no pairs


@dataclass(frozen=True)
class Pair:
    """The numbers of one metric of two arms, base `below` and head `above`.

    They are of the blocks that both have; of two runs (not `interleaved`) of all blocks of each.
    """

    base: str
    head: str
    below: list[float]
    above: list[float]
    censored: bool
    interleaved: bool = True

    @property
    def blocks(self) -> int:
        """In how many blocks both arms have a number; of two runs the smaller number of blocks."""
        return min(len(self.below), len(self.above))

    @property
    def is_positive(self) -> bool:
        """Whether every number of both has a logarithm."""
        return min(*self.below, *self.above) > 0

    @cached_property
    def logs(self) -> LogDifference:
        """Head against base on the log scale, for a `ratio` metric."""
        return (paired if self.interleaved else unpaired)(self.below, self.above)

    def differences(self) -> list[float]:
        """Head - base block by block; of two runs every block of head less every block of base."""
        couples = (
            zip(self.below, self.above, strict=True)
            if self.interleaved
            else ((base, head) for base in self.below for head in self.above)
        )
        return [head - base for base, head in couples]


@dataclass(frozen=True)
class Compared:
    """The result for one pair: the last columns of comparisons.csv."""

    pair: Pair
    method: str
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    smallest_detectable: float | None = None
    verdict: str = "unclear"


def compare_arms(
    measures: pd.DataFrame,
    size: str,
    guarantees: Mapping[str, str] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """comparisons.csv from the rows of measures.csv.

    * `ratio` metrics: `ratio` is head ÷ base, `low` and `high` its t-interval at the level that
      Holm gives this pair (an adjusted interval: it excludes 1 exactly where Holm rejects),
      `smallest_detectable` the change found 9 times in 10 at Holm's strictest level.
    * `count` metrics: `ratio` holds the mean *difference* head - base, `low` and `high` the
      smallest and largest difference of a block.
    * `time_to` metrics: `ratio` is that of the medians, empty where one lies beyond the horizon;
      decided by ranks, never a tie.

    Below three blocks there is a ratio, no `low` or `high`, and the verdict `unclear`. Arms without
    a common block give no row. With `guarantees` (arm → guarantee) only arms of the same guarantee
    are paired. UsageError for a run of size `smoke`, which makes no claims.
    """
    if size == "smoke":
        raise UsageError(
            "a smoke run makes no claims and cannot be compared: measure with --size quick or full"
        )
    refuse_unknown(measures)
    rows = [
        (scenario, case, metric.name, result.pair.base, result.pair.head, *_numbers(result))
        for scenario, case, metric, group in _groups(measures[measures["stands"] == 1])
        for result in compare_pairs(list(_pairs(group, metric, guarantees or {})), metric, alpha)
    ]
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _numbers(result: Compared) -> tuple[str | float, ...]:
    """The columns `ratio` to `verdict`; NaN for what there is none of."""
    ratio, low, high, detectable = (
        math.nan if value is None else value
        for value in (result.ratio, result.low, result.high, result.smallest_detectable)
    )
    return ratio, low, high, result.method, result.pair.blocks, detectable, result.verdict


def _groups(measures: pd.DataFrame) -> Iterator[tuple[str, str, Metric, pd.DataFrame]]:
    order = {name: at for at, name in enumerate(METRICS)}
    groups = {
        (str(key[0]), str(key[1]), str(key[2])): group
        for key, group in measures.groupby(["scenario", "case", "metric"], sort=False)
    }
    for scenario, case, name in sorted(groups, key=lambda key: (key[0], key[1], order[key[2]])):
        yield scenario, case, METRICS[name], groups[scenario, case, name]


def _pairs(group: pd.DataFrame, metric: Metric, guarantees: Mapping[str, str]) -> Iterator[Pair]:
    rows = {str(arm): rows for arm, rows in group.groupby("arm")}
    numbers = {arm: by_block(part, metric) for arm, part in rows.items()}
    censored = {arm: is_censored(part, metric) for arm, part in rows.items()}
    for base, head in combinations(sorted(rows), 2):
        blocks = sorted(numbers[base].keys() & numbers[head].keys())
        if blocks and guarantees.get(base) == guarantees.get(head):
            yield Pair(
                base,
                head,
                [numbers[base][block] for block in blocks],
                [numbers[head][block] for block in blocks],
                censored[base] or censored[head],
            )


def compare_pairs(pairs: list[Pair], metric: Metric, alpha: float = 0.05) -> list[Compared]:
    """The result for each pair, in order; all pairs are the family of Holm's correction."""
    if metric.kind == "count":
        return [_difference(pair, metric) for pair in pairs]
    if metric.kind == "time_to":
        return _times(pairs, metric, alpha)
    return _ratios(pairs, metric, alpha)


def _ratios(pairs: list[Pair], metric: Metric, alpha: float) -> list[Compared]:
    family = [at for at, pair in enumerate(pairs) if pair.is_positive and pair.blocks >= MIN_BLOCKS]
    levels = dict(
        zip(family, holm_levels([pairs[at].logs.p() for at in family], alpha), strict=True)
    )
    strictest = alpha / max(len(family), 1)
    return [_ratio(pair, metric, levels.get(at, alpha), strictest) for at, pair in enumerate(pairs)]


def _ratio(pair: Pair, metric: Metric, level: float, strictest: float) -> Compared:
    method = METHODS["ratio"] if pair.interleaved else WELCH
    if not pair.is_positive:
        # 0 has no logarithm, and leaving its block out would favour one arm.
        return Compared(pair, method)
    ratio, detectable = pair.logs.ratio(level), pair.logs.detectable(strictest)
    # CPU time is an amount that is spent, not a time that someone waits for.
    duration = metric.unit in ("s", "ms") and "_cpu_" not in metric.name
    return Compared(
        pair,
        method,
        ratio.ratio,
        ratio.low,
        ratio.high,
        detectable,
        "unclear" if pair.censored else classify(ratio, metric.tie_zone, metric.better, duration),
    )


def _difference(pair: Pair, metric: Metric) -> Compared:
    """The mean difference of counts, and the smallest and largest one as its bounds.

    `tie` if no block differs by more than the tie zone; a word if the mean does and no block says
    the contrary.
    """
    differences = pair.differences()
    mean = math.fsum(differences) / len(differences)
    if pair.blocks < MIN_BLOCKS:
        return Compared(pair, METHODS["count"], mean)
    low, high = min(differences), max(differences)
    if max(abs(low), abs(high)) <= metric.tie_zone:
        verdict = "tie"
    elif abs(mean) > metric.tie_zone and (low >= 0 or high <= 0):
        # More tasks lost are not `slower`, and fewer recovered neither.
        verdict = word(mean > 0, "none")
    else:
        verdict = "unclear"
    return Compared(pair, METHODS["count"], mean, low, high, None, verdict)


def _times(pairs: list[Pair], metric: Metric, alpha: float) -> list[Compared]:
    """Decided where Holm rejects the rank test and the medians differ by more than the tie zone.

    A time beyond the horizon ranks above all within. Never `tie`: a rank test that finds nothing
    has shown nothing. Three blocks cannot decide (p ≥ 0.1); five that separate fully can, among six
    pairs.
    """
    family = [at for at, pair in enumerate(pairs) if pair.blocks >= MIN_BLOCKS]
    adjusted = dict(
        zip(family, holm([rank_p(pairs[at].below, pairs[at].above) for at in family]), strict=True)
    )
    return [_time(pair, metric, adjusted.get(at, 1.0) <= alpha) for at, pair in enumerate(pairs)]


def _time(pair: Pair, metric: Metric, rejected: bool) -> Compared:
    base, head = float(np.median(pair.below)), float(np.median(pair.above))
    ratio = head / base if 0 < base < math.inf and head < math.inf else None
    verdict = "unclear"
    if rejected and max(base, head) > min(base, head) * (1 + metric.tie_zone):
        verdict = word(head > base, metric.better, duration=True)
    return Compared(pair, METHODS["time_to"], ratio, verdict=verdict)
