"""What a trial is worth: five outcomes, the words and the figures behind them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Observation = Mapping[str, Any]
WORKS, PARTLY, NOT_OFFERED, BROKEN, UNKNOWN = "works", "partly", "not offered", "broken", "unknown"
OUTCOMES = {
    WORKS: "offered, and seen to work",
    PARTLY: "offered and seen to work, but for what is named",
    NOT_OFFERED: "the library refuses it, or has nothing of the kind",
    BROKEN: "offered, and seen not to work",
    UNKNOWN: "the trial itself did not come to its end: it says nothing about the system",
}


@dataclass(frozen=True)
class Judgement:
    """An outcome, what was seen in words, and the figures (their units in the names)."""

    outcome: str
    text: str
    figures: Mapping[str, float] = field(default_factory=dict)


Judge = Callable[[Observation], Judgement]


@dataclass(frozen=True)
class Finding:
    """A trial with its judgement, as features.json keeps it."""

    system: str
    feature: str
    variant: str
    outcome: str
    text: str
    figures: Mapping[str, float]
    versions: Mapping[str, str]
    seconds: float
    folder: str
    observation: Observation

    def as_json(self) -> dict[str, Any]:
        """The finding as it is stored in features.json."""
        return asdict(self)


def together(outcomes: Sequence[str]) -> str:
    """The outcome of a feature from those of its variants: `partly` where only some of them work.

    An unknown one does not count beside others.
    """
    decided = [each for each in outcomes if each != UNKNOWN]
    if not decided:
        return UNKNOWN
    kinds = set(decided)
    if len(kinds) == 1:
        return decided[0]
    if kinds & {WORKS, PARTLY}:
        return PARTLY
    return BROKEN
