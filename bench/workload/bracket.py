"""What probes have shown, and between which of them the border lies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.workload.probe import Verdict


@dataclass(frozen=True)
class SearchPoint:
    """What all cells of one probe have shown: `at` times the arrivals, or with `at` workers.

    `cells` went into the verdict; of one that is `invalid`, so many were tried in vain. `guess` is
    where the cells themselves let one expect the border, None where they do not.
    """

    at: float
    verdict: Verdict | Literal["invalid"]
    cells: int = 1
    guess: float | None = None
    words: str = ""

    @property
    def valid(self) -> bool:
        """Whether it says anything of the load."""
        return self.verdict != "invalid"


@dataclass(frozen=True)
class Bracket:
    """Where the border lies by what was found, the easy side first.

    `holds` is the hardest point that holds while nothing easier misses, `misses` the easiest that
    misses while nothing harder holds; `between` is all that lies between them, in doubt.
    """

    holds: SearchPoint | None
    misses: SearchPoint | None
    between: tuple[SearchPoint, ...]

    @property
    def contested(self) -> tuple[SearchPoint, ...]:
        """Those in doubt because a harder one holds, or an easier one misses."""
        return tuple(each for each in self.between if each.verdict in ("holds", "misses"))


def bracketed(hardness: Sequence[float], points: Sequence[SearchPoint]) -> Bracket:
    """The bracket of these points; `hardness` has one number for each, all different."""
    placed = dict(sorted(zip(hardness, points, strict=True), key=lambda pair: pair[0]))
    held = [at for at, each in placed.items() if each.verdict == "holds"]
    missed = [at for at, each in placed.items() if each.verdict == "misses"]
    low = max((at for at in held if at < min(missed, default=math.inf)), default=-math.inf)
    high = min((at for at in missed if at > max(held, default=-math.inf)), default=math.inf)
    between = tuple(each for at, each in placed.items() if low < at < high)
    return Bracket(placed.get(low), placed.get(high), between)


def width(one: SearchPoint, other: SearchPoint) -> float:
    """How many times the one is the other, from 1 on."""
    return max(one.at / other.at, other.at / one.at)
