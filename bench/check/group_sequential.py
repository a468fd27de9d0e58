"""The rule for one measure: looks at fixed numbers of blocks, two stages. Pure: log-ratios in, a judgement out.

Error budget per measure (docs/methodology.md, "The gate"): stage 1 tests both directions at alpha divided by its looks, stage 2 the
direction that stage 1 suspected at alpha divided by its own, on other blocks. So a false regression has at most alpha/2 · alpha.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.analysis.stats import MIN_BLOCKS
from bench.check.blocks import WATCHED
from bench.check.estimate import Sight, look
from bench.model.metric import METRICS

LOOKS = (8, 12, 18, 27, 40, 60, 90)
AGAIN, AGAIN_LONG = (6, 10), (10, 18, 27)
LONG = 36  # blocks from which on stage 2 may take longer, for what is noisy
FEW = 14
PROMISED = 0.10  # what ten minutes of a shared machine can rule out (decision 27)
State = Literal["open", "suspect", "same", "larger", "smaller", "unclear"]


@dataclass(frozen=True)
class Rules:
    """What the gate is asked for. `looks` counts blocks from the start, `again` those after the look that suspected."""

    looks: tuple[int, ...] = LOOKS[:3]
    again: tuple[int, ...] = AGAIN
    alpha: float = 0.01  # false suspicion of one measure in one stage
    miss: float = 0.1  # a change as large as asked for is called the same
    thresholds: Mapping[str, float] = field(default_factory=dict)
    fail_on: tuple[str, ...] = ()

    def floor(self, metric: str) -> float:
        """What a change must be larger than; the tie zone unless told."""
        return self.thresholds.get(metric, METRICS[metric].tie_zone)

    def asked(self, metric: str) -> float:
        """The change that must not pass as the same: twice the threshold that was named, else twice the tie zone and at least 10 %.

        Twice, for an estimate of a change at the threshold itself lies beyond it every second time.
        """
        return (
            2 * self.floor(metric)
            if metric in self.thresholds
            else max(PROMISED, 2 * self.floor(metric))
        )

    def need(self, metric: str) -> bool:
        """Whether it has to be settled; what is only watched has not, unless it was named."""
        return metric not in WATCHED or metric in (*self.fail_on, *self.thresholds)

    def within(self, blocks: int) -> "Rules":
        """The same with the looks that so many blocks have room for, the last at their end; fewer looks leave each a larger share of alpha."""
        early = tuple(look for look in LOOKS if look < 0.8 * blocks)
        if blocks < FEW:
            early = (
                max(MIN_BLOCKS, blocks // 2),
            )  # half of them, so that the second stage has the other half
        return replace(
            self,
            looks=tuple(dict.fromkeys((*early, max(blocks, MIN_BLOCKS)))),
            again=AGAIN_LONG if blocks >= LONG else AGAIN,
        )


@dataclass(frozen=True)
class Judged:
    """Where a measure stands. `suspected` = the blocks after which stage 2 began, 0 if it did not."""

    state: State
    sight: Sight
    suspected: int = 0


def judge(logs: Sequence[float | None], rules: Rules, metric: str, ended: bool) -> Judged:
    """Where the measure with these log-ratios (None: no pair in that block) stands; `ended` = no more blocks will come."""
    floor, asked, ranked = (
        math.log1p(rules.floor(metric)),
        math.log1p(rules.asked(metric)),
        metric in WATCHED,
    )
    tail, miss = rules.alpha / 2 / len(rules.looks), rules.miss / len(rules.looks)
    sight = Sight()
    for upto in _due(rules.looks, len(logs), ended):
        sight, test = look(logs[:upto], miss, ranked), look(logs[:upto], tail, ranked)
        if abs(test.middle) > floor and test.beyond():
            found = _again(logs[upto:], rules, metric, 1 if test.middle > 0 else -1, ended, upto)
            return found if found.sight.blocks else replace(found, sight=sight)
        if sight.within(asked) and not (
            sight.leans(floor) and _goes_on(upto, rules.looks, len(logs), ended)
        ):
            return Judged("same", sight)
    over = ended or len(logs) >= rules.looks[-1]
    return Judged("unclear" if over else "open", sight if over else look(logs, miss, ranked))


def _again(
    logs: Sequence[float | None], rules: Rules, metric: str, sign: int, ended: bool, suspected: int
) -> Judged:
    """Stage 2: only what came after the suspicion counts, and only its direction is asked for."""
    floor, asked, ranked = (
        math.log1p(rules.floor(metric)),
        math.log1p(rules.asked(metric)),
        metric in WATCHED,
    )
    tail, miss = rules.alpha / len(rules.again), rules.miss / len(rules.again)
    sight = Sight()
    for upto in _due(rules.again, len(logs), ended):
        sight, test = look(logs[:upto], miss, ranked), look(logs[:upto], tail, ranked)
        if sign * test.middle > floor and test.beyond():
            # The interval shown is the one that the test inverts.
            return Judged("larger" if sign > 0 else "smaller", test, suspected)
        leans = sight.leans(floor, sign) and _goes_on(upto, rules.again, len(logs), ended)
        if (sight.high if sign > 0 else -sight.low) < asked and not leans:
            return Judged("same", sight, suspected)
    over = ended or len(logs) >= rules.again[-1]
    return Judged(
        "unclear" if over else "suspect", sight if over else look(logs, miss, ranked), suspected
    )


def _goes_on(at: int, looks: Sequence[int], done: int, ended: bool) -> bool:
    """Whether there is a look after this one."""
    return at < looks[-1] and not (ended and at == done)


def _due(looks: Sequence[int], done: int, ended: bool) -> Iterator[int]:
    """The looks that so many blocks have come to; where the blocks end between two, the next one is taken early."""
    yield from (look for look in looks if look <= done)
    if ended and done not in looks and done < looks[-1]:
        yield done
