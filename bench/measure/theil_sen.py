"""How fast something grows: the slope of Theil and Sen, which a few odd samples do not move.

Without scipy, for it is computed beside what is measured.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PIECES = 30
Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Slope:
    """Growth per second, in the unit of the values, with its 95 % interval."""

    per_s: float
    low: float
    high: float


def slope(seconds: npt.ArrayLike, values: npt.ArrayLike) -> Slope | None:
    """The slope of (samples,) values over (samples,) seconds, ascending; NaN values are left out.

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
