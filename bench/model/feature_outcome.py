"""What a trial is worth: five outcomes, the words and the figures behind them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import JsonValue

from bench.model.manifest import MachineRecord
from bench.model.stored import Record

# What a trial wrote down, as JSON: its judge alone knows what is in it.
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


class Finding(Record):
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
    observation: Mapping[str, JsonValue]


class FeaturesRecord(Record):
    """features.json: the findings of one round of trials, and where they were made."""

    format: int
    kind: Literal["features"] = "features"
    created: str
    seconds: int
    bench_version: str
    commit: str
    dirty: bool
    quick: bool
    machine: MachineRecord
    findings: tuple[Finding, ...]


def together(outcomes: Sequence[str]) -> str:
    """The outcome of a feature from those of its variants: `partly` where only some of them work.

    An unknown one does not count beside others.
    """
    decided = {each for each in outcomes if each != UNKNOWN} or {UNKNOWN}
    if len(decided) == 1:
        return decided.pop()
    return PARTLY if decided & {WORKS, PARTLY} else BROKEN
