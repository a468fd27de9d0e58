"""Intervals, families of comparisons and the smallest detectable change; no files, no state.

The unit is the block: one number per arm and block, compared on the log scale within the block.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.model.metric import Better

Classified = Literal["tie", "faster", "slower", "more", "less", "unclear"]
Floats = npt.NDArray[np.float64]

MIN_BLOCKS = 3
RESAMPLES = 20_000


@dataclass(frozen=True)
class Ratio:
    """Head over base with its t-interval; `low` and `high` are None below three blocks."""

    ratio: float
    low: float | None
    high: float | None
    blocks: int


def log_ratios(base: Sequence[float], head: Sequence[float]) -> Floats:
    """(blocks,) ln(head ÷ base).

    ValueError if the blocks do not pair up or a value has no logarithm.
    """
    below, above = np.asarray(base, dtype=np.float64), np.asarray(head, dtype=np.float64)
    if below.shape != above.shape or not below.size:
        raise ValueError("base and head need one number each per block")
    both = np.concatenate([below, above])
    if not (np.isfinite(both).all() and (both > 0).all()):
        raise ValueError("a log-ratio needs positive, finite values")
    # A difference of logarithms is exactly 0 for equal values, and only its sign changes when the
    # arms change places.
    return np.asarray(np.log(above) - np.log(below), np.float64)


def log_ratio_sd(base: Sequence[float], head: Sequence[float]) -> float:
    """Standard deviation (n - 1) of the paired log-ratios: the noise that blocks leave."""
    return float(np.std(log_ratios(base, head), ddof=1))


@dataclass(frozen=True)
class LogDifference:
    """The mean of ln(head) - ln(base) with its standard error; below three blocks only the mean."""

    mean: float
    error: float
    df: float
    blocks: int

    def ratio(self, alpha: float = 0.05) -> Ratio:
        """Geometric mean of head ÷ base with its 1 - alpha interval: exp(m ± t(1-α/2, df)·error).

        At five blocks the percentile bootstrap covers 84 % instead of 95, this interval 95.
        """
        if self.blocks < MIN_BLOCKS:
            return Ratio(math.exp(self.mean), None, None, self.blocks)
        half = float(stats.t.ppf(1 - alpha / 2, self.df)) * self.error
        low, high = math.exp(self.mean - half), math.exp(self.mean + half)
        return Ratio(math.exp(self.mean), low, high, self.blocks)

    def p(self) -> float:
        """Two-sided p of "no difference" by the test that `ratio` inverts: 2·P(T > |m| ÷ error).

        ValueError below three blocks.
        """
        if self.blocks < MIN_BLOCKS:
            raise ValueError(f"a test needs {MIN_BLOCKS} blocks")
        if self.error == 0:
            return 0.0 if self.mean else 1.0
        return float(2 * stats.t.sf(abs(self.mean) / self.error, self.df))

    def detectable(self, alpha: float = 0.05, power: float = 0.9) -> float | None:
        """`smallest_detectable` with this error: exp(λ·error) - 1, None below three blocks."""
        return (
            math.expm1(_noncentrality(self.df, alpha, power) * self.error)
            if self.blocks >= MIN_BLOCKS
            else None
        )


def paired(base: Sequence[float], head: Sequence[float]) -> LogDifference:
    """Of interleaved blocks, by the log-ratio of each (Student 1908)."""
    logs = log_ratios(base, head)
    n = logs.size
    error = float(logs.std(ddof=1)) / math.sqrt(n) if n >= MIN_BLOCKS else math.nan
    return LogDifference(float(logs.mean()), error, n - 1, n)


def unpaired(base: Sequence[float], head: Sequence[float]) -> LogDifference:
    """Of positive numbers of blocks that were not interleaved and so are no pairs.

    df = (a + b)² / (a²/(n-1) + b²/(m-1)), a and b being the squared standard errors (Welch 1947,
    Satterthwaite 1946).
    """
    below, above = (np.log(np.asarray(values, dtype=np.float64)) for values in (base, head))
    mean, blocks = float(above.mean() - below.mean()), min(below.size, above.size)
    if blocks < MIN_BLOCKS:
        return LogDifference(mean, math.nan, math.nan, blocks)
    a, b = (float(logs.var(ddof=1)) / logs.size for logs in (below, above))
    df = (
        (a + b) ** 2 / (a**2 / (below.size - 1) + b**2 / (above.size - 1))
        if a + b
        else float(below.size + above.size - 2)
    )
    return LogDifference(mean, math.sqrt(a + b), df, blocks)


def rank_p(base: Sequence[float], head: Sequence[float]) -> float:
    """Two-sided p of the rank sum by permutation (Wilcoxon 1945, Gehan 1965).

    `inf` stands for "not within the horizon" and ties at the top. Exact up to eight blocks, then
    20,000 seeded permutations. Needs no mean, which a censored time does not have. It leaves the
    pairing unused: that costs power where blocks are alike within, and no false alarms.
    """
    ranks = stats.rankdata(np.concatenate([base, head]))
    result = stats.permutation_test(
        (ranks[: len(base)], ranks[len(base) :]),
        _sum_of_first,
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def _sum_of_first(first: Floats, second: Floats, axis: int = -1) -> Floats:
    return np.asarray(first.sum(axis=axis), np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, as given (Holm 1979): the running maximum of (m - i + 1)·p(i), to 1."""
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1) * np.asarray(p_values, dtype=np.float64)[order]
    adjusted = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(adjusted[place]) for place in np.argsort(order)]


