"""Two-way pings between clocks whose truth is planted: offset, drift, delays, queues, losses."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.record.clock_bounds import Ints, Pings

Rng = np.random.Generator
Delays = Callable[[Rng, int], npt.NDArray[np.float64]]
MS, S = 1_000_000, 1_000_000_000


@dataclass(frozen=True)
class MadeUpClock:
    """Reads `offset_ns` when the true time is 0, and runs `ppm` too fast."""

    offset_ns: int = 0
    ppm: float = 0.0

    def at(self, true_ns: Ints) -> Ints:
        """(n,) what it shows at (n,) true times."""
        gained = np.floor(true_ns.astype(float) * (self.ppm * 1e-6)).astype(np.int64)
        return np.asarray(true_ns + self.offset_ns + gained)


@dataclass(frozen=True)
class Way:
    """One direction: the shortest delay, what the interrupt adds, and queues of busy cores, ns."""

    shortest_ns: float = 45_000.0
    jitter_ns: float = 15_000.0
    queued: float = 0.0  # the share of packets that wait for a core
    queue_ns: float = 2.0 * MS

    def delays(self, rng: Rng, count: int) -> npt.NDArray[np.float64]:
        """(count,) ns."""
        waits = rng.exponential(self.queue_ns, count) * (rng.random(count) < self.queued)
        return np.asarray(self.shortest_ns + rng.exponential(self.jitter_ns, count) + waits)


def pings(
    rng: Rng,
    near: MadeUpClock,
    far: MadeUpClock,
    there: Way,
    back: Way,
    seconds: float = 12.0,
    per_s: float = 10.0,
    lost: float = 0.0,
    moved: Callable[[Ints], Ints] | None = None,
) -> Pings:
    """Pings as they would be recorded; `moved` is what the far clock is off at (n,) true times."""
    count = round(seconds * per_s)
    sent = (np.arange(count) / per_s * S + rng.uniform(0, 5 * MS, count)).astype(np.int64)
    seen = sent + there.delays(rng, count).astype(np.int64)
    answered = seen + rng.exponential(8_000, count).astype(np.int64)
    returned = answered + back.delays(rng, count).astype(np.int64)
    off = moved or np.zeros_like
    rows = np.stack(
        [
            near.at(sent),
            far.at(seen) + off(seen),
            far.at(answered) + off(answered),
            near.at(returned),
        ],
        axis=1,
    )
    return Pings.of(rows[rng.random(count) >= lost])
