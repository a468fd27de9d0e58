"""The two searches: for the largest multiple of the arrivals, and for the fewest workers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.workload.bracket import SearchPoint
from bench.workload.search import CLOSE, STEP, Kind, Search

RANGE = 64.0  # no load is tried that is so many times thinner than the file's
AIM = 0.85  # of its time a slot is busy, about, where waiting begins to show
CARRIED = 0.95  # of the tasks begun before the load is over: below, they wait for slots
LEAST_BEGUN = 100  # where fewer than one in so many has begun, nothing is known but that


@dataclass(frozen=True)
class RateSearch(Search):
    """The largest multiple of the arrivals; `first` and `most` are multiples."""

    def hardness(self, at: float) -> float:
        """More arrivals are harder."""
        return at

    def times(self, at: float) -> float:
        """What is looked for."""
        return at

    def beginning(self) -> float | None:
        """The first load with tasks enough: if not the file's own, then a denser one."""
        at = self.first
        while at <= self.most and not self.size.decidable(at):
            at *= 2
        return at if at <= self.most else None

    def guess(self, at: float, busy: float, begun: float) -> float | None:
        """What fills the slots to the aim."""
        if begun < CARRIED:
            return at * max(begun, 1 / LEAST_BEGUN) * AIM
        return at * AIM / busy if busy > 0 else None

    def outside(self, edge: float, harder: bool, factor: float) -> float | None:
        """Nothing beyond the range, and nothing that could not tell: then less far."""
        least = max(self.first / RANGE, 1 / max(1, self.size.arrivals))
        while True:
            at = rounded(edge * factor if harder else edge / factor)
            if least <= at <= self.most and self.size.decidable(at):
                return at
            factor = math.sqrt(factor)
            if factor < STEP:
                return None

    def inside(self, easy: SearchPoint, hard: SearchPoint, far: float) -> float | None:
        """The geometric middle, or nearer to an unclear neighbour."""
        if hard.at / easy.at <= CLOSE:
            return None
        middle = math.sqrt(easy.at * hard.at)
        if easy.verdict != "unclear" and hard.verdict == "unclear":
            return rounded(max(middle, hard.at / far))
        if easy.verdict == "unclear" and hard.verdict != "unclear":
            return rounded(min(middle, easy.at * far))
        return rounded(middle)


@dataclass(frozen=True)
class WorkersSearch(Search):
    """The fewest workers at the arrivals of the file; `first` and `most` are numbers of workers."""

    def hardness(self, at: float) -> float:
        """Fewer workers are harder."""
        return -at

    def times(self, at: float) -> float:
        """The arrivals stay as they are."""
        return 1.0

    def beginning(self) -> float | None:
        """As many as the run has."""
        return self.first if self.size.decidable(1.0) else None

    def guess(self, at: float, busy: float, begun: float) -> float | None:
        """As many as are busy to the aim."""
        if begun < CARRIED:
            return at / (max(begun, 1 / LEAST_BEGUN) * AIM)
        return at * busy / AIM if busy > 0 else None

    def outside(self, edge: float, harder: bool, factor: float) -> float | None:
        """Another whole number of them, from one worker on."""
        if harder:
            at = min(math.ceil(edge / factor), edge - 1)
        else:
            at = min(math.ceil(edge * factor), self.most)
        return None if at < 1 or at == edge else float(at)

    def inside(self, easy: SearchPoint, hard: SearchPoint, far: float) -> float | None:
        """The whole number in the middle."""
        return float((easy.at + hard.at) // 2) if easy.at - hard.at > 1 else None


SEARCHES: Mapping[Kind, type[Search]] = {"rate": RateSearch, "workers": WorkersSearch}


def rounded(at: float) -> float:
    """Three digits: it becomes the name of a case."""
    return float(f"{at:.3g}")
