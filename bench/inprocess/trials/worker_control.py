"""Control of the workers, watched the same way for every system."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.inprocess.trials.calling import busy, naps
from bench.inprocess.trials.lab import Lab, Observation, TrialProcess
from bench.inprocess.trials.spans import most
from bench.inprocess.trials.trial import System

CHILDREN_POLL_S = 0.5
NAPS = 6
HELD = 5
SETTLE_S = 1.2  # an order is carried out in the background


def at_work(system: System, busy_s: float) -> None:
    """Let a worker do four additions, and then be busy."""
    for _ in range(4):
        system.enqueue("add", 1, 1)
    system.lab.wait(4, "add", 10)
    busy(system, busy_s)


def accounts(done: int, told_done: int | None, told_running: Sequence[object]) -> Observation:
    """What the workers say of themselves while one task runs, beside how many have run."""
    return {"done": done, "told_done": told_done, "running": 1, "told_running": told_running}


def grows(
    system: System, grow: Callable[[], Any], shrink: Callable[[], Any], asked: Sequence[int]
) -> Observation:
    """How many naps run at a time: before, after growing, after shrinking."""

    def at_a_time(name: str, count: int) -> int:
        return most(naps(system, f"{name}-", count, 0.5, 5))

    overlaps = {"before": at_a_time("before", 3)}
    for name, order in (("grown", grow), ("shrunk", shrink)):
        order()
        time.sleep(SETTLE_S)
        overlaps[name] = at_a_time(name, NAPS)
    return {**overlaps, "asked": list(asked)}


def while_busy(lab: Lab, worker: TrialProcess, order: Callable[[], Any]) -> Observation:
    """A worker runs a task named `long` when it is told to end."""
    lab.wait(1, "long:start")
    order()
    ended = lab.until(lambda: not worker.alive(), 7)
    return {"ended": ended, "finished": bool(lab.marks("long:end"))}


def held(
    system: System, watched_s: float, resume: Callable[[], Any], timeout_s: float
) -> Observation:
    """Enqueue for workers that are suspended, watch for so long, and resume."""
    for _ in range(HELD):
        system.enqueue("touch", "held")
    time.sleep(watched_s)
    meanwhile = len(system.lab.marks("held"))
    resume()
    system.lab.until(lambda: len(system.lab.marks("held")) >= HELD, timeout_s)
    after = len(system.lab.marks("held"))
    return {"while_suspended": meanwhile, "after_resume": after, "asked": HELD}
