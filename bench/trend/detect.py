"""Where a series of nights changed its level.

ruptures proposes the nights (least squares with a penalty, exact) and a test of ours decides: it
takes into account that neighbouring nights resemble each other, and that a night was chosen because
it looked like a step. See docs/decisions/0024-change-points.md.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIN_SIDE = 3  # nights on each side of a step: one bad night, or two, is none
MIN_POINTS = 2 * MIN_SIDE
# How much a night resembles the one before, as a first-order autoregression: machines drift.
PHI = 0.6
ALPHA = 0.05  # chance of a false step in a series without any, however long it is
LONGEST = 200  # nights; beyond it the null distribution hardly changes
TRIALS = 2_000
EAGER = 0.5  # the penalty of a proposal, in ln n: too many are proposed rather than too few


def steps(values: Sequence[float], zone: float) -> list[tuple[int, float]]:
    """(index of the first night after the step, p) of each step in a series of nights.

    None within the tie zone `zone`, which is on the scale of `values`; none below six nights.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.size < MIN_POINTS:
        return []
    candidates = _proposed(series)
    while candidates:
        stretches = np.split(series, candidates)
        judged = [
            (_p(before, after), abs(float(after.mean() - before.mean())), night)
            for before, night, after in zip(stretches[:-1], candidates, stretches[1:], strict=True)
        ]
        failing = [(p, -size, night) for p, size, night in judged if p > ALPHA or size <= zone]
        if not failing:
            return [(night, p) for p, _, night in judged]
        # The weakest goes first: its neighbours then have more nights to stand on.
        candidates.remove(max(failing)[2])
    return []


def _proposed(series: Floats) -> list[int]:
    import ruptures

    # The median of the differences does not see the steps; without any noise at all each
    # of them is one.
    typical = float(np.median(np.abs(np.diff(series))))
    noise = typical / 0.6745 / math.sqrt(2 * (1 - PHI)) or float(np.std(series))
    if noise < 1e-12:
        return []
    search = ruptures.KernelCPD(kernel="linear", min_size=MIN_SIDE, jump=1).fit(
        (series / noise).reshape(-1, 1)
    )
    return [int(night) for night in search.predict(pen=EAGER * math.log(series.size))[:-1]]


def _p(before: Floats, after: Floats) -> float:
    """p of "no step": how often a series without one shows one that stands out as much; never 0.

    The series is as long as both sides together, and is judged at its likeliest night.
    """
    null = _null(min(before.size + after.size, LONGEST))
    return float((1 + np.count_nonzero(null >= _standing_out(before, after))) / (1 + null.size))


def _standing_out(before: Floats, after: Floats) -> float:
    """The difference of the means over its standard error, for autocorrelated nights."""
    difference = abs(float(after.mean() - before.mean()))
    within = float(np.square(before - before.mean()).sum() + np.square(after - after.mean()).sum())
    sd = math.sqrt(within / (before.size + after.size - 2))
    error = sd * math.sqrt(_of_mean(before.size) + _of_mean(after.size))
    if error < 1e-12:
        return math.inf if difference > 1e-12 else 0.0
    return difference / error


@lru_cache(maxsize=512)
def _of_mean(n: int) -> float:
    """Variance of the mean of n nights over that of one (Bartlett 1946).

    (n + 2·Σ (n - k)·φ^k) ÷ n², k from 1 to n - 1.
    """
    lags = np.arange(1, n)
    return float((n + 2 * np.sum((n - lags) * PHI**lags)) / n**2)


@lru_cache(maxsize=256)
def _null(n: int) -> Floats:
    """(TRIALS,) the largest `_standing_out` over all nights of seeded series without a step."""
    noise = np.random.default_rng(n).standard_normal((TRIALS, n))
    for night in range(1, n):
        noise[:, night] = PHI * noise[:, night - 1] + math.sqrt(1 - PHI**2) * noise[:, night]
    places = np.arange(MIN_SIDE, n - MIN_SIDE + 1)
    sums, squares = np.cumsum(noise, axis=1), np.cumsum(noise**2, axis=1)[:, -1:]
    first, second = sums[:, places - 1], sums[:, -1:] - sums[:, places - 1]
    within = squares - first**2 / places - second**2 / (n - places)
    error = np.sqrt(within / (n - 2)) * np.sqrt(
        [_of_mean(int(k)) + _of_mean(int(n - k)) for k in places]
    )
    largest: Floats = np.max(np.abs(second / (n - places) - first / places) / error, axis=1)
    return largest
