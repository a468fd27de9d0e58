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
State = Literal["open", "suspect", "same", "larger", "smaller", "unclear"]


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
    threshold, asked = math.log1p(rules.threshold(metric)), math.log1p(rules.asked(metric))
    ranked = metric in WATCHED
    tail, miss = rules.alpha / 2 / len(rules.looks), rules.miss / len(rules.looks)
    estimate = Estimate()
    for upto in _due(rules.looks, len(logs), ended):
        estimate, test = look(logs[:upto], miss, ranked), look(logs[:upto], tail, ranked)
        if abs(test.middle) > threshold and test.beyond():
            again = _again(logs[upto:], rules, metric, 1 if test.middle > 0 else -1, ended, upto)
            return again if again.estimate.blocks else replace(again, estimate=estimate)
        if estimate.within(asked) and not (
            estimate.leans(threshold) and _goes_on(upto, rules.looks, len(logs), ended)
        ):
            return Judged("same", estimate)
    over = ended or len(logs) >= rules.looks[-1]
    return Judged("unclear" if over else "open", estimate if over else look(logs, miss, ranked))


def _again(
    logs: Sequence[float | None], rules: Rules, metric: str, sign: int, ended: bool, suspected: int
) -> Judged:
    """Stage 2: only what came after the suspicion counts, and only its direction is asked for."""
    threshold, asked = math.log1p(rules.threshold(metric)), math.log1p(rules.asked(metric))
    ranked = metric in WATCHED
    tail, miss = rules.alpha / len(rules.again), rules.miss / len(rules.again)
    estimate = Estimate()
    for upto in _due(rules.again, len(logs), ended):
        estimate, test = look(logs[:upto], miss, ranked), look(logs[:upto], tail, ranked)
        if sign * test.middle > threshold and test.beyond():
            # The interval shown is the one that the test inverts.
            return Judged("larger" if sign > 0 else "smaller", test, suspected)
        leans = estimate.leans(threshold, sign) and _goes_on(upto, rules.again, len(logs), ended)
        if (estimate.high if sign > 0 else -estimate.low) < asked and not leans:
            return Judged("same", estimate, suspected)
    over = ended or len(logs) >= rules.again[-1]
    shown = estimate if over else look(logs, miss, ranked)
    return Judged("unclear" if over else "suspect", shown, suspected)


def _goes_on(at: int, looks: Sequence[int], done: int, ended: bool) -> bool:
    """Whether there is a look after this one."""
    return at < looks[-1] and not (ended and at == done)


def _due(looks: Sequence[int], done: int, ended: bool) -> Iterator[int]:
    """The looks that so many blocks have come to.

    Where the blocks end between two looks, the next one is taken early.
    """
    yield from (look for look in looks if look <= done)
    if ended and done not in looks and done < looks[-1]:
        yield done
