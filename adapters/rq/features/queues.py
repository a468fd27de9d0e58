"""Trials of RQ's priorities and of several queues."""

from collections.abc import Callable
from typing import Any

from adapters.rq.features import steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.priorities import LEVELS, PER_LEVEL, order, shares
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
NAMES = {3: "high", 2: "middle", 1: "low"}


def _fill(lab: Lab, enqueue: Callable[[int], Any], first_queue: str) -> Observation:
    """While the worker is busy: the least urgent first."""
    steps.queue(lab, first_queue).enqueue(tasks.nap, "busy", 1.5)
    lab.wait(1, "busy:start")
    for level in LEVELS:
        for _ in range(PER_LEVEL):
            enqueue(level)
    return order(lab)


@TRIALS.of("priority.levels", "order of queues")
def by_queue(lab: Lab) -> Observation:
    """Shown by `rq worker high middle low`."""
    queues = {level: steps.queue(lab, name) for level, name in NAMES.items()}
    steps.worker(lab, *steps.SIMPLE, "--quiet", queues=tuple(NAMES.values()))
    return _fill(
        lab, lambda level: queues[level].enqueue(tasks.touch, "level", level=level), "high"
    )


@TRIALS.of("priority.levels", "at_front")
def at_front(lab: Lab) -> Observation:
    """All but the least urgent to the front of one queue."""
    queue = steps.queue(lab)
    steps.worker(lab, *steps.SIMPLE, "--quiet")
    return _fill(
        lab,
        lambda level: queue.enqueue(tasks.touch, "level", level=level, at_front=level > 1),
        "default",
    )


@TRIALS.of("queues.routing")
def routing(lab: Lab) -> Observation:
    """Each queue has a worker of its own."""
    workers = {name: steps.worker(lab, *steps.SIMPLE, queues=(name,)) for name in ("a", "b")}
    queues = {name: steps.queue(lab, name) for name in workers}
    for _ in range(20):
        for name, queue in queues.items():
            queue.enqueue(tasks.touch, "routed", queue=name)
    marks = lab.wait(40, "routed")
    return {
        "asked": {"a": 20, "b": 20},
        "ran": {
            name: sum(m["queue"] == name and m["pid"] == w.pid for m in marks)
            for name, w in workers.items()
        },
    }


def _starvation(*flags: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        steps.worker(lab, *steps.SIMPLE, "--quiet", *flags, queues=("a", "b"))
        queues = {name: steps.queue(lab, name) for name in ("a", "b")}
        return shares(lab, lambda queue, name: queues[queue].enqueue(tasks.nap, name, 0.01))

    return carry_out


TRIALS.of("queues.starvation", "as shipped")(_starvation())
TRIALS.of("queues.starvation", "round_robin")(_starvation("--dequeue-strategy", "round_robin"))
