"""Where a series of nights changed its level. Pure: numbers in, places out.

ruptures proposes the places (least squares with a penalty, exact), a test of ours disposes: it knows that neighbouring nights resemble each other,
and that the place was chosen because it looked like a step. See docs/decisions/0024-change-points.md.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIN_SIDE = 3  # nights on each side of a step: one bad night, or two, is none
MIN_POINTS = 2 * MIN_SIDE
PHI = 0.6  # how much a night resembles the one before, as a first-order autoregression: machines drift
ALPHA = 0.05  # chance of a false step in a series without any, however long it is
LONGEST = 200  # nights; beyond it the null distribution hardly changes
TRIALS = 2_000
EAGER = 0.5  # the penalty of a proposal, in ln n: too many are proposed rather than too few


def steps(values: Sequence[float], zone: float) -> list[tuple[int, float]]:
    """(place of the first night after the step, p) for each; none within the tie zone `zone`, none below six nights."""
    series = np.asarray(values, dtype=np.float64)
    if series.size < MIN_POINTS:
        return []
    places = _proposed(series)
    while places:
        judged = [
            (_p(*sides), abs(float(sides[1].mean() - sides[0].mean())), place)
            for place in places
            for sides in (_beside(series, places, place),)
        ]
        failing = [(p, -size, place) for p, size, place in judged if p > ALPHA or size <= zone]
        if not failing:
            return [(place, p) for p, _, place in judged]
        # The weakest goes first: its neighbours then have more nights to stand on.
        places.remove(max(failing)[2])
    return []


def _beside(series: Floats, places: Sequence[int], place: int) -> tuple[Floats, Floats]:
    """The nights from the step before to this one, and from this one to the next."""
    at = places.index(place)
    start, end = (
        (places[at - 1] if at else 0),
        (places[at + 1] if at + 1 < len(places) else series.size),
    )
    return series[start:place], series[place:end]


def _proposed(series: Floats) -> list[int]:
    import ruptures

    differences = np.abs(np.diff(series))
    # The median does not see the steps; without any noise at all every difference is one.
    noise = float(np.median(differences)) / 0.6745 / math.sqrt(2 * (1 - PHI)) or float(
        np.std(series)
    )
    if noise < 1e-12:
        return []
    search = ruptures.KernelCPD(kernel="linear", min_size=MIN_SIDE, jump=1).fit(
        (series / noise).reshape(-1, 1)
    )
    return [int(place) for place in search.predict(pen=EAGER * math.log(series.size))[:-1]]


def _p(before: Floats, after: Floats) -> float:
    """How often a series of this length without a step shows, at its likeliest place, one that stands out as much; never 0."""
    null = _null(min(before.size + after.size, LONGEST))
    return float((1 + np.count_nonzero(null >= _standing_out(before, after))) / (1 + null.size))


def _standing_out(before: Floats, after: Floats) -> float:
    """The difference of the means over its standard error, for nights that resemble each other."""
    difference = abs(float(after.mean() - before.mean()))
    within = float(np.square(before - before.mean()).sum() + np.square(after - after.mean()).sum())
    sd = math.sqrt(within / (before.size + after.size - 2))
    error = sd * math.sqrt(_of_mean(before.size) + _of_mean(after.size))
    if error < 1e-12:
        return math.inf if difference > 1e-12 else 0.0
    return difference / error


@lru_cache(maxsize=512)
def _of_mean(n: int) -> float:
    """Variance of the mean of n nights over that of one: (n + 2·Σ (n - k)·φ^k) ÷ n² (Bartlett 1946)."""
    lags = np.arange(1, n)
    return float((n + 2 * np.sum((n - lags) * PHI**lags)) / n**2)


@lru_cache(maxsize=256)
def _null(n: int) -> Floats:
    """The largest value of `_standing_out` over all places, in seeded series of n nights without a step."""
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
