"""Three or more arms in the same blocks: one spread of all, and intervals that hold at once.

ln(number) = arm + block + what is left, fitted by least squares (the two-way additive model of
randomised complete blocks). Pure: logarithms and counts in. It supposes that what is left scatters
alike in all arms; which metrics that is said of stands in `bench.model.metric.LIKE_SPREAD`.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import optimize, special, stats

from bench.analysis.stats import Floats

MIN_ARMS = 3
NODES = 128
FARTHEST = 8.5  # standard deviations: 2e-17 of a normal distribution lies beyond
LEFT_OUT = 1e-13  # of χ² at either end


def residual_df(arms: int, blocks: int) -> int:
    """Degrees of freedom of what arm and block leave: (arms - 1)·(blocks - 1)."""
    return (arms - 1) * (blocks - 1)


def residual_error(logs: Floats) -> Floats:
    """(…,) standard errors of a difference of two arms, from (…, arms, blocks) logarithms.

    √(2·s²/blocks), s² = Σ r² ÷ `residual_df`; r is the logarithm less the mean of its arm and that
    of its block, plus the mean of all.
    """
    arms, blocks = logs.shape[-2:]
    of_arm, of_block = logs.mean(axis=-1, keepdims=True), logs.mean(axis=-2, keepdims=True)
    left = logs - of_arm - of_block + logs.mean(axis=(-2, -1), keepdims=True)
    variance = (left**2).sum(axis=(-2, -1)) / residual_df(arms, blocks)
    return np.asarray(np.sqrt(2 * variance / blocks), np.float64)


@lru_cache(maxsize=256)
def tukey_level(arms: int, df: int, alpha: float = 0.05) -> float:
    """The alpha of each pair's t-interval at which those of all pairs cover at once with 1 - alpha.

    2·P(T(df) > q/√2), q being the studentized range of `arms` means with `df` (Tukey 1953; Hsu
    1996, Multiple Comparisons). `df` is that of the residual; for three arms or more.
    """

    def covered(half: float) -> float:
        return float(stats.studentized_range.cdf(half * math.sqrt(2), arms, df))

    return _level(covered, arms * (arms - 1) // 2, df, alpha)


@lru_cache(maxsize=256)
def dunnett_level(heads: int, df: int, alpha: float = 0.05) -> float:
    """The same for the pairs of two or more heads with one base (Dunnett 1955; Hsu 1996)."""

    def covered(half: float) -> float:
        return beside_one(half, heads, df)

    return _level(covered, heads, df, alpha)


def _level(covered: Callable[[float], float], pairs: int, df: int, alpha: float) -> float:
    """The level between that of one pair alone and that of Bonferroni."""
    low, high = (float(stats.t.ppf(1 - alpha / (2 * count), df)) for count in (1, pairs))
    critical = float(optimize.brentq(lambda half: covered(half) - (1 - alpha), low, high))
    return 2 * float(stats.t.sf(critical, df))


def beside_one(half: float, heads: int, df: int) -> float:
    """P(|T₁| ≤ half, …, |T_heads| ≤ half) of the multivariate t with `df` and ρ = 0.5.

    For a given z of the base and s = √(χ²(df)/df) the heads are independent (Dunnett 1955), so it
    is the mean over z and s of (cdf(z + √2·half·s) - cdf(z - √2·half·s))^heads, by Gauss-Legendre.
    scipy's multivariate t is drawn at random and would not give the same digits twice.
    """
    z, z_weights = _nodes(-FARTHEST, FARTHEST)
    ends = np.log(stats.chi2.ppf(LEFT_OUT, df)), np.log(stats.chi2.isf(LEFT_OUT, df))
    log_x, x_weights = _nodes(float(ends[0]), float(ends[1]))
    x = np.exp(log_x)
    reach = math.sqrt(2) * half * np.sqrt(x / df)[:, np.newaxis]
    within = special.ndtr(z + reach) - special.ndtr(z - reach)
    normal = z_weights * stats.norm.pdf(z)
    return float((x_weights * stats.chi2.pdf(x, df) * x) @ within**heads @ normal)


def _nodes(low: float, high: float) -> tuple[Floats, Floats]:
    """Where to look between two ends, and the weight of each place."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    middle, half = (high + low) / 2, (high - low) / 2
    return np.asarray(middle + half * places, np.float64), np.asarray(half * weights, np.float64)
