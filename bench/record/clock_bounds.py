"""How far apart the clocks of two hosts are, as an interval at every moment: never an estimate.

One assumption: within 20 s the offset stays within 5 µs of a straight line. That is a rate which
changes by 1 part per million, more than a crystal's does. A clock that is set or slewed breaks it.
By more than its pings leave room for, about the shortest round trip, no line fits them; by less,
the pings of both directions bend alike, and the bounds are wider by that.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.record.clock_bends import common_bend
from bench.record.clock_lines import MOST_DRIFT, ClockLines, Floats, between

Ints = npt.NDArray[np.int64]
WINDOW_NS = 20_000_000_000
STRIDE_NS = WINDOW_NS // 2  # every moment lies in the middle of a window, but for the ends
BEND_NS = 5_000
# A step is farther from the line at its edge than on the average of the pieces beside it.
BENT = 1.5
# Pings begin before a cell and end after it; a stamp that is farther from all of them is not known.
REACH_NS = 2_000_000_000
PING = ("sent", "seen", "answered", "returned")


@dataclass(frozen=True)
class Pings:
    """Two-way pings that came back, each (pings,) ns: `sent` and `returned` by the near clock.

    `seen` and `answered` are stamps of the far clock; a far end that stamps once gives one twice.
    """

    sent: Ints
    seen: Ints
    answered: Ints
    returned: Ints

    @classmethod
    def of(cls, rows: npt.ArrayLike) -> "Pings":
        """From (pings, 4) stamps in the order of the fields."""
        stamps = np.asarray(rows, np.int64).reshape(-1, len(PING))
        return cls(*np.ascontiguousarray(stamps[np.argsort(stamps[:, 0], kind="stable")].T))

    def within(self, start_ns: int, end_ns: int) -> "Pings":
        """Those that were sent and came back between these stamps of the near clock."""
        ours = (self.sent >= start_ns) & (self.returned <= end_ns)
        return Pings(*(getattr(self, name)[ours] for name in PING))

    def round_trips_ns(self) -> Ints:
        """(pings,) ns under way, both ways together, without the time at the far end."""
        return (self.returned - self.sent) - (self.answered - self.seen)


@dataclass(frozen=True)
class Interval:
    """A number that lies between two bounds, n times; both (n,) ns, infinite if not known."""

    low: Floats
    high: Floats

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.high + other.high)

    def known(self) -> npt.NDArray[np.bool_]:
        """(n,) whether there are bounds at all."""
        return np.isfinite(self.low) & np.isfinite(self.high)

    def half(self) -> Floats:
        """(n,) ns: the ± about the middle."""
        return np.where(self.known(), (self.high - self.low) / 2, np.inf)


@dataclass(frozen=True)
class Window:
    """What the pings of a stretch of time say; it holds from `start` to `end` of the near clock.

    The lines count from `origin` of the near clock, and from `offset` as the offset; all ns.
    """

    start: int
    end: int
    origin: int
    offset: int
    lines: ClockLines
    slack: float

    def far(self, near: Ints) -> tuple[npt.NDArray[np.bool_], Interval]:
        """(which stamps of the near clock it holds for, what to add to these)."""
        held = (near >= self.start) & (near <= self.end)
        x = (near[held] - self.origin).astype(float)
        low, high = self.lines.below(x), self.lines.above(x)
        return held, Interval(self.offset + (low - self.slack), self.offset + (high + self.slack))

    def near(self, far: Ints) -> tuple[npt.NDArray[np.bool_], Interval]:
        """(which stamps of the far clock it holds for, what to add to these)."""
        y = far - (self.origin + self.offset)
        # As if the offset had not moved since `origin`: drift takes the ends 2 ms away at most, and
        # the neighbouring windows overlap by far more.
        held = (y >= self.start - self.origin) & (y <= self.end - self.origin)
        x = y[held].astype(float)
        low, high = self.lines.below_at_far(x), self.lines.above_at_far(x)
        return held, Interval(-(high + self.slack) - self.offset, -(low - self.slack) - self.offset)


@dataclass(frozen=True)
class OffsetBounds:
    """Bounds of far − near over time. `unfit` says why there are none; empty where there are."""

    windows: tuple[Window, ...] = ()
    unfit: str = ""

    def far(self, near: Ints) -> Interval:
        """What to add to (n,) stamps of the near clock to have those of the far one."""
        return self._met(near, [window.far(near) for window in self.windows])

    def near(self, far: Ints) -> Interval:
        """What to add to (n,) stamps of the far clock to have those of the near one."""
        return self._met(far, [window.near(far) for window in self.windows])

    def drift_ppm(self) -> tuple[float, float]:
        """How much faster the far clock runs, in parts per million: over all windows, from to."""
        slopes = np.concatenate([window.lines.slopes for window in self.windows])
        return float(slopes.min() * 1e6), float(slopes.max() * 1e6)

    def _met(self, stamps: Ints, found: list[tuple[npt.NDArray[np.bool_], Interval]]) -> Interval:
        """All windows that hold for a stamp are right about it, so their bounds are met.

        Where they contradict one another nothing is known.
        """
        low = np.full(len(stamps), -np.inf)
        high = np.full(len(stamps), np.inf)
        for held, each in found:
            low[held] = np.maximum(low[held], each.low)
            high[held] = np.minimum(high[held], each.high)
        contradicted = low > high
        low[contradicted], high[contradicted] = -np.inf, np.inf
        return Interval(low, high)


def offset_bounds(pings: Pings) -> OffsetBounds:
    """The bounds that pings between two clocks give, or why they give none."""
    if not len(pings.sent):
        return OffsetBounds(unfit="no ping came back")
    first, last = int(pings.sent[0]), int(pings.returned.max())
    stretches = [
        _Stretch.of(ours, start, min(start + WINDOW_NS, last))
        for start in range(first, max(first, last - WINDOW_NS) + STRIDE_NS, STRIDE_NS)
        if len((ours := pings.within(start, start + WINDOW_NS)).sent)
    ]
    for each in stretches:
        if each.between(BEND_NS) is None:
            return OffsetBounds(unfit=each.misfit(first))
    bends = [each.bend() for each in stretches]
    windows: list[Window] = []
    for number, each in enumerate(stretches):
        # A clock that was set at the end of one window was set in the middle of the next.
        slack = BEND_NS + BENT * max(bends[max(0, number - 1) : number + 2])
        lines = each.between(slack)
        assert lines, "what passes with less slack passes with more"
        start = each.start - (REACH_NS if each.start == first else 0)
        end = each.end + (REACH_NS if each.end == last else 0)
        windows.append(Window(start, end, each.origin, each.offset, lines, slack))
    return OffsetBounds(tuple(windows))


@dataclass(frozen=True)
class _Stretch:
    """The pings of one window, as ns that are small enough for a float: of 10^18 it knows 128.

    `most` is the upper limit that a ping gives at `sent`, `least` the lower one at `returned`.
    """

    start: int
    end: int
    origin: int
    offset: int
    sent: Floats
    most: Floats
    returned: Floats
    least: Floats

    @classmethod
    def of(cls, pings: Pings, start: int, end: int) -> "_Stretch":
        origin, offset = int(pings.sent[0]), int(pings.seen[0] - pings.sent[0])
        late = np.argsort(pings.returned, kind="stable")  # a ping may overtake another one
        return cls(
            start,
            end,
            origin,
            offset,
            (pings.sent - origin).astype(float),
            (pings.seen - pings.sent - offset).astype(float),
            (pings.returned - origin)[late].astype(float),
            (pings.answered - pings.returned - offset)[late].astype(float),
        )

    def between(self, slack: float, steepest: float = MOST_DRIFT) -> ClockLines | None:
        """The lines that pass when each ping is taken to be off by as much."""
        return between(self.sent, self.most + slack, self.returned, self.least - slack, steepest)

    def bend(self) -> float:
        """How far both directions together are from a straight line, in ns."""
        return common_bend(self.sent, self.most, self.returned, self.least)

    def misfit(self, first: int) -> str:
        """Why no line passes that a clock could run by; `first` is when the pings began."""
        seconds = f"seconds {(self.start - first) / 1e9:.0f} to {(self.end - first) / 1e9:.0f}"
        lines = self.between(BEND_NS, steepest=0.5)
        if lines is None:
            return f"no straight line fits the pings of {seconds}: a clock was set or slewed"
        ppm = float(np.abs(lines.slopes).min() * 1e6)
        return f"in {seconds} one clock runs {ppm:,.0f} ppm faster than the other: it is being set"
