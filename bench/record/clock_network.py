"""The clocks of all hosts of a cell, and what lies between stamps of any two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from bench.record.clock_bounds import Interval, Ints, OffsetBounds
from bench.record.clock_lines import Floats

# Over so many third clocks at most: of 200 hosts each more adds little and takes as long as any.
MOST_WAYS = 4


@dataclass(frozen=True)
class ClockNetwork:
    """Bounds by (near, far): the ids of the clock that sent the pings and of the one that answered.

    A clock id is boot id and time namespace. Hosts of one clock id share a clock, whatever their
    names: nothing lies between their stamps.
    """

    bounds: Mapping[tuple[str, str], OffsetBounds]

    def unfit(self, clocks: Sequence[str]) -> str:
        """Why stamps of these clocks cannot be compared; empty if all pairs of them can."""
        for number, first in enumerate(clocks):
            for second in clocks[number + 1 :]:
                if first != second and not self._routes(first, second):
                    return self._why(first, second)
        return ""

    def elapsed(self, since: Ints, by: str, until: Ints, until_by: str) -> Interval:
        """(n,) ns from stamps of clock `by` to stamps of clock `until_by`, as clock `by` counts.

        What lies below 0 with its upper end too has certainly happened in the other order.
        """
        between = (until - since).astype(float)
        added = self.shift(until, until_by, by)
        return Interval(between + added.low, between + added.high)

    def shift(self, stamps: Ints, of: str, to: str) -> Interval:
        """What to add to (n,) stamps of one clock to have those of another; infinite if unknown.

        The pings of the two decide where there are any. Over a third clock both bounds add up; of
        several third clocks each stamp has the one that knows it best.
        """
        if of == to:
            nothing = np.zeros(len(stamps))
            return Interval(nothing, nothing.copy())
        found = [self._over(route, stamps) for route in self._routes(of, to)]
        unknown = np.full(len(stamps), np.inf)
        best = Interval(-unknown, unknown)
        for each in found:
            better = each.half() < best.half()
            best = Interval(
                np.where(better, each.low, best.low), np.where(better, each.high, best.high)
            )
        return best

    def _routes(self, of: str, to: str) -> list[tuple[str, ...]]:
        """The direct way where there are pings, else some ways over one third clock.

        Where the pings of the two fit no line a clock was set, and no way around helps.
        """
        direct = self._pinged(of, to)
        if direct:
            return [] if any(each.unfit for each in direct) else [(of, to)]
        thirds = sorted({clock for pair in self.bounds for clock in pair} - {of, to})
        ways = ((of, third, to) for third in thirds if self._fit(of, third, to))
        return list(islice(ways, MOST_WAYS))

    def _fit(self, of: str, third: str, to: str) -> bool:
        """Whether there is such a way."""
        steps = self._pinged(of, third), self._pinged(third, to)
        return all(step and not any(each.unfit for each in step) for step in steps)

    def _pinged(self, one: str, other: str) -> list[OffsetBounds]:
        """What the pings between two clocks gave, whichever sent them."""
        both = ((one, other), (other, one))
        return [self.bounds[pair] for pair in both if pair in self.bounds]

    def _over(self, route: tuple[str, ...], stamps: Ints) -> Interval:
        first, *further = route
        low = high = np.zeros(len(stamps))
        for second in further:
            # The two ends of what is known so far are stamps of `first` in their turn.
            low = low + self._step(first, second, _moved(stamps, low)).low
            high = high + self._step(first, second, _moved(stamps, high)).high
            first = second
        return Interval(low, high)

    def _step(self, of: str, to: str, stamps: Ints) -> Interval:
        """By the pings of the two, whichever sent them; of pings both ways the tighter bound."""
        ahead, back = self.bounds.get((of, to)), self.bounds.get((to, of))
        ways = [ahead.far(stamps)] if ahead else []
        ways += [back.near(stamps)] if back else []
        low = np.max([each.low for each in ways], axis=0)
        high = np.min([each.high for each in ways], axis=0)
        return Interval(low, high)

    def _why(self, first: str, second: str) -> str:
        """What is known of two clocks that cannot be compared."""
        told = [
            each.unfit
            for pair, each in self.bounds.items()
            if each.unfit and {first, second} & set(pair)
        ]
        return told[0] if told else "no pings went between them"


def _moved(stamps: Ints, by: Floats) -> Ints:
    """Stamps of the next clock; those that are not known stay, and stay unknown."""
    known = np.isfinite(by)
    moved = stamps.copy()
    moved[known] += np.rint(by[known]).astype(np.int64)
    return moved
