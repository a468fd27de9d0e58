"""`python -m tests.spells_simulation`: which P99 one stall makes by ten tasks, and which by spells.

Prints the figures of decision 37; the tests hold its sentences to what comes out here. The cells
are made up, as long as those of a run, and the same ones every time.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bench.measure.order_statistics import percentile, percentile_if_supported
from bench.measure.spreads import spread
from bench.model.schedule import poisson
from bench.selftest.waiting import waits_ms
from scenarios.latency import SCENARIO, steady_seconds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Tail = Callable[[np.random.Generator, Ints, float, int, float], Floats]
S, P99 = 1_000_000_000, "latency_p99_ms"
STALLED = 400  # cells of each tail
FAR = 3.0  # times the P99 of the same cell without its stall
SLOT_RATE, SLOT_SECONDS, SLOT_CELLS = 87.0, 57.0, 100
LOADS = (0.3, 0.5, 0.7, 0.9)
STALLS_EVERY_S, STALLING = 12.0, 120


def lognormal(draw: np.random.Generator, due: Ints, rate: float, at: int, stall_s: float) -> Floats:
    """Latencies in ms, each for itself; what falls due in the stall waits for its end."""
    end = at + int(stall_s * S)
    held = np.where((due >= at) & (due < end), (end - due) / 1e6, 0.0)
    return 3.0 * draw.lognormal(0.0, 0.5, len(due)) + held


def queue(draw: np.random.Generator, due: Ints, rate: float, at: int, stall_s: float) -> Floats:
    """Latencies in ms of one slot of constant service (M/D/1) that stands still once."""
    return one_slot(due, rate, float(draw.choice([0.3, 0.5, 0.7])), at, stall_s)


def one_slot(due: Ints, rate: float, load: float, at: int = 0, stall_s: float = 0.0) -> Floats:
    """Latencies in ms of M/D/1; the first task due at `at` (ns) or later takes the stall too."""
    service = np.full((1, len(due)), load * 1000 / rate)
    service[0, np.searchsorted(due, at)] += stall_s * 1000
    gaps = np.diff(due, prepend=0)[None, :] / 1e6
    return np.asarray((waits_ms(gaps, service) + service)[0], np.float64)


TAILS: tuple[Tail, ...] = (lognormal, queue)


def made_up(tail: Tail, seed: int) -> tuple[Ints, Floats, Floats]:
    """(due, latency with a stall, latency without it) of a full cell at 30 to 1,000 tasks/s."""
    draw = np.random.default_rng(seed)
    rate = math.exp(draw.uniform(math.log(30), math.log(1000)))
    seconds = steady_seconds(SCENARIO.params(f"rate={rate}", "full", None), rate)
    due = poisson(rate, seconds, seed)
    stall_s = math.exp(draw.uniform(math.log(0.1), math.log(2.0)))
    at = int(draw.uniform(0, seconds - 3) * S)
    stalled, calm = (
        tail(np.random.default_rng(seed), due, rate, at, each) for each in (stall_s, 0)
    )
    return due, stalled, calm


def stalled_cells() -> tuple[int, int, float]:
    """How many cells have a P99 that is far off by ten tasks; how many keep one by ten spells, and
    how many times that of the cell without the stall it is at most."""
    far, kept = 0, list[float]()
    for tail in TAILS:
        for seed in range(STALLED):
            due, stalled, calm = made_up(tail, seed)
            true = percentile(calm, 99.0)
            by_tasks = percentile_if_supported(stalled, 99.0)
            far += by_tasks is not None and by_tasks > FAR * true
            by_spells = spread(P99, stalled, due, 99.0).value
            if by_spells is not None:
                kept.append(by_spells / true)
    return far, len(kept), max(kept)


def carried(load: float) -> int:
    """In how many of 100 cells without a stall one slot at that load has a P99."""
    cells = [poisson(SLOT_RATE, SLOT_SECONDS, seed) for seed in range(SLOT_CELLS)]
    found = [spread(P99, one_slot(due, SLOT_RATE, load), due, 99.0) for due in cells]
    return sum(each.value is not None for each in found)


def stalling(seed: int) -> tuple[Ints, Floats]:
    """(due, latency) of 30 s at 300/s of a system that stalls by itself, 0.1 to 1 s each time."""
    draw = np.random.default_rng(seed)
    due = poisson(300.0, 30.0, seed)
    latency = 3.0 * draw.lognormal(0.0, 0.5, len(due))
    at = 0.0
    while (at := at + float(draw.exponential(STALLS_EVERY_S))) < 30:
        end = int((at + float(draw.uniform(0.1, 1.0))) * S)
        latency += np.where((due >= at * S) & (due < end), (end - due) / 1e6, 0.0)
    return due, latency


def lucky_cells() -> tuple[int, float, float]:
    """How many cells of a system that stalls have a P99; the middle of these, and of all (ms)."""
    cells = [stalling(seed) for seed in range(STALLING)]
    found = [spread(P99, latency, due, 99.0).value for due, latency in cells]
    lucky = [value for value in found if value is not None]
    every = [percentile(latency, 99.0) for _, latency in cells]
    return len(lucky), float(np.median(lucky)), float(np.median(every))


if __name__ == "__main__":
    far, kept, most = stalled_cells()
    print(f"of {len(TAILS) * STALLED} cells with a stall: {far} far off by ten tasks")
    print(f"by ten spells {kept} keep a P99, at most {most:.1f} times as large")
    for each in LOADS:
        print(f"one slot at load {each}: {carried(each)} of {SLOT_CELLS} cells carry one")
    lucky, middle, every = lucky_cells()
    print(f"of a system that stalls {lucky} of {STALLING}: {middle:.1f} ms, of all {every:.0f} ms")
