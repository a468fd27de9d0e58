"""`bench compare --html`: one self-contained page, the forest plot first.

The plot is places on one log scale, in per cent of the track: the page draws it with boxes, so that
it fits any width.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from bench.analysis.comparison_result import Change, Changes
from bench.analysis.families import MEANINGS
from bench.compare import change_phrases
from bench.model.manifest import MachineRecord, PlanRecord
from bench.model.metric import METRICS
from bench.report.shell import rendered

NARROWEST, WIDEST = math.log(1.1), math.log(4.0)
TICKS = (0.25, 0.5, 0.67, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0, 4.0)
APART = 14.0  # per cent of the track between two ticks, so that their texts do not meet


class Origin(BaseModel):
    """What the page takes of a side in `Changes.about`."""

    run: str
    created: str
    commit: str
    dirty: bool
    plan: PlanRecord
    machine: MachineRecord
    versions: Mapping[str, Mapping[str, str]]


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

    def span(self, low: float, high: float) -> tuple[float, float]:
        """The place of the lower ratio, and how far the other one is from it."""
        return self.at(low), round(self.at(high) - self.at(low), 2)

    def mark(self, change: Change) -> Mark | None:
        """None for what has no ratio."""
        if not has_ratio(change) or change.ratio is None:
            return None
        floor = 1 + METRICS[change.metric].tie_zone
        return Mark(
            self.span(1 / floor, floor),
            (
                None
                if change.low is None or change.high is None
                else self.span(change.low, change.high)
            ),
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


def page(changes: Changes) -> str:
    """The whole page as text; the same bytes for the same comparison."""
    scale = forest(changes.lines)
    return rendered(
        "compare.html.j2",
        page_title=changes.title,
        changes=changes,
        words=change_phrases,
        method_meanings=MEANINGS,
        marked=[(line, mark) for line in changes.lines if (mark := scale.mark(line))],
        ticks=scale.ticks(),
        origins=[
            (side, Origin.model_validate(changes.about[side]))
            for side in ("base", "head")
            if side in changes.about
        ],
    )
