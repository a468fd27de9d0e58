"""Pairs of one metric in one case, decided together: what a verdict claims allows for all of them.

By what a family is decided follows from its metric, and from which arms have a number in which
block. It is never chosen by the numbers.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bench.analysis.block_model import (
    MIN_ARMS,
    dunnett_level,
    residual_df,
    residual_error,
    tukey_level,
)
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
from bench.model.metric import LIKE_SPREAD, Metric

# By what each kind is decided, as comparisons.csv has it in `method` ...
METHODS = {"ratio": "paired t, Holm", "count": "difference", "time_to": "ranks, Holm"}
# ... and ratios in other cases: of two runs, of three or more arms with a number in each block or
# without one in some.
WELCH = "Welch's t, Holm"
TUKEY, DUNNETT = "arm + block, Tukey", "arm + block, Dunnett"
INCOMPLETE = "paired t, Holm (incomplete blocks)"
ONE_FALSE = (
    "even one false verdict among the pairs of a measure in a case has a chance of 5 % at most"
)
AT_ONCE = "if the arms scatter alike, the intervals of a measure in a case hold at once with 95 %"
# What stands behind an interval or a verdict, in words for a reader.
MEANINGS = {
    METHODS["ratio"]: f"each pair by its own spread; {ONE_FALSE}",
    INCOMPLETE: f"each pair by its own spread, as an arm has no number in some block; {ONE_FALSE}",
    WELCH: f"each arm by its own spread, as the blocks are no pairs; {ONE_FALSE}",
    TUKEY: f"one spread for all arms; {AT_ONCE}",
    DUNNETT: f"one spread for all arms, each beside the same one; {AT_ONCE}",
    METHODS["count"]: "the smallest and the largest difference of a block, and no interval",
    METHODS["time_to"]: f"ranks, as a time may lie beyond the horizon; {ONE_FALSE}",
}


@dataclass(frozen=True)
class Pair:
    """The numbers of one metric of two arms, base `below` and head `above`.

    They are of the blocks that both have, (run, block) in `shared`; of two runs, whose blocks are
    not `interleaved`, of all blocks of each, and `shared` is None.
    """

    base: str
    head: str
    below: list[float]
    above: list[float]
    censored: bool
    shared: tuple[tuple[str, int], ...] | None

    @property
    def interleaved(self) -> bool:
        """Whether the numbers pair up block by block."""
        return self.shared is not None

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


def compare_pairs(pairs: list[Pair], metric: Metric, alpha: float = 0.05) -> list[Compared]:
    """The result for each pair, in order; all pairs are one family."""
    if metric.kind == "count":
        return [_difference(pair, metric) for pair in pairs]
    if metric.kind == "time_to":
        return _times(pairs, metric, alpha)
    method = _method(pairs, metric)
    if method in (TUKEY, DUNNETT):
        return _modelled(pairs, metric, method, alpha)
    return _one_by_one(pairs, metric, method, alpha)


def _method(pairs: list[Pair], metric: Metric) -> str:
    """What decides a family of ratios."""
    if not all(pair.interleaved for pair in pairs):
        return WELCH
    beside = [{pair.base, pair.head} for pair in pairs]
    many = len(set[str]().union(*beside)) >= MIN_ARMS
    enough = any(pair.blocks >= MIN_BLOCKS for pair in pairs)
    if not (many and enough and metric.name in LIKE_SPREAD):
        return METHODS["ratio"]
    # A cell is rarely missing by chance: mostly it was too slow, or the machine was disturbed. So
    # its block is not left out for all arms, and nothing is put in its place.
    if len({pair.shared for pair in pairs}) > 1 or not all(pair.is_positive for pair in pairs):
        return INCOMPLETE
    return DUNNETT if set.intersection(*beside) else TUKEY


def _modelled(pairs: list[Pair], metric: Metric, method: str, alpha: float) -> list[Compared]:
    """By arm + block: each pair's own estimate, with the spread of all arms around it.

    The simultaneous interval alone decides. Arms of unlike guarantee, which make no pair, count
    among the arms of Tukey's all the same: that errs on the safe side.
    """
    numbers = {pair.base: pair.below for pair in pairs} | {pair.head: pair.above for pair in pairs}
    logs = np.log(np.array(list(numbers.values()), dtype=np.float64))
    error, df = float(residual_error(logs)), residual_df(*logs.shape)
    level = (
        dunnett_level(len(pairs), df, alpha)
        if method == DUNNETT
        else tukey_level(len(numbers), df, alpha)
    )
    return [
        _ratio(pair, replace(pair.logs, error=error, df=df), method, metric, level, level)
        for pair in pairs
    ]


def _one_by_one(pairs: list[Pair], metric: Metric, method: str, alpha: float) -> list[Compared]:
    """By the spread of each pair, at the levels that Holm gives them."""
    family = [at for at, pair in enumerate(pairs) if pair.is_positive and pair.blocks >= MIN_BLOCKS]
    levels = dict(
        zip(family, holm_levels([pairs[at].logs.p() for at in family], alpha), strict=True)
    )
    strictest = alpha / max(len(family), 1)
    return [
        _ratio(pair, pair.logs, method, metric, levels.get(at, alpha), strictest)
        if pair.is_positive
        # 0 has no logarithm, and leaving its block out would favour one arm.
        else Compared(pair, method)
        for at, pair in enumerate(pairs)
    ]


def _ratio(
    pair: Pair, logs: LogDifference, method: str, metric: Metric, level: float, strictest: float
) -> Compared:
    ratio, detectable = logs.ratio(level), logs.detectable(strictest)
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
