"""Delays, retries, limits and cancelling, watched the same way for every system."""

import itertools
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.inprocess.trials.calling import busy
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import System

TASKS = 100


def in_time(lab: Lab, enqueue: Callable[[float, float], Any]) -> Observation:
    """How late 100 tasks begin that are due 1.5 to 4.5 s from now.

    `enqueue(delay_s, due_s)` enqueues one that carries its due time in its mark.
    """
    moments = random.Random(1)
    for _ in range(TASKS):
        delay = moments.uniform(1.5, 4.5)
        enqueue(delay, time.time() + delay)
    lab.until(lambda: len(lab.marks("eta")) >= TASKS, 9)
    return {
        "asked": TASKS,
        "late_s": [mark["wall_ns"] / 1e9 - mark["due"] for mark in lab.marks("eta")],
    }


def left_out(lab: Lab, start: Callable[[], Any], waits_s: float) -> Observation:
    """Start a worker when the tasks `expired` and `fresh` have waited for so long."""
    time.sleep(waits_s)
    start()
    lab.until(lambda: bool(lab.marks("fresh")), 4)
    return _ran(lab)


def _ran(lab: Lab) -> Observation:
    time.sleep(0.5)  # what should not run would come now
    return {"ran": [mark["name"] for mark in lab.marks()]}


def once_more(lab: Lab, asked_s: Sequence[float]) -> Observation:
    """The pauses between the tries of a task that fails at first."""
    lab.until(lambda: bool(lab.marks("succeeded")), sum(asked_s) + 4)
    tries = [mark["ns"] / 1e9 for mark in lab.marks("try")]
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    return {"asked_s": list(asked_s), "gaps_s": gaps, "finished": bool(lab.marks("succeeded"))}


def held_up(system: System, limit_s: float) -> Observation:
    """Whether a task named `next` runs when one named `long` is over its limit in the only slot."""
    began_ns = system.lab.wait(1, "long:start")[0]["ns"]
    return {"limit_s": limit_s, **_following(system, began_ns)}


def stopped(system: System, stop: Callable[[Any], Any]) -> Observation:
    """Whether `stop(handle)` ends a task that runs, and another runs in its slot."""
    handle = system.enqueue("nap", "long", 5.0)
    system.lab.wait(1, "long:start")
    began_ns = time.monotonic_ns()
    stop(handle)
    return _following(system, began_ns)


def _following(system: System, began_ns: int) -> Observation:
    system.enqueue("touch", "next")
    system.lab.until(lambda: bool(system.lab.marks("next")), 7)
    following = system.lab.marks("next")
    return {
        "finished": bool(system.lab.marks("long:end")),
        "next_s": (following[0]["ns"] - began_ns) / 1e9 if following else None,
    }


def after(lab: Lab, limit_s: float) -> Observation:
    """Whether a task named `careful` that is over its limit is told, and its clean-up ends."""
    began_ns = lab.wait(1, "careful:start")[0]["ns"]
    lab.until(lambda: bool(lab.marks("careful:end") or lab.marks("cleaned")), 6)
    caught = lab.marks("caught")
    return {
        "limit_s": limit_s,
        "finished": bool(lab.marks("careful:end")),
        "cleaned": bool(lab.marks("cleaned")),
        "caught_s": (caught[0]["ns"] - began_ns) / 1e9 if caught else None,
    }


def taken_back(system: System, busy_s: float, take_back: Callable[[Any], Any]) -> Observation:
    """Take one of two tasks back that wait behind one that runs."""
    busy(system, busy_s)
    handle = system.enqueue("touch", "cancelled")
    system.enqueue("touch", "other")
    take_back(handle)
    system.lab.wait(1, "other")
    return _ran(system.lab)


def rate(lab: Lab, limit_per_s: float, workers: int) -> Observation:
    """When the tasks `limited` began; no system gives one up instead of waiting."""
    starts = [mark["ns"] / 1e9 for mark in lab.marks("limited")]
    return {"limit_per_s": limit_per_s, "workers": workers, "starts_s": starts, "dropped": 0}
