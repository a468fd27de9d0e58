"""Searches: the largest load at which an objective holds, or the fewest workers that carry it.

Pure. Given what the probes so far have shown, a search says which probe comes next. It keeps
nothing: whoever has the probes of a stored run can go on with it.

From an easy load to a hard one probes hold, then are unclear, then miss; the border is somewhere in
the unclear ones. So a search looks for the hardest probe that holds and the easiest that misses,
goes on until neither is far from its neighbour, and repeats what stayed unclear between them. A
repeated probe is judged by all its cells together.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from bench.workload.bracket import Bracket, SearchPoint, bracketed, width
from bench.workload.probe_size import LoadSize

Kind = Literal["rate", "workers"]
KINDS: tuple[Kind, ...] = ("rate", "workers")
CLOSE = 1.12  # neighbours no farther apart than this are close enough
NEAR = 1.1  # so far from an unclear probe another is likely to be clear
LEAP, STEP, BLIND = 16.0, 1.25, 4.0  # at most and at least, and where nothing is known
LOOKS = 3  # a probe has so many times the cells that it takes, where it stays in doubt
MOST_TRIES = 2  # a probe none of whose cells is valid is given up after so many


@dataclass(frozen=True)
class Search(ABC):
    """A search of one kind: where it begins and ends, and how long it may take.

    `first` is the load, or the number of workers, that a run has anyway; `most` is not gone beyond;
    `limit_s` is for all probes of one arm together.
    """

    size: LoadSize
    first: float
    most: float
    limit_s: float

    def next(self, points: Sequence[SearchPoint], spent_s: float, around_s: float) -> float | None:
        """The probe of which one cell comes next; None where the search is over.

        `spent_s` is what all cells so far took, `around_s` what a cell takes beside its load: none
        is begun that may not be over in time.
        """
        at = self.wanted(points)
        if at is None or spent_s + around_s + self.size.seconds_at(self.times(at)) > self.limit_s:
            return None
        return at

    def wanted(self, points: Sequence[SearchPoint]) -> float | None:
        """The probe that would say most; None where nothing more is to be learnt."""
        known = self.telling(points)
        if not known:
            return self.beginning()
        if short := [each for each in known if self._short(each)]:
            return short[0].at
        found = self.bracket(known)
        at = self._again(found.contested) or self._outwards(found, known) or self._inwards(found)
        if at is not None or _settled(found):
            return at
        return self._again(found.between)

    def telling(self, points: Sequence[SearchPoint]) -> list[SearchPoint]:
        """The points whose load is large enough to tell anything, from easy to hard."""
        telling = [each for each in points if self.size.decidable(self.times(each.at))]
        return sorted(telling, key=lambda each: self.hardness(each.at))

    def bracket(self, points: Sequence[SearchPoint]) -> Bracket:
        """Between which of the points the border lies."""
        known = self.telling(points)
        return bracketed([self.hardness(each.at) for each in known], known)

    def cells_of(self, at: float) -> int:
        """How many cells a verdict on that probe takes."""
        return self.size.cells_at(self.times(at))

    @abstractmethod
    def hardness(self, at: float) -> float:
        """Rises with how hard a probe is to hold."""

    @abstractmethod
    def times(self, at: float) -> float:
        """How many times the arrivals a probe has."""

    @abstractmethod
    def beginning(self) -> float | None:
        """The first probe that can tell anything; None where none can."""

    @abstractmethod
    def guess(self, at: float, busy: float, begun: float) -> float | None:
        """Where the border may be, from one probe: a share of the slots' time was `busy`, and a
        share of the tasks had `begun` when the load was over."""

    @abstractmethod
    def outside(self, edge: float, harder: bool, factor: float) -> float | None:
        """A probe about so many times harder or easier than one; None where there is none."""

    @abstractmethod
    def inside(self, easy: SearchPoint, hard: SearchPoint, far: float) -> float | None:
        """A probe between two neighbours; None where they are close enough.

        `far` is how many times harder or easier than an unclear one it need be at most.
        """

    def _short(self, point: SearchPoint) -> bool:
        """Whether a probe had too few cells to tell, or none that is valid."""
        if not point.valid:
            return point.cells < MOST_TRIES
        return point.verdict == "unclear" and point.cells < self.cells_of(point.at)

    def _again(self, points: Sequence[SearchPoint]) -> float | None:
        """Of the probes in doubt the one with the fewest cells, while it has not enough of them."""
        fewest = min(
            (each for each in points if each.valid),
            key=lambda each: each.cells / self.cells_of(each.at),
            default=None,
        )
        if fewest is None or fewest.cells >= LOOKS * self.cells_of(fewest.at):
            return None
        return fewest.at

    def _outwards(self, found: Bracket, known: Sequence[SearchPoint]) -> float | None:
        """An easier probe where none holds, else a harder one where none misses."""
        valid = [each for each in known if each.valid]
        if not valid:
            return None
        doubts, at = len([each for each in found.between if each.valid]), None
        in_spells = valid[0].verdict == "unclear" and self._room(valid[0]) > STEP
        if found.holds is None:
            # Late in spells that this load does not make: a thinner one has them too, and takes
            # longer to tell.
            at = (
                self._again(valid[:1])
                if in_spells
                else self._beyond(valid[0], False, doubts, known)
            )
        if at is None and found.misses is None:
            at = self._beyond(valid[-1], True, doubts, known)
        return at

    def _beyond(
        self, edge: SearchPoint, harder: bool, doubts: int, known: Sequence[SearchPoint]
    ) -> float | None:
        """A probe outside of all that are valid, as far as the outermost lets one guess."""
        at = self.outside(edge.at, harder, self._leap(edge, harder, doubts))
        sign, here = (1 if harder else -1), self.hardness(edge.at)
        beyond = [each for each in known if sign * (self.hardness(each.at) - here) > 0]
        wall = min(beyond, key=lambda each: width(each, edge), default=None)
        if at is None or wall is None or sign * self.hardness(at) < sign * self.hardness(wall.at):
            return at
        # At the wall and behind it nothing valid can be measured.
        if width(edge, wall) <= 2:
            return None
        return self.inside(edge, wall, BLIND) if harder else self.inside(wall, edge, BLIND)

    def _leap(self, edge: SearchPoint, harder: bool, doubts: int) -> float:
        """How many times harder or easier than the outermost point the next one is to be."""
        room = self._room(edge)
        if edge.verdict == "unclear":
            return min(room, LEAP) if harder and room > STEP else _from_doubt(doubts)
        if edge.guess is None:
            return BLIND
        if harder:
            return min(max(room, STEP), LEAP)
        # Late tasks in idle slots: a thinner load may well not help, and that is soon seen.
        return BLIND if room > STEP else min(max(1 / room, STEP), LEAP)

    def _room(self, point: SearchPoint) -> float:
        """How many times harder the border is by a point's own guess; below 1 if it is easier."""
        if point.guess is None:
            return 1.0
        ratio = max(point.guess / point.at, point.at / point.guess)
        return ratio if self.hardness(point.guess) > self.hardness(point.at) else 1 / ratio

    def _inwards(self, found: Bracket) -> float | None:
        """A probe inside the widest gap from the one that holds to the one that misses."""
        valid = [each for each in found.between if each.valid]
        edges = [each for each in (found.holds, *valid, found.misses) if each is not None]
        tried = {each.at for each in (*edges, *found.between)}
        for easy, hard in sorted(pairwise(edges), key=lambda pair: -width(*pair)):
            at = self.inside(easy, hard, _from_doubt(len(valid)))
            if at is not None and at not in tried:
                return at
        return None


def _settled(found: Bracket) -> bool:
    """Whether the two ends are close whatever lies between them."""
    ends = found.holds, found.misses
    return ends[0] is not None and ends[1] is not None and width(ends[0], ends[1]) <= CLOSE


def _from_doubt(doubts: int) -> float:
    """How far to go from an unclear probe: farther, the more of them there are already."""
    return float(min(NEAR ** (2 ** min(max(doubts - 1, 0), 4)), BLIND))
