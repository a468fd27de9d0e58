"""Priority, queues and starvation, watched the same way for every system."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation, TrialProcess

LEVELS, PER_LEVEL = (1, 2, 3), 100  # larger = more urgent; enqueued in this order
EACH = 20  # tasks of each queue that has a worker of its own
# Tasks of each queue; runs that are looked at, fewer than the first queue has.
LONG, WATCHED = 150, 120


def order(lab: Lab, enqueue: Callable[[int], Any]) -> Observation:
    """Enqueue the least urgent first; the levels in the order in which the tasks ran."""
    for level in LEVELS:
        for _ in range(PER_LEVEL):
            enqueue(level)
    asked = len(LEVELS) * PER_LEVEL
    lab.until(lambda: len(lab.marks("level")) >= asked, lab.left() - 1)
    return {"order": [mark["level"] for mark in lab.marks("level")], "asked": asked}


def routed(
    lab: Lab, workers: Mapping[str, TrialProcess], enqueue: Callable[[str], Any]
) -> Observation:
    """How many of the tasks of each queue ran at the worker of that queue."""
    for _ in range(EACH):
        for queue in workers:
            enqueue(queue)
    marks = lab.wait(EACH * len(workers), "routed")
    return {
        "asked": dict.fromkeys(workers, EACH),
        "ran": {
            queue: sum(mark["queue"] == queue and mark["pid"] == worker.pid for mark in marks)
            for queue, worker in workers.items()
        },
    }


def shares(lab: Lab, enqueue: Callable[[str, str], Any]) -> Observation:
    """Which queue's tasks ran while the queue `a` was not empty.

    `enqueue(queue, name)` enqueues a nap of 10 ms: first those of the queue `a`, then those of `b`.
    """

    def ends() -> list[str]:
        return [mark["name"] for mark in lab.marks() if mark["name"].endswith(":end")]

    enqueue("a", "plug")
    for queue in ("a", "b"):
        for number in range(LONG):
            enqueue(queue, f"{queue}-{number}")
    lab.until(lambda: len(ends()) > 2 * LONG, lab.left() - 1)
    runs = [name[0] for name in ends() if name.startswith(("a-", "b-"))]
    watched = runs[:WATCHED]
    return {"first": watched.count("a"), "second": watched.count("b"), "after": runs.count("b")}