def holm_levels(p_values: Sequence[float], alpha: float = 0.05) -> list[float]:
    """The alpha of each pair's interval, so that it excludes 1 exactly where Holm rejects.

    The i-th smallest of m p-values is tested at α/(m - i + 1); from the first that is not rejected
    on, all keep its level. So any false rejection among the pairs has a probability of at most
    alpha; that all intervals cover at once is not claimed.
    """
    m, order = len(p_values), np.argsort(p_values, kind="stable")
    kept = (step for step, at in enumerate(order) if p_values[at] > alpha / (m - step))
    last = next(kept, m - 1)
    levels = {at: alpha / (m - min(step, last)) for step, at in enumerate(order)}
    return [levels[at] for at in range(m)]


def smallest_detectable(
    sd: float, blocks: int, alpha: float = 0.05, power: float = 0.9
) -> float | None:
    """The relative change (0.05 = 5 %) that a paired t-test finds with this power.

    exp(λ·sd/√n) - 1, None below three blocks. `sd` is that of the log-ratios; λ solves
    P(T'(n-1, λ) > t(1-α/2, n-1)) = power with the noncentral t (Johnson & Welch 1940). The tail on
    the wrong side is left out: it would count a change seen with the wrong sign as found.
    """
    return (
        math.expm1(_noncentrality(blocks - 1, alpha, power) * sd / math.sqrt(blocks))
        if blocks >= MIN_BLOCKS
        else None
    )


def blocks_needed(
    sd: float, change: float, alpha: float = 0.05, power: float = 0.9, at_most: int = 4096
) -> int | None:
    """At how many blocks `smallest_detectable` is down to this change; None beyond `at_most`."""
    sizes = range(MIN_BLOCKS, at_most + 1)
    at = bisect_left(
        sizes,
        sd / math.log1p(change),
        key=lambda blocks: math.sqrt(blocks) / _noncentrality(blocks - 1, alpha, power),
    )
    return sizes[at] if at < len(sizes) else None


def sd_allowed(change: float, blocks: int, alpha: float = 0.05, power: float = 0.9) -> float | None:
    """The largest sd at which so many blocks show this change; None below three blocks."""
    return (
        math.log1p(change) * math.sqrt(blocks) / _noncentrality(blocks - 1, alpha, power)
        if blocks >= MIN_BLOCKS
        else None
    )


@lru_cache(maxsize=256)
def _noncentrality(df: float, alpha: float, power: float) -> float:
    """λ at which P(T'(df, λ) > t(1-α/2, df)) = power, from above and to 1e-6."""
    # Not brentq: stored figures hold nine digits of what this bisection gives.
    critical = float(stats.t.ppf(1 - alpha / 2, df))

    def too_small(shift: float) -> bool:
        return float(stats.nct.sf(critical, df, shift)) < power

    low, high = 0.0, max(critical, 1.0)
    while too_small(high):
        low, high = high, 2 * high
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if too_small(middle) else (low, middle)
    return high


def classify(ratio: Ratio, tie_zone: float, better: Better, duration: bool = False) -> Classified:
    """The verdict on head beside base.

    `tie` if the interval lies in [1/(1+tie_zone), 1+tie_zone]; a word if it excludes 1 and the
    estimate lies outside of the zone; else `unclear`. The zone is symmetric on the log scale, so a
    pair is judged alike whichever arm is the base. Words: `faster`/`slower` for rates (better:
    higher) and durations, `less`/`more` for memory, CPU and the rest.
    """
    if ratio.low is None or ratio.high is None:
        return "unclear"
    zone_low, zone_high = 1 / (1 + tie_zone), 1 + tie_zone
    if zone_low <= ratio.low and ratio.high <= zone_high:
        return "tie"
    larger = ratio.low > 1 and ratio.ratio > zone_high
    if larger or (ratio.high < 1 and ratio.ratio < zone_low):
        return word(larger, better, duration)
    return "unclear"


def word(larger: bool, better: Better, duration: bool = False) -> Classified:
    """The word for a head whose value is decidedly larger, or smaller, than the base's."""
    if better == "higher" or duration:
        return "faster" if larger == (better == "higher") else "slower"
    return "more" if larger else "less"
