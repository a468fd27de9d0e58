"""One look at the log-ratios of paired blocks: an estimate and its interval, by t or by ranks.

Pure.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from bench.analysis.stats import MIN_BLOCKS


@dataclass(frozen=True)
class Estimate:
    """Estimate and interval of the log-ratio, or of the difference where the measure is a count.

    `low` and `high` are infinite where there are too few blocks. `sd` is the spread of the
    log-ratios between blocks; where ranks made the interval, the spread with which a t-interval
    would be as wide.
    """

    middle: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    sd: float = math.nan
    blocks: int = 0

    @property
    def bounded(self) -> bool:
        """Whether the blocks were enough for an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def within(self, asked: float, sign: int = 0) -> bool:
        """Whether the whole interval is nearer to no change than this; given `sign`, that side."""
        return (sign > 0 or -asked < self.low) and (sign < 0 or self.high < asked)

    def beyond(self) -> bool:
        """Whether the interval excludes "no change"."""
        return self.low > 0 or self.high < 0

    def leans(self, threshold: float, sign: int = 0) -> bool:
        """Whether a change beyond the threshold is likely, in the direction of `sign` if given.

        Then more blocks are worth their time.
        """
        same_side = not sign or self.middle * sign > 0
        return same_side and self.beyond() and abs(self.middle) > threshold


def look(logs: Sequence[float | None], tail: float, ranked: bool = False) -> Estimate:
    """Estimate and interval with the probability `tail` beyond each end of it.

    `logs`: one log-ratio per block, None where the block has no pair. `ranked`: by ranks, else
    by t.
    """
    known = [each for each in logs if each is not None]
    if len(known) < MIN_BLOCKS:
        return Estimate(math.fsum(known) / len(known) if known else 0.0, blocks=len(known))
    return _by_ranks(known, tail) if ranked else _by_t(known, tail)


def _by_t(known: Sequence[float], tail: float) -> Estimate:
    """Mean and t-interval."""
    n = len(known)
    mean = math.fsum(known) / n
    sd = math.sqrt(math.fsum((each - mean) ** 2 for each in known) / (n - 1))
    half = critical(n - 1, tail) * sd / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, sd, n)


def _by_ranks(known: Sequence[float], tail: float) -> Estimate:
    """Median of the means of all pairs, and the interval that inverts the signed-rank test.

    Wilcoxon 1945, Hodges & Lehmann 1963, Tukey 1949. Exact where head is as likely as base to be
    the larger by any amount, which is so for the same code measured in random order, whatever the
    tails.
    """
    n = len(known)
    walsh = sorted((known[i] + known[j]) / 2 for i in range(n) for j in range(i, n))
    count = len(walsh)
    middle = (walsh[(count - 1) // 2] + walsh[count // 2]) / 2
    left_out = signed_rank(n, tail)
    if left_out < 0:
        return Estimate(middle, blocks=n)
    low, high = walsh[left_out], walsh[count - 1 - left_out]
    return Estimate(middle, low, high, (high - low) / 2 * math.sqrt(n) / critical(n - 1, tail), n)


@lru_cache(maxsize=1024)
def critical(df: int, tail: float) -> float:
    """The t with the probability `tail` beyond it."""
    from scipy import stats

    return float(stats.t.isf(tail, df))


@lru_cache(maxsize=1024)
def signed_rank(n: int, tail: float) -> int:
    """The largest s that the sum of ranks on one side of 0 reaches or falls short of with
    probability `tail` at most, in n blocks whose sides are alike; -1 if there is none.
    """
    ways = [1]  # ways[s]: subsets of 1..n with the sum s
    for rank in range(1, n + 1):
        without, with_it = [*ways, *[0] * rank], [*[0] * rank, *ways]
        ways = [a + b for a, b in zip(without, with_it, strict=True)]
    return bisect_right(list(accumulate(ways)), tail * 2**n) - 1
