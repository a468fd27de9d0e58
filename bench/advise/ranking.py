"""The answer: the arms that meet everything, ranked; those of which something is not known; those that are excluded, and by what."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.advise.asked import Asked
from bench.advise.rules import TIE, Check, checks

MEETS, OPEN, EXCLUDED = "meets", "not known", "excluded"


@dataclass(frozen=True)
class Candidate:
    """An arm with its checks. `place` = its rank among those that meet all; ties share one."""

    arm: str
    state: str
    place: int | None
    headroom: float | None
    checks: tuple[Check, ...]

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def answer(asked: Asked, known: Mapping[str, Any]) -> list[Candidate]:
    """Every arm: first those that meet all, by the requirement that each meets least; then what is not known; then the excluded."""
    found = [_candidate(arm["arm"], tuple(checks(asked, arm, known))) for arm in known["arms"]]
    best = sorted(
        (each for each in found if each.state == MEETS),
        key=lambda each: (-(each.headroom or 0), each.arm),
    )
    ranked: list[Candidate] = []
    for each in best:
        first = next((other for other in ranked if other.place == ranked[-1].place), None)
        tied = first is not None and (first.headroom or 0) <= (each.headroom or 0) * TIE
        place = ranked[-1].place if tied else len(ranked) + 1
        ranked.append(Candidate(each.arm, each.state, place, each.headroom, each.checks))
    return [
        *ranked,
        *(each for each in found if each.state == OPEN),
        *(each for each in found if each.state == EXCLUDED),
    ]


def _candidate(arm: str, seen: tuple[Check, ...]) -> Candidate:
    rooms = [check.headroom for check in seen if check.headroom is not None]
    state = (
        EXCLUDED
        if any(check.met is False for check in seen)
        else OPEN
        if any(check.met is None for check in seen)
        else MEETS
    )
    return Candidate(arm, state, None, min(rooms) if rooms else None, seen)
