"""All lines that pass between the pings of a window: how far apart two clocks may be, and must be.

A ping sent at x of the near clock and seen at y of the far clock says that the offset far − near is
at most y − x, as it was under way for 0 ns or more. Its answer says "at least" in the same manner.
Nothing is assumed of how long either way takes. The lines below all of the one and above all of the
other lie between two convex hulls (Moon, Skelly & Towsley, "Estimation and removal of clock skew
from network delay measurements", INFOCOM 1999); those that touch both are the extremes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Two clocks that are each disciplined by NTP differ by 500 ppm twice at most: beyond, one is
# being set.
MOST_DRIFT = 1e-3


@dataclass(frozen=True)
class ClockLines:
    """The extreme lines by their slopes: of each slope the highest and the lowest that passes.

    All are (slopes,). `highest` and `lowest` are the offset at x = 0, in ns; x is in ns.
    """

    slopes: Floats
    highest: Floats
    lowest: Floats

    def above(self, x: Floats) -> Floats:
        """(n,) ns: the largest offset that any line has at each x of the near clock."""
        return self._extreme(np.maximum, self.highest, self.slopes, x)

    def below(self, x: Floats) -> Floats:
        """(n,) ns: the smallest."""
        return self._extreme(np.minimum, self.lowest, self.slopes, x)

    def above_at_far(self, y: Floats) -> Floats:
        """(n,) ns: the largest offset that any line has when the far clock shows y.

        From y = x + a + bx follows the offset a + bx = (a + by) / (1 + b).
        """
        rate = 1 + self.slopes
        return self._extreme(np.maximum, self.highest / rate, self.slopes / rate, y)

    def below_at_far(self, y: Floats) -> Floats:
        """(n,) ns: the smallest."""
        rate = 1 + self.slopes
        return self._extreme(np.minimum, self.lowest / rate, self.slopes / rate, y)

    @staticmethod
    def _extreme(extreme: np.ufunc, at_0: Floats, slopes: Floats, x: Floats) -> Floats:
        """Line by line: all at once a million stamps would take a hundred megabytes."""
        found: Floats = at_0[0] + slopes[0] * x
        for start, slope in zip(at_0[1:], slopes[1:], strict=True):
            extreme(found, start + slope * x, out=found)
        return found


def between(
    most_at: Floats, most: Floats, least_at: Floats, least: Floats, steepest: float = MOST_DRIFT
) -> ClockLines | None:
    """The lines that are at most `most` at `most_at`, and at least `least` at `least_at`.

    All are in ns, (pings,) ascending in time. None if no line up to that slope does both.
    """
    over, under = _lower_hull(most_at, most), _lower_hull(least_at, -least)
    corners = np.concatenate((_slopes(*over), -_slopes(*under), [-steepest, steepest]))
    slopes = np.unique(np.clip(corners, -steepest, steepest))
    room = _highest(over, slopes) - _lowest(under, slopes)
    fits = np.flatnonzero(room >= 0)
    if not len(fits):  # room is concave and bends at the corners alone: its largest is at one
        return None
    first, last = int(fits[0]), int(fits[-1])
    ends = [
        _no_room_left(slopes, room, inside, outside)
        for inside, outside in ((first, first - 1), (last, last + 1))
        if 0 <= outside < len(slopes)
    ]
    slopes = np.concatenate((slopes[first : last + 1], ends))
    return ClockLines(slopes, _highest(over, slopes), _lowest(under, slopes))


def _no_room_left(slopes: Floats, room: Floats, inside: int, outside: int) -> float:
    """The slope between two neighbouring corners at which the room ends."""
    share = room[inside] / (room[inside] - room[outside])
    return float(slopes[inside] + share * (slopes[outside] - slopes[inside]))


Corners = tuple[Floats, Floats]


def _highest(over: Corners, slopes: Floats) -> Floats:
    """Of each slope, the offset at x = 0 of the line that touches from below."""
    return np.asarray((over[1] - np.outer(slopes, over[0])).min(axis=1))


def _lowest(under: Corners, slopes: Floats) -> Floats:
    """Of each slope, the offset at x = 0 of the line that touches from above.

    `under` is mirrored: its offsets have the other sign.
    """
    return np.asarray((-under[1] - np.outer(slopes, under[0])).max(axis=1))


def _lower_hull(x: Floats, y: Floats) -> Corners:
    """The corners of the lower convex hull of points that ascend in x (Andrew 1979)."""
    kept: list[tuple[float, float]] = []
    for at, value in zip(x.tolist(), y.tolist(), strict=True):
        if kept and kept[-1][0] == at:
            value = min(value, kept.pop()[1])
        while len(kept) > 1 and _is_above(kept[-2], kept[-1], (at, value)):
            kept.pop()
        kept.append((at, value))
    return np.array([at for at, _ in kept]), np.array([value for _, value in kept])


def _is_above(
    first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]
) -> bool:
    """Whether the middle point lies on the straight line between the others, or above it."""
    rise = (middle[1] - first[1]) * (last[0] - first[0])
    return rise >= (last[1] - first[1]) * (middle[0] - first[0])


def _slopes(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.diff(y) / np.diff(x))
