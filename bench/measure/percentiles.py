"""Percentiles that stand on enough samples, or none.

Apart from stats.py, because a measuring process must not carry scipy.
"""

import math

import numpy as np
import numpy.typing as npt

MIN_BEYOND = 10


def percentile(values: npt.ArrayLike, p: float) -> float:
    """The nearest-rank percentile of (n,) values, always one of them; ValueError if n is 0.

    It is the value of rank ⌈p·n/100⌉ (Hyndman & Fan 1996, definition 1).
    """
    samples = np.asarray(values).ravel()
    at = _rank(samples.size, p) - 1
    return float(np.partition(samples, at)[at])


def percentile_if_supported(
    values: npt.ArrayLike, p: float, beyond: int = MIN_BEYOND
) -> float | None:
    """The percentile, or None unless at least `beyond` samples rank above it.

    With ten, P99 needs 1,000 samples and P99.9 needs 10,000.
    """
    samples = np.asarray(values).ravel()
    if not samples.size or samples.size - _rank(samples.size, p) < beyond:
        return None
    return percentile(samples, p)


def _rank(n: int, p: float) -> int:
    if not n:
        raise ValueError("no percentile of nothing")
    if not 0 <= p <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {p}")
    # 99.9 has no exact binary form: unrounded, a rank could slip by one.
    return max(1, math.ceil(round(p * n / 100, 6)))
