"""Workflows, watched the same way for every system."""

import time
from collections.abc import Callable
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.spans import counts

CHAIN, WIDE = 10, 100


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Call it; (the seconds that took, its result)."""
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value


def step_runs(lab: Lab, steps: int) -> list[int]:
    """How often each step ran, by its number."""
    by_number = counts(lab.marks(), "step", "number")
    return [by_number.get(number, 0) for number in range(steps)]


def plain_group(enqueue: Callable[[int], Any], wait: Callable[[Any], Any]) -> Observation:
    """The seconds that as many plain tasks take: all enqueued, then each waited for."""
    seconds, _ = timed(
        lambda: [wait(result) for result in [enqueue(number) for number in range(WIDE)]]
    )
    return {"plain_seconds": seconds, "plain_tasks": WIDE}


def fan_in(lab: Lab) -> Observation:
    """How often what comes after the many ran, and whether it began when all of them had."""
    callbacks, steps = lab.marks("callback"), lab.marks("step")
    return {
        "members": WIDE,
        "callback_runs": len(callbacks),
        "callback_after": bool(callbacks)
        and len({mark["number"] for mark in steps if mark["ns"] <= callbacks[0]["ns"]}) == WIDE,
    }
