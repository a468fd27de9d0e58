"""A gate under way: after each block, whether another is begun, and of which scenarios.

Pure: live, replayed and simulated gates all go this way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.check.blocks import Block
from bench.check.decision import Decision, decide
from bench.check.group_sequential import Rules


@dataclass
class Looks:
    """The looks that one gate takes at its blocks: the rules, and how long they may go on.

    A live gate goes on for `budget_s` seconds, and `rules` get their looks from the duration of its
    first block. `most` blocks in the place of a budget are for gates on blocks that have no
    duration: those of the laboratory (tools/gate_lab) and of tests.
    """

    rules: Rules
    most: int | None = None
    budget_s: float = math.inf

    def after(self, blocks: Sequence[Block], spent_s: float = 0.0) -> Decision:
        """The decision; `more` is false if all is clear, or nothing that is still wanted fits."""
        if self.most is None and len(blocks) == 1:
            # The shortest block is one in which only the shortest scenario is still open: alpha is
            # shared among as many looks as there may be of those.
            shortest = min(
                seconds_each(blocks).items(), key=lambda each: each[1], default=("", 0.0)
            )[0]
            self.rules = self.rules.within(1 + self._room(blocks, (shortest,), spent_s))
        decision = decide(blocks, self.rules)
        if decision.more and self._room(blocks, decision.wanted, spent_s) < 1:
            return decide(blocks, self.rules, ended=True)
        return decision

    def _room(self, blocks: Sequence[Block], scenarios: Sequence[str], spent_s: float) -> int:
        """How many more blocks of these scenarios there may be."""
        if self.most is not None:
            return self.most - len(blocks)
        known = seconds_each(blocks)
        return int(
            (self.budget_s - spent_s) / max(1.0, sum(known.get(name, 0.0) for name in scenarios))
        )


def seconds_each(blocks: Sequence[Block]) -> dict[str, float]:
    """Scenario → seconds that base and head of it take in a block, on average."""
    names = dict.fromkeys(name for block in blocks for name in block.seconds)
    return {
        name: fmean(block.seconds[name] for block in blocks if name in block.seconds)
        for name in names
    }
