"""What the selftest does outside of cells, judged as a cell would be: was the machine ours?"""

import os
import time
from collections.abc import Callable
from typing import TypeVar

from bench.hosts.cgroup import Halts
from bench.hosts.process import machine_busy_s
from bench.measure import validity
from bench.selftest import synthetic_runs
from bench.selftest.expectations import Unmeasured

T = TypeVar("T")


def alone(act: Callable[[], T]) -> T:
    """What an act gives while nobody else is busy; again where somebody was, as often as a cell.

    All that it starts has ended when it returns: only then is it known what it took. Foreign load
    is not judged in less than two seconds, as in a cell.
    """
    number = 0
    while True:
        number += 1
        moment = Moment()
        result = act()
        why = moment.unfit()
        if not why:
            return result
        if why.startswith("throttled") or number > synthetic_runs.AGAIN:
            raise Unmeasured(synthetic_runs.tried(number, why))


class Moment:
    """What had been spent at a moment."""

    def __init__(self) -> None:
        self._halts, self._cores = Halts(), os.sched_getaffinity(0)
        self._began = self._spent()

    def unfit(self) -> str:
        """Why the time since then is worth nothing; else nothing."""
        seconds, busy, ours, halted = (
            now - then for now, then in zip(self._spent(), self._began, strict=True)
        )
        quota = self._halts.quota_cores()
        cores = float("nan") if quota is None else quota
        throttled = validity.halted_too_long(halted, seconds, cores, "this check")
        if throttled or seconds < validity.FOREIGN_LOAD_FROM_S:
            return throttled
        return validity.too_busy((busy - ours) / (seconds * len(self._cores)), "this check")

    def _spent(self) -> tuple[float, float, float, float]:
        """(seconds, busy seconds of the cores, those of ours that have ended, halts)."""
        halted = self._halts.core_seconds()
        ours = sum(os.times()[:4])
        halts = float("nan") if halted is None else halted
        return time.monotonic(), machine_busy_s(self._cores), ours, halts
