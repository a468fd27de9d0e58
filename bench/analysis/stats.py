"""Intervals, families of comparisons and the smallest detectable change; no files, no state.

The unit is the block: one number per arm and block, compared on the log scale within the block.
"""

import math
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
    difference: Floats = np.log(above) - np.log(below)
    return difference


def log_ratio_sd(base: Sequence[float], head: Sequence[float]) -> float:
    """Standard deviation (n - 1) of the paired log-ratios: the noise that blocks leave."""
    return float(np.std(log_ratios(base, head), ddof=1))


def paired_ratio(base: Sequence[float], head: Sequence[float], alpha: float = 0.05) -> Ratio:
    """Geometric mean of head ÷ base with its 1 - alpha interval (Student 1908).

    exp(m ± t(1-α/2, n-1) · s/√n), m and s being the mean and the standard deviation of the
    log-ratios. At five blocks the percentile bootstrap covers 84 % instead of 95, this interval 95.
    """
    logs = log_ratios(base, head)
    n, mean = logs.size, float(logs.mean())
    if n < MIN_BLOCKS:
        return Ratio(math.exp(mean), None, None, n)
    half = float(stats.t.ppf(1 - alpha / 2, n - 1)) * float(logs.std(ddof=1)) / math.sqrt(n)
    return Ratio(math.exp(mean), math.exp(mean - half), math.exp(mean + half), n)


def paired_p(base: Sequence[float], head: Sequence[float]) -> float:
    """Two-sided p of "no difference" by the paired t-test, which `paired_ratio` inverts.

    2·P(T > |m|·√n/s), T with n - 1 degrees of freedom, m and s of the log-ratios. ValueError below
    three blocks.
    """
    logs = log_ratios(base, head)
    if logs.size < MIN_BLOCKS:
        raise ValueError(f"a test needs {MIN_BLOCKS} blocks")
    mean, sd = abs(float(logs.mean())), float(logs.std(ddof=1))
    if sd == 0:
        return 0.0 if mean else 1.0
    return float(2 * stats.t.sf(mean * math.sqrt(logs.size) / sd, logs.size - 1))


@dataclass(frozen=True)
class _Apart:
    """The difference of the mean logarithms of two unpaired samples, head - base.

    With its standard error and degrees of freedom.
    """

    mean: float
    error: float
    df: float


def _apart(base: Sequence[float], head: Sequence[float]) -> _Apart:
    """df = (a + b)² / (a²/(n-1) + b²/(m-1)), a and b being the squared standard errors.

    Welch 1947, Satterthwaite 1946.
    """
    below, above = (np.log(np.asarray(values, dtype=np.float64)) for values in (base, head))
    a, b = (float(logs.var(ddof=1)) / logs.size for logs in (below, above))
    df = (
        (a + b) ** 2 / (a**2 / (below.size - 1) + b**2 / (above.size - 1))
        if a + b
        else float(below.size + above.size - 2)
    )
    return _Apart(float(above.mean() - below.mean()), math.sqrt(a + b), df)


def welch_ratio(base: Sequence[float], head: Sequence[float], alpha: float = 0.05) -> Ratio:
    """Geometric mean of head over that of base with Welch's 1 - alpha interval on the log scale.

    For blocks that were not interleaved and so are no pairs; no interval below three blocks.
    """
    blocks = min(len(base), len(head))
    if blocks < MIN_BLOCKS:
        return Ratio(
            math.exp(float(np.mean(np.log(head)) - np.mean(np.log(base)))), None, None, blocks
        )
    apart = _apart(base, head)
    half = float(stats.t.ppf(1 - alpha / 2, apart.df)) * apart.error
    return Ratio(
        math.exp(apart.mean), math.exp(apart.mean - half), math.exp(apart.mean + half), blocks
    )


def welch_p(base: Sequence[float], head: Sequence[float]) -> float:
    """Two-sided p of "no difference" of two unpaired samples of positive numbers.

    Welch's t-test on the log scale, which `welch_ratio` inverts.
    """
    apart = _apart(base, head)
    if apart.error == 0:
        return 0.0 if apart.mean else 1.0
    return float(2 * stats.t.sf(abs(apart.mean) / apart.error, apart.df))


