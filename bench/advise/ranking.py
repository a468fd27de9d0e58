"""The answer: what meets everything, ranked; what is not known; what is excluded, and by what.

The page's form runs this module too, translated: see `bench.advise.javascript` for what may stand
here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.advise.asked import Asked
from bench.advise.known import Known
from bench.advise.requirement import Check
from bench.advise.rules import checks

MEETS, OPEN, EXCLUDED = "meets", "not known", "excluded"
TIE = 1.1  # headrooms within 10 % of each other are ties


@dataclass(frozen=True)
class Candidate:
    """An arm with its checks.

    `place`: its rank among those that meet all; ties share one. `headroom`: how many times over it
    meets the requirement that it meets least.
    """

    arm: str
    state: str
    place: int | None
    headroom: float | None
    checks: Sequence[Check]


def answer(asked: Asked, known: Known) -> list[Candidate]:
    """Every arm of `facts`: those that meet all, by their headroom; the unclear; the excluded."""
    return ranking([candidate(arm["arm"], checks(asked, arm, known)) for arm in known["arms"]])


def ranking(found: Sequence[Candidate]) -> list[Candidate]:
    """Those that meet all with their places, by their headroom; the unclear; the excluded."""
    ranked: list[Candidate] = []
    place, best = 0, 0.0  # of those that tie: `best` is the headroom of the first
    for each in sorted([each for each in found if each.state == MEETS], key=_by_headroom):
        if not ranked or best > _headroom(each) * TIE:
            place, best = len(ranked) + 1, _headroom(each)
        ranked.append(Candidate(each.arm, each.state, place, each.headroom, each.checks))
    unclear = [each for each in found if each.state == OPEN]
    excluded = [each for each in found if each.state == EXCLUDED]
    return [*ranked, *unclear, *excluded]


def _by_headroom(each: Candidate) -> tuple[float, str]:
    return -_headroom(each), each.arm


def _headroom(each: Candidate) -> float:
    return 0.0 if each.headroom is None else each.headroom


def candidate(arm: str, seen: Sequence[Check]) -> Candidate:
    """An arm by its checks, without its place."""
    rooms = [check.headroom for check in seen if check.headroom is not None]
    state = MEETS
    if any(check.met is False for check in seen):
        state = EXCLUDED
    elif any(check.met is None for check in seen):
        state = OPEN
    return Candidate(arm, state, None, min(rooms) if rooms else None, seen)
