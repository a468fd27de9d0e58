"""Calls, and the naps that fill slots, the same for every system."""

import os
from collections.abc import Callable
from typing import Any

from bench.inprocess.trials.lab import Lab, Observation, timed
from bench.inprocess.trials.spans import Span, counts, most, spans
from bench.inprocess.trials.trial import System

BATCH = 100


def busy(system: System, seconds: float) -> None:
    """Give the only slot a nap to do, and wait until it has begun."""
    system.enqueue("nap", "busy", seconds)
    system.lab.wait(1, "busy:start")


def naps(
    system: System, prefix: str, count: int, seconds: float, timeout_s: float, task: str = "nap"
) -> list[Span]:
    """Enqueue naps that are named so, and give the spans of those that end in time."""
    for number in range(count):
        system.enqueue(task, f"{prefix}{number}", seconds)
    system.lab.until(lambda: len(spans(system.lab.marks(), prefix)) == count, timeout_s)
    return spans(system.lab.marks(), prefix)


def in_caller(lab: Lab, value: object) -> Observation:
    """What came of 2 + 3 in the caller's own process."""
    pids = [mark["pid"] for mark in lab.marks("add")]
    return {"value": value, "expected": 5, "caller_pid": os.getpid(), "pids": pids}


def background(system: System) -> Observation:
    """A nap of 300 ms: where it runs, and when the call returns."""
    seconds, handle = timed(lambda: system.enqueue("nap", "bg", 0.3))
    return {
        "value": system.value(handle),
        "expected": "bg",
        "caller_pid": os.getpid(),
        "pids": [mark["pid"] for mark in system.lab.marks("bg:end")],
        "call_ms": seconds * 1000,
        "task_ms": 300.0,
    }


def coroutines(system: System, value: Callable[[Any], Any]) -> Observation:
    """A coroutine function as a task, twice; `value` is the call that waits for a result."""
    handles = [system.enqueue("coroutine", f"co-{number}", 0.3) for number in range(2)]
    return {
        "value": [value(handle) for handle in handles],
        "expected": ["co-0", "co-1"],
        "overlap": most(spans(system.lab.marks(), "co-")),
    }


def reads_of(system: System, redis: Any, send: Callable[[], Any]) -> int:
    """How often a Redis, asked by the client `redis`, reads while `send` is carried out."""

    def reads() -> int:
        return int(redis.info("stats")["total_reads_processed"])

    system.enqueue("touch", "warm")
    before = reads()
    send()
    return reads() - before - 1


def batched(lab: Lab, reads: int) -> Observation:
    """A batch of marks with a `number` each, sent by so many reads of the broker."""
    lab.wait(BATCH, "batch")
    runs = counts(lab.marks(), "batch", "number").values()
    return {"asked": BATCH, "ran": sum(count == 1 for count in runs), "reads": reads}


def overlapping(system: System, called: str) -> Observation:
    """Two naps in the slots of what the library calls so."""
    return {"spans": naps(system, "pool-", 2, 0.3, 6), "called": called}