def welch_detectable(
    base: Sequence[float], head: Sequence[float], alpha: float = 0.05, power: float = 0.9
) -> float | None:
    """`smallest_detectable` for blocks that are no pairs.

    exp(λ·error) - 1 at Welch's degrees of freedom.
    """
    if min(len(base), len(head)) < MIN_BLOCKS:
        return None
    apart = _apart(base, head)
    return math.expm1(_noncentrality(apart.df, alpha, power) * apart.error)


def rank_p(base: Sequence[float], head: Sequence[float]) -> float:
    """Two-sided p of the rank sum by permutation (Wilcoxon 1945, Gehan 1965).

    `inf` stands for "not within the horizon" and ties at the top. Exact up to eight blocks, then
    20,000 seeded permutations. Needs no mean, which a censored time does not have. It leaves the
    pairing unused: that costs power where blocks are alike within, and no false alarms.
    """
    ranks = stats.rankdata(
        np.concatenate([np.asarray(base, dtype=np.float64), np.asarray(head, dtype=np.float64)])
    )
    groups = (ranks[: len(base)], ranks[len(base) :])
    result = stats.permutation_test(
        groups, _sum_of_first, vectorized=True, n_resamples=RESAMPLES, rng=np.random.default_rng(0)
    )
    return float(result.pvalue)


def _sum_of_first(first: Floats, second: Floats, axis: int = -1) -> Floats:
    total: Floats = np.sum(first, axis=axis)
    return total


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given (Holm 1979).

    The running maximum of (m - i + 1)·p(i), at most 1.
    """
    m, worst = len(p_values), 0.0
    adjusted = [0.0] * m
    for step, at in enumerate(np.argsort(p_values, kind="stable")):
        worst = max(worst, min(1.0, (m - step) * p_values[at]))
        adjusted[at] = worst
    return adjusted


def holm_levels(p_values: Sequence[float], alpha: float = 0.05) -> list[float]:
    """The alpha of each pair's interval, so that it excludes 1 exactly where Holm rejects.

    The i-th smallest of m p-values is tested at α/(m - i + 1); from the first that is not rejected
    on, all keep its level. So any false rejection among the pairs has a probability of at most
    alpha; that all intervals cover at once is not claimed.
    """
    m = len(p_values)
    level, stopped = alpha, False
    levels = [alpha] * m
    for step, at in enumerate(np.argsort(p_values, kind="stable")):
        if not stopped:
            level = alpha / (m - step)
            stopped = p_values[at] > level
        levels[at] = level
    return levels


def smallest_detectable(
    sd: float, blocks: int, alpha: float = 0.05, power: float = 0.9
) -> float | None:
    """The relative change (0.05 = 5 %) that a paired t-test finds with this power.

    exp(λ·sd/√n) - 1, None below three blocks. `sd` is that of the log-ratios; λ solves
    P(T'(n-1, λ) > t(1-α/2, n-1)) = power with the noncentral t (Johnson & Welch 1940). The tail on
    the wrong side is left out: it would count a change seen with the wrong sign as found.
    """
    if blocks < MIN_BLOCKS:
        return None
    return math.expm1(_noncentrality(blocks - 1, alpha, power) * sd / math.sqrt(blocks))


def blocks_needed(
    sd: float, change: float, alpha: float = 0.05, power: float = 0.9, at_most: int = 4096
) -> int | None:
    """The number of blocks at which `smallest_detectable` comes down to this change.

    None if that takes more than `at_most`.
    """

    def enough(blocks: int) -> bool:
        detectable = smallest_detectable(sd, blocks, alpha, power)
        return detectable is not None and detectable <= change

    if not enough(at_most):
        return None
    low, high = MIN_BLOCKS - 1, at_most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def exact_bounds(hits: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of the share hits ÷ of (Clopper & Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, hits, of - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf(1 - tail, hits + 1, of - hits)) if hits < of else 1.0
    return low, high


def sd_allowed(change: float, blocks: int, alpha: float = 0.05, power: float = 0.9) -> float | None:
    """The largest sd of the log-ratios at which so many blocks show this change.

    None below three blocks.
    """
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
    if ratio.low > 1 and ratio.ratio > zone_high:
        return word(True, better, duration)
    if ratio.high < 1 and ratio.ratio < zone_low:
        return word(False, better, duration)
    return "unclear"


def word(larger: bool, better: Better, duration: bool = False) -> Classified:
    """The word for a head whose value is decidedly larger, or smaller, than the base's."""
    if better == "higher":
        return "faster" if larger else "slower"
    if duration:
        return "slower" if larger else "faster"
    return "more" if larger else "less"
