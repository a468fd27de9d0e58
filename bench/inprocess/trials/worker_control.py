"""Control of the workers, watched the same way for every system."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation, TrialProcess
from bench.inprocess.trials.spans import most, spans

CHILDREN_POLL_S = 0.5
NAPS = 6
SETTLE_S = 1.2  # an order is carried out in the background


def grows(
    lab: Lab,
    nap: Callable[[str], Any],
    grow: Callable[[], Any],
    shrink: Callable[[], Any],
    asked: Sequence[int],
) -> Observation:
    """How many naps run at a time: before, after growing, after shrinking."""
    overlaps = [_at_a_time(lab, nap, "before", 3)]
    grow()
    time.sleep(SETTLE_S)
    overlaps.append(_at_a_time(lab, nap, "grown", NAPS))
    shrink()
    time.sleep(SETTLE_S)
    overlaps.append(_at_a_time(lab, nap, "shrunk", NAPS))
    return {
        "before": overlaps[0],
        "grown": overlaps[1],
        "shrunk": overlaps[2],
        "asked": list(asked),
    }


def _at_a_time(lab: Lab, nap: Callable[[str], Any], name: str, count: int) -> int:
    for number in range(count):
        nap(f"{name}-{number}")
    lab.until(lambda: len(spans(lab.marks(), f"{name}-")) == count, 5)
    return most(spans(lab.marks(), f"{name}-"))


def while_busy(lab: Lab, worker: TrialProcess, order: Callable[[], Any]) -> Observation:
    """A worker runs a task named `long` when it is told to end."""
    lab.wait(1, "long:start")
    order()
    ended = lab.until(lambda: not worker.alive(), 7)
    return {"ended": ended, "finished": bool(lab.marks("long:end"))}
