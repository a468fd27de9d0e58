"""Order statistics of a cell's samples: percentiles that stand on enough of them, and a slope.

Apart from stats.py, because a measuring process must not carry scipy.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MIN_BEYOND = 10
PIECES = 30
Z = 1.959964  # 95 %


def percentile(values: npt.ArrayLike, p: float) -> float:
    """The nearest-rank percentile of (n,) values, always one of them; ValueError if n is 0.

    It is the value of rank ⌈p·n/100⌉ (Hyndman & Fan 1996, definition 1).
    """
    samples = np.asarray(values).ravel()
    at = rank(samples.size, p) - 1
    return float(np.partition(samples, at)[at])


def percentile_if_supported(
    values: npt.ArrayLike, p: float, beyond: int = MIN_BEYOND
) -> float | None:
    """The percentile, or None unless at least `beyond` samples rank above it.

    With ten, P99 needs 1,000 samples and P99.9 needs 10,000.
    """
    samples = np.asarray(values).ravel()
    if not samples.size or samples.size - rank(samples.size, p) < beyond:
        return None
    return percentile(samples, p)


def rank(n: int, p: float) -> int:
    """The nearest rank of a percentile of n values, from 1 to n; ValueError if n is 0."""
    if not n:
        raise ValueError("no percentile of nothing")
    if not 0 <= p <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {p}")
    # 99.9 has no exact binary form: unrounded, a rank could slip by one.
    return max(1, math.ceil(round(p * n / 100, 6)))


@dataclass(frozen=True)
class Slope:
    """Growth per second, in the unit of the values, with its 95 % interval."""

    per_s: float
    low: float
    high: float


def slope(seconds: npt.ArrayLike, values: npt.ArrayLike) -> Slope | None:
    """How fast something grows, by Theil and Sen: a few odd samples do not move it.

    The slope of (samples,) values over (samples,) seconds, ascending; NaN values are left out.

    The samples are cut into 30 pieces of equal length, each with the mean of its times and the
    median of its values; None with fewer than 10 pieces that hold a sample. The slope is the median
    of the slopes of all pairs of pieces, its interval comes from Kendall's S under the normal
    approximation (Sen 1968). Pieces, because neighbouring samples resemble each other: taken one by
    one they would make the interval far too narrow.
    """
    x, y = _pieces(np.asarray(seconds, float), np.asarray(values, float))
    n = len(x)
    if n < 10:
        return None
    first, second = np.triu_indices(n, 1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    pairs = len(slopes)
    reach = Z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = max(0, round((pairs - reach) / 2)), min(pairs - 1, round((pairs + reach) / 2))
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def _pieces(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    there = ~np.isnan(y)
    x, y = x[there], y[there]
    if not len(x) or x[-1] <= x[0]:
        return x[:0], y[:0]
    which = np.minimum(((x - x[0]) / (x[-1] - x[0]) * PIECES).astype(int), PIECES - 1)
    present = np.unique(which)
    return np.array([x[which == piece].mean() for piece in present]), np.array(
        [np.median(y[which == piece]) for piece in present]
    )
