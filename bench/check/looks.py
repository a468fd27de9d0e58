"""A gate under way: after each block, whether another is begun, and of which scenarios. Pure; live, replayed and simulated gates all go this way."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.check.blocks import Block
from bench.check.decision import Decision, decide
from bench.check.group_sequential import Rules

START_S = (
    20.0  # what is measured once: the rough rates, and the capacity that the loads are shares of
)


@dataclass
class Course:
    """The rules and how long they may go on: so many blocks, or so many seconds. `rules` get their looks from the seconds of the first block."""

    rules: Rules
    most: int | None = None
    budget_s: float = math.inf

    def after(self, blocks: Sequence[Block], spent_s: float = 0.0) -> Decision:
        """Where it stands; `more` is false if it is clear, or nothing that is still wanted fits."""
        if self.most is None and len(blocks) == 1:
            # A block in which only the shortest scenario is still open is the shortest: so many looks are shared among.
            shortest = min(
                seconds_each(blocks).items(), key=lambda each: each[1], default=("", 0.0)
            )[0]
            self.rules = self.rules.within(1 + self._room(blocks, (shortest,), spent_s))
        found = decide(blocks, self.rules)
        if found.more and self._room(blocks, found.wanted, spent_s) < 1:
            return decide(blocks, self.rules, ended=True)
        return found

    def _room(self, blocks: Sequence[Block], scenarios: Sequence[str], spent_s: float) -> int:
        """How many more blocks of these scenarios there may be."""
        if self.most is not None:
            return self.most - len(blocks)
        known = seconds_each(blocks)
        return int(
            (self.budget_s - spent_s) / max(1.0, sum(known.get(name, 0.0) for name in scenarios))
        )


def seconds_each(blocks: Sequence[Block]) -> dict[str, float]:
    """How long base and head of each scenario take in a block, on average."""
    found: dict[str, list[float]] = {}
    for block in blocks:
        for name, seconds in block.seconds.items():
            found.setdefault(name, []).append(seconds)
    return {name: sum(each) / len(each) for name, each in found.items()}


class Driven(NamedTuple):
    """A gate on blocks that were there before it. `whole`: it ended by itself, not because they did."""

    decision: Decision
    seconds: float
    whole: bool


def drive(blocks: Iterable[Block], course: Course) -> Driven:
    """Feed blocks one by one, as a live gate does, each without the scenarios that are settled."""
    fed: list[Block] = []
    spent = START_S
    wanted: Sequence[str] | None = None
    for block in blocks:
        fed.append(block if wanted is None else block.only(wanted))
        spent += sum(fed[-1].seconds.values())
        found = course.after(fed, spent)
        if not found.more:
            return Driven(found, spent, True)
        wanted = found.wanted
    return Driven(decide(fed, course.rules, ended=True), spent, False)
