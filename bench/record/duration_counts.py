"""How many durations were how long, by the second in which the task fell due: mergeable counts.

The bars are 0.5 % wide from 1 µs to a day and the same on every host, so merging adds. A percentile
of any merged counts is known to ± 0.25 % for certain, and where two clocks took part to ± 0.5 %
beside theirs. HdrHistogram has such bars too; decision 46 says why it is not used: it knows no
seconds, and drops what is below 0, which a duration between two clocks may be.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SHORTEST_NS, LONGEST_NS = 1_000, 86_400_000_000_000
SECOND_NS = 1_000_000_000
WIDTH = 200  # a bar is a 200th of where it begins


@cache
def edges_ns() -> Ints:
    """(edges,) ns, ascending; whole numbers, so that every host has the same ones to the last."""
    edges = [SHORTEST_NS]
    while edges[-1] < LONGEST_NS:
        edges.append(edges[-1] + edges[-1] // WIDTH)
    return np.array(edges, np.int64)


@dataclass(frozen=True)
class DurationCounts:
    """`counts` are (seconds, bars). Bar 0 is all below 1 µs, the last one what never ended.

    A bar holds what lies from its lower edge on and below its upper one.
    """

    counts: Ints

    @classmethod
    def of(cls, durations_ns: Floats, due_ns: Ints, seconds: int) -> "DurationCounts":
        """From (tasks,) durations, infinite where a task never finished.

        `due_ns` (tasks,) counts from when the load began, which is the same for all hosts;
        ValueError if it lies outside of `seconds`.
        """
        second = due_ns // SECOND_NS
        if len(second) and not (second.min() >= 0 and second.max() < seconds):
            raise ValueError(f"due within {seconds} s only")
        bars = len(edges_ns()) + 1
        bar = np.searchsorted(edges_ns(), durations_ns, side="right")
        flat = np.bincount(second * bars + bar, minlength=seconds * bars)
        return cls(flat.reshape(seconds, bars).astype(np.int64))

    @classmethod
    def none(cls, seconds: int) -> "DurationCounts":
        return cls(np.zeros((seconds, len(edges_ns()) + 1), np.int64))

    def __add__(self, other: "DurationCounts") -> "DurationCounts":
        return DurationCounts(self.counts + other.counts)

    def sparse(self) -> tuple[Ints, Ints]:
        """(places, counts) of the bars that are not empty, as they travel."""
        places = np.flatnonzero(self.counts)
        return places, self.counts.ravel()[places]

    @classmethod
    def dense(cls, places: Ints, counts: Ints, seconds: int) -> "DurationCounts":
        """From what `sparse` gave; ValueError if it is of other bars or another length."""
        found = cls.none(seconds)
        if len(places) and not (places.min() >= 0 and places.max() < found.counts.size):
            raise ValueError("these counts are of other bars")
        found.counts.ravel()[places] = counts
        return found

    @property
    def total(self) -> int:
        """How many tasks were counted."""
        return int(self.counts.sum())
