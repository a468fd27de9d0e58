"""Delays, retries and limits, watched the same way for every system."""

import itertools
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation

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


def once_more(lab: Lab, asked_s: Sequence[float]) -> Observation:
    """The pauses between the tries of a task that fails at first."""
    lab.until(lambda: bool(lab.marks("succeeded")), sum(asked_s) + 4)
    tries = [mark["ns"] / 1e9 for mark in lab.marks("try")]
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    return {"asked_s": list(asked_s), "gaps_s": gaps, "finished": bool(lab.marks("succeeded"))}


def held_up(
    lab: Lab, limit_s: float, enqueue_next: Callable[[], Any], timeout_s: float = 7.0
) -> Observation:
    """Whether a task named `next` runs when one named `long` is over its limit in the only slot."""
    began = lab.wait(1, "long:start")[0]["ns"]
    enqueue_next()
    lab.until(lambda: bool(lab.marks("next")), timeout_s)
    following = lab.marks("next")
    return {
        "limit_s": limit_s,
        "finished": bool(lab.marks("long:end")),
        "next_s": (following[0]["ns"] - began) / 1e9 if following else None,
    }


def after(lab: Lab, limit_s: float, timeout_s: float = 6.0) -> Observation:
    """Whether a task named `careful` that is over its limit is told, and its clean-up ends."""
    began = lab.wait(1, "careful:start")[0]["ns"]
    lab.until(lambda: bool(lab.marks("careful:end") or lab.marks("cleaned")), timeout_s)
    caught = lab.marks("caught")
    observation = {
        "limit_s": limit_s,
        "finished": bool(lab.marks("careful:end")),
        "cleaned": bool(lab.marks("cleaned")),
    }
    return {**observation, "caught_s": (caught[0]["ns"] - began) / 1e9 if caught else None}
