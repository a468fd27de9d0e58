"""Every pair of arms per scenario, case and metric, compared from measures.csv alone.

One number per arm and block; blocks are paired, never pooled. The family of Holm's correction is
all pairs of one metric in one case.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from bench.analysis.stats import (
    MIN_BLOCKS,
    Ratio,
    classify,
    holm,
    holm_levels,
    log_ratio_sd,
    paired_p,
    paired_ratio,
    rank_p,
    smallest_detectable,
    welch_detectable,
    welch_p,
    welch_ratio,
    word,
)
from bench.base.errors import UsageError
from bench.model.metric import METRICS, Metric
from bench.record.store import COMPARISON_COLUMNS

# What a kind of metric is compared by; all else is no number of that block.
USABLE = {"ratio": ("ok",), "count": ("ok", "wrong"), "time_to": ("ok", "beyond")}
# How each kind is decided, as comparisons.csv has it in `method`; Holm's correction over all pairs.
METHODS = {"ratio": "paired t, Holm", "count": "difference", "time_to": "ranks, Holm"}
WELCH = "Welch's t, Holm"  # of ratios where blocks are no pairs
# Blocks that fall out for these are the bad ones of an arm: what is left flatters it.
CENSORED = ("beyond", "unbounded")


@dataclass(frozen=True)
class TimeTo:
    """In how many of the blocks an event came within the horizon, and the median time to it in s.

    The median is `inf` if it lies beyond the horizon, NaN without any block.
    """

    within: int
    blocks: int
    median: float


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

    def p(self) -> float:
        """Two-sided p of "no difference", for a `ratio` metric."""
        return (
            paired_p(self.below, self.above)
            if self.interleaved
            else welch_p(self.below, self.above)
        )

    def ratio(self, alpha: float) -> Ratio:
        """Head ÷ base with its 1 - alpha interval, for a `ratio` metric."""
        return (paired_ratio if self.interleaved else welch_ratio)(self.below, self.above, alpha)

    def detectable(self, alpha: float) -> float | None:
        """The smallest change (0.05 = 5 %) found nine times in ten; None below three blocks."""
        if not self.interleaved:
            return welch_detectable(self.below, self.above, alpha)
        return smallest_detectable(log_ratio_sd(self.below, self.above), self.blocks, alpha)

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
    rows: list[tuple[str | float, ...]] = []
    for scenario, case, metric, group in _groups(measures[measures["stands"] == 1]):
        pairs = list(_pairs(group, metric, guarantees or {}))
        for pair, result in zip(pairs, compare_pairs(pairs, metric, alpha), strict=True):
            where = (scenario, case, metric.name, pair.base, pair.head)
            rows.append((*where, *_numbers(pair, result)))
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _numbers(pair: Pair, result: Compared) -> tuple[str | float, ...]:
    """The columns `ratio` to `verdict`; NaN for what there is none of."""
    ratio, low, high, detectable = (
        math.nan if value is None else value
        for value in (result.ratio, result.low, result.high, result.smallest_detectable)
    )
    return ratio, low, high, result.method, pair.blocks, detectable, result.verdict


def refuse_unknown(measures: pd.DataFrame) -> None:
    """UsageError if measures.csv has a metric that this version does not know."""
    unknown = sorted(set(measures["metric"]) - set(METRICS))
    if unknown:
        raise UsageError(
            f"measures.csv holds the unknown metric {unknown[0]}: `bench measure` makes it anew"
        )


def time_to(group: pd.DataFrame) -> TimeTo:
    """`TimeTo` of one arm's rows of a `time_to` metric.

    Rows that are neither `ok` nor `beyond` do not count.
    """
    times = list(by_block(group, METRICS[str(group["metric"].iloc[0])]).values())
    return TimeTo(
        sum(map(math.isfinite, times)), len(times), float(np.median(times)) if times else math.nan
    )


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
            below, above = (
                [numbers[base][block] for block in blocks],
                [numbers[head][block] for block in blocks],
            )
            yield Pair(base, head, below, above, censored[base] or censored[head])


def is_censored(group: pd.DataFrame, metric: Metric) -> bool:
    """Whether bad blocks of an arm have no number, so that those that are left flatter it."""
    return metric.kind == "ratio" and bool(group["verdict"].isin(CENSORED).any())


def by_block(group: pd.DataFrame, metric: Metric) -> dict[tuple[str, int], float]:
    """(run, block) → the number of that block, in the metric's unit; `inf` for a time beyond.

    `group` has the rows that stand, of one arm.
    """
    usable = group[group["verdict"].isin(USABLE[metric.kind])]
    values = pd.to_numeric(usable["value"]).to_numpy(dtype=float)
    if metric.kind == "time_to":
        values = np.where(usable["verdict"] == "beyond", math.inf, values)
    keys = zip(usable["run"].astype(str), usable["block"].astype(int), strict=True)
    return {
        key: float(value) for key, value in zip(keys, values, strict=True) if not math.isnan(value)
    }


def compare_pairs(pairs: list[Pair], metric: Metric, alpha: float = 0.05) -> list[Compared]:
    """The result for each pair, in order; all pairs are the family of Holm's correction."""
    if metric.kind == "count":
        return [_difference(pair, metric) for pair in pairs]
    if metric.kind == "time_to":
        return _times(pairs, metric, alpha)
    return _ratios(pairs, metric, alpha)


