"""The rule for one measure: looks at fixed numbers of blocks, two stages.

Pure: log-ratios in, a judgement out. Error budget per measure (docs/methodology.md, "The gate"):
stage 1 tests both directions at alpha divided by its looks; stage 2 tests the direction that stage
1 suspected, at alpha divided by its own looks, on other blocks. So a false regression has a
probability of alpha/2 · alpha at most.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.analysis.stats import MIN_BLOCKS
from bench.check.blocks import WATCHED
from bench.check.estimate import Estimate, look
from bench.model.metric import METRICS

LOOKS = (8, 12, 18, 27, 40, 60, 90)
AGAIN, AGAIN_LONG = (6, 10), (10, 18, 27)
LONG = 36  # blocks from which on stage 2 may take longer, for what is noisy
FEW = 14
PROMISED = 0.10  # what ten minutes of a shared machine can rule out (decision 27)
State = Literal["open", "suspect", "same", "larger", "smaller", "unclear", "absent"]
# What a stage says where its test rejects, by the direction that it asks for.
_REJECTED: dict[int, State] = {0: "suspect", 1: "larger", -1: "smaller"}


@dataclass(frozen=True)
class Rules:
    """What the gate is asked for.

    `looks` counts blocks from the start, `again` those after the look that suspected.
    """

    looks: tuple[int, ...] = LOOKS[:3]
    again: tuple[int, ...] = AGAIN
    alpha: float = 0.01  # false suspicion of one measure in one stage
    miss: float = 0.1  # a change as large as asked for is called the same
    thresholds: Mapping[str, float] = field(default_factory=dict)
    fail_on: tuple[str, ...] = ()

    def threshold(self, metric: str) -> float:
        """What a change must be larger than: the tie zone unless `thresholds` has the metric."""
        return self.thresholds.get(metric, METRICS[metric].tie_zone)

    def asked(self, metric: str) -> float:
        """The change that must not pass as the same.

        Twice the threshold that was named, else twice the tie zone and at least 10 %. Twice, for an
        estimate of a change at the threshold itself lies beyond it every second time.
        """
        twice = 2 * self.threshold(metric)
        return twice if metric in self.thresholds else max(PROMISED, twice)

    def need(self, metric: str) -> bool:
        """Whether the metric has to be settled; what is only watched has not, unless named."""
        return metric not in WATCHED or metric in (*self.fail_on, *self.thresholds)

    def within(self, blocks: int) -> "Rules":
        """The same with the looks that so many blocks have room for, the last at their end.

        Fewer looks leave each a larger share of alpha.
        """
        early = tuple(look for look in LOOKS if look < 0.8 * blocks)
        if blocks < FEW:
            # Half of them, so that the second stage has the other half.
            early = (max(MIN_BLOCKS, blocks // 2),)
        return replace(
            self,
            looks=tuple(dict.fromkeys((*early, max(blocks, MIN_BLOCKS)))),
            again=AGAIN_LONG if blocks >= LONG else AGAIN,
        )


@dataclass(frozen=True)
class Judged:
    """Where a measure stands; `suspected`: blocks after which stage 2 began, 0 if it did not."""

    state: State
    estimate: Estimate
    suspected: int = 0


def judge(logs: Sequence[float | None], rules: Rules, metric: str, ended: bool) -> Judged:
    """Where the measure with these log-ratios stands.

    `logs`: one per block, None where the block has no pair. `ended`: no more blocks will come.
    """
    first = _stage(logs, rules, metric, ended)
    if first.state != "suspect":
        return first
    # Only what came after the suspicion counts, and only its direction is asked for.
    sign = 1 if first.estimate.middle > 0 else -1
    again = _stage(logs[first.suspected :], rules, metric, ended, sign)
    return Judged(
        "suspect" if again.state == "open" else again.state,
        again.estimate if again.estimate.blocks else first.estimate,
        first.suspected,
    )


def _stage(
    logs: Sequence[float | None], rules: Rules, metric: str, ended: bool, sign: int = 0
) -> Judged:
    """One stage by itself; `sign` is the direction that stage 2 asks for, 0 in stage 1.

    Stage 1 says `suspect` where stage 2 says `larger` or `smaller`.
    """
    threshold, asked = math.log1p(rules.threshold(metric)), math.log1p(rules.asked(metric))
    looks, alpha = (rules.again, rules.alpha) if sign else (rules.looks, rules.alpha / 2)
    tail, miss, ranked = alpha / len(looks), rules.miss / len(looks), metric in WATCHED
    estimate = Estimate()
    for upto in _due(looks, len(logs), ended):
        estimate, test = look(logs[:upto], miss, ranked), look(logs[:upto], tail, ranked)
        if test.leans(threshold, sign):
            # The interval shown is the one that the test inverts.
            return Judged(_REJECTED[sign], test if sign else estimate, upto)
        is_last = upto >= looks[-1] or (ended and upto == len(logs))
        if estimate.within(asked, sign) and (is_last or not estimate.leans(threshold, sign)):
            return Judged("same", estimate)
    over = ended or len(logs) >= looks[-1]
    return Judged("unclear" if over else "open", estimate if over else look(logs, miss, ranked))


def _due(looks: Sequence[int], done: int, ended: bool) -> Iterator[int]:
    """The looks that so many blocks have come to.

    Where the blocks end between two looks, the next one is taken early.
    """
    yield from (look for look in looks if look <= done)
    if ended and done not in looks and done < looks[-1]:
        yield done
