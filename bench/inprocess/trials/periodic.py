"""What is watched of a periodic task: marks named `tick`, whoever fires them."""

import itertools
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation, TrialProcess

# Two firings closer than that share of a period are one too many: of two schedulers one is within
# half of it.
NEAR = 0.6


def ticks(lab: Lab) -> list[float]:
    """When they fired, in seconds of the wall clock."""
    return sorted(mark["wall_ns"] / 1e9 for mark in lab.marks("tick"))


def evenly(lab: Lab, period_s: float, wanted: int, skip: int = 1) -> Observation:
    """Watch so many firings.

    The first `skip` are left out, as a scheduler may begin with one out of its time.
    """
    lab.until(lambda: len(ticks(lab)) >= wanted + skip, (wanted + skip + 2) * period_s)
    return {"period_s": period_s, "fired_s": ticks(lab)[skip : skip + wanted], "wanted": wanted}


def crowd(lab: Lab, period_s: float, second: Callable[[], Any]) -> Observation:
    """Three periods with two workers; then a second scheduler, and three more."""
    lab.wait(3, "tick", 5 * period_s + 3)
    alone = ticks(lab)
    second()
    time.sleep(2.5)
    before = len(ticks(lab))
    lab.until(lambda: len(ticks(lab)) >= before + 6, 3 * period_s)
    both = ticks(lab)[before:]
    return {
        "periods": len(alone),
        "two_workers": _too_near(alone, period_s),
        "two_schedulers": _too_near(both, period_s),
    }


def _too_near(times: Sequence[float], period_s: float) -> int:
    return sum(later - earlier < NEAR * period_s for earlier, later in itertools.pairwise(times))


def away(
    lab: Lab, period_s: float, scheduler: Callable[[], TrialProcess], periods: float = 3.2
) -> Observation:
    """Kill the scheduler, let some firings be missed, start it again."""
    first = scheduler()
    lab.wait(2, "tick", 4 * period_s + 3)
    first.end(signal.SIGKILL)
    time.sleep(periods * period_s)
    before = len(ticks(lab))
    scheduler()
    lab.until(lambda: len(ticks(lab)) >= before + 3, 4 * period_s + 3)
    again = ticks(lab)[before:]
    return {"away_periods": periods, "made_up": _too_near(again, period_s), "again": len(again)}