def _ratios(pairs: list[Pair], metric: Metric, alpha: float) -> list[Compared]:
    usable = [min(*pair.below, *pair.above) > 0 for pair in pairs]
    family = [at for at, pair in enumerate(pairs) if usable[at] and pair.blocks >= MIN_BLOCKS]
    levels = dict(zip(family, holm_levels([pairs[at].p() for at in family], alpha), strict=True))
    results = []
    for at, pair in enumerate(pairs):
        method = METHODS["ratio"] if pair.interleaved else WELCH
        if not usable[at]:
            # 0 has no logarithm, and leaving its block out would favour one arm.
            results.append(Compared(method))
            continue
        ratio = pair.ratio(levels.get(at, alpha))
        detectable = pair.detectable(alpha / len(family)) if at in levels else None
        verdict = _verdict(pair, ratio, metric)
        results.append(Compared(method, ratio.ratio, ratio.low, ratio.high, detectable, verdict))
    return results


def _verdict(pair: Pair, ratio: Ratio, metric: Metric) -> str:
    return (
        "unclear"
        if pair.censored
        else classify(ratio, metric.tie_zone, metric.better, _is_duration(metric))
    )


def _is_duration(metric: Metric) -> bool:
    # CPU time is an amount that is spent, not a time that someone waits for.
    return metric.unit in ("s", "ms") and "_cpu_" not in metric.name


def _difference(pair: Pair, metric: Metric) -> Compared:
    """The mean difference of counts, and the smallest and largest one as its bounds.

    `tie` if no block differs by more than the tie zone; a word if the mean does and no block says
    the contrary.
    """
    differences = pair.differences()
    mean = math.fsum(differences) / len(differences)
    if pair.blocks < MIN_BLOCKS:
        return Compared(METHODS["count"], mean)
    low, high = min(differences), max(differences)
    if max(abs(low), abs(high)) <= metric.tie_zone:
        verdict = "tie"
    elif abs(mean) > metric.tie_zone and (low >= 0 or high <= 0):
        # More tasks lost are not `slower`, and fewer recovered neither.
        verdict = word(mean > 0, "none")
    else:
        verdict = "unclear"
    return Compared(METHODS["count"], mean, low, high, None, verdict)


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
    results = []
    for at, pair in enumerate(pairs):
        base, head = float(np.median(pair.below)), float(np.median(pair.above))
        ratio = head / base if 0 < base < math.inf and head < math.inf else None
        verdict = "unclear"
        if adjusted.get(at, 1.0) <= alpha and max(base, head) > min(base, head) * (
            1 + metric.tie_zone
        ):
            verdict = word(head > base, metric.better, duration=True)
        results.append(Compared(METHODS["time_to"], ratio, verdict=verdict))
    return results
