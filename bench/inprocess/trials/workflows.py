"""Workflows, watched the same way for every system."""

import time
from collections.abc import Callable

from bench.inprocess.trials.lab import Lab, Observation, timed
from bench.inprocess.trials.spans import counts
from bench.inprocess.trials.trial import System

CHAIN, WIDE = 10, 100


def chain(system: System, run: Callable[[], object], passes: bool) -> Observation:
    """A chain, and as many plain tasks one after the other: enqueued, then waited for."""
    seconds, value = timed(run)
    plain_seconds, _ = timed(
        lambda: [system.value(system.enqueue("add", 1, 1)) for _ in range(CHAIN)]
    )
    return {
        "value": value,
        "expected": CHAIN,
        "runs": step_runs(system.lab, CHAIN),
        "passes": passes,
        "seconds": seconds,
        "steps": CHAIN,
        "plain_seconds": plain_seconds,
        "plain_tasks": CHAIN,
    }


def group(system: System, run: Callable[[], object], together: bool) -> Observation:
    """Tasks beside each other, and as many plain ones."""
    seconds, values = timed(run)
    return {
        "values": values,
        "expected": list(range(1, WIDE + 1)),
        "together": together,
        "seconds": seconds,
        "steps": WIDE,
        **_plain(system),
    }


def chord(system: System, run: Callable[[], object], passes: bool) -> Observation:
    """Tasks beside each other and one behind them all, and as many plain ones."""
    seconds, value = timed(run)
    time.sleep(0.5)  # a second callback would come now
    return {
        **fan_in(system.lab),
        "value": value,
        "expected": sum(range(1, WIDE + 1)),
        "passes": passes,
        "seconds": seconds,
        "steps": WIDE + 1,
        **_plain(system),
    }


def nested(value: object, passes: bool) -> Observation:
    """What ((0+1)+1) + ((0+1)+1), then + 1, came to."""
    return {"value": value, "expected": 5, "passes": passes}


def error(lab: Lab, told: str | None, handler: bool) -> Observation:
    """What the caller was told of a task that failed, and whether step 99 behind it ran."""
    return {"after_ran": step_runs(lab, 100)[99], "told": told, "handler": handler}


def step_runs(lab: Lab, steps: int) -> list[int]:
    """How often each step ran, by its number."""
    by_number = counts(lab.marks(), "step", "number")
    return [by_number[number] for number in range(steps)]


def _plain(system: System) -> Observation:
    """The seconds that as many plain tasks take: all enqueued, then each waited for."""
    seconds, _ = timed(
        lambda: [
            system.value(handle)
            for handle in [system.enqueue("step", number, number) for number in range(WIDE)]
        ]
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
