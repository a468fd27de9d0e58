"""Priority and starvation, watched the same way for every system."""

from collections.abc import Callable
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation

LEVELS, PER_LEVEL = (1, 2, 3), 100  # larger = more urgent; enqueued in this order
LONG, WATCHED = (
    150,
    120,
)  # tasks of each queue; runs that are looked at, fewer than the first queue has


def order(lab: Lab) -> Observation:
    """The levels in the order in which the tasks ran."""
    asked = len(LEVELS) * PER_LEVEL
    lab.until(lambda: len(lab.marks("level")) >= asked, lab.left() - 1)
    return {"order": [mark["level"] for mark in lab.marks("level")], "asked": asked}


def shares(lab: Lab, enqueue: Callable[[str, str], Any]) -> Observation:
    """Which queue's tasks ran while the queue `a` was not empty.

    `enqueue(queue, name)` enqueues a nap of 10 ms: first those of the queue `a`, then those of `b`.
    """
    enqueue("a", "plug")
    for queue in ("a", "b"):
        for number in range(LONG):
            enqueue(queue, f"{queue}-{number}")
    lab.until(
        lambda: sum(mark["name"].endswith(":end") for mark in lab.marks()) > 2 * LONG,
        lab.left() - 1,
    )
    runs = [
        mark["name"][0]
        for mark in lab.marks()
        if mark["name"].endswith(":end") and mark["name"][:2] in ("a-", "b-")
    ]
    watched = runs[:WATCHED]
    return {"first": watched.count("a"), "second": watched.count("b"), "after": runs.count("b")}
