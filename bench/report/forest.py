"""The ratio forest plot as places on one log scale, in per cent of the track: a page draws it with
boxes, so that it fits any width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.comparison_result import Change
from bench.model.metric import METRICS

NARROWEST, WIDEST = math.log(1.1), math.log(4.0)
TICKS = (0.25, 0.5, 0.67, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0, 4.0)
APART = 14.0  # per cent of the track between two ticks, so that their texts do not meet


@dataclass(frozen=True)
class Mark:
    """Where a measure stands: its tie zone, its interval if it has one, its estimate, and whether
    that lies off the scale."""

    zone: tuple[float, float]
    bar: tuple[float, float] | None
    dot: float
    off: bool


@dataclass(frozen=True)
class Forest:
    """A common scale for ratios, symmetric around 1."""

    half: float

    def at(self, ratio: float) -> float:
        """The place of a ratio, from 0 to 100; what lies beyond the scale stands at its end."""
        return round(50 + 50 * max(-1.0, min(1.0, math.log(ratio) / self.half)), 2)

    def mark(self, change: Change) -> Mark | None:
        """None for what has no ratio."""
        if not has_ratio(change) or change.ratio is None:
            return None
        floor = METRICS[change.metric].tie_zone
        left, right = self.at(1 / (1 + floor)), self.at(1 + floor)
        bar = None
        if change.low is not None and change.high is not None:
            low, high = self.at(change.low), self.at(change.high)
            bar = low, round(high - low, 2)
        return Mark(
            (left, round(right - left, 2)),
            bar,
            self.at(change.ratio),
            abs(math.log(change.ratio)) > self.half,
        )

    def ticks(self) -> list[tuple[float, str]]:
        """(place, text), the 1 always and no two so close that they touch."""
        kept: list[float] = [1.0]
        for ratio in sorted(TICKS, key=lambda ratio: -abs(math.log(ratio))):
            inside = abs(math.log(ratio)) <= self.half
            if inside and all(abs(self.at(ratio) - self.at(other)) >= APART for other in kept):
                kept.append(ratio)
        return [(self.at(ratio), f"{ratio:g}") for ratio in sorted(kept)]


def forest(lines: Sequence[Change]) -> Forest:
    """A scale on which the estimates and intervals of these lines find room, within reason."""
    ends = [
        abs(math.log(end))
        for line in lines
        if has_ratio(line)
        for end in (line.ratio, line.low, line.high)
        if end
    ]
    return Forest(max(NARROWEST, min(WIDEST, 1.08 * max(ends, default=0.0))))


def has_ratio(change: Change) -> bool:
    """Counts differ by an amount and have no place on a scale of ratios."""
    return METRICS[change.metric].kind != "count" and bool(change.ratio)
