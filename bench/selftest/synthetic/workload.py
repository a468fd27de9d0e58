"""A workload's tasks on the synthetic queue: `python -m synthetic.workload SLOT CHILDREN`.

An item on the list is [task, work]; of a workload's task the work is [type, attempt, message …].
"""

import json
from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from bench.inprocess import workload_tasks
from bench.inprocess.workload_messages import message

# In its processes this folder is a package of its own.
from . import app
from .worker import QUEUE, Worker, main, until

FETCH_NS = 400_000  # so long a busy slot is between two tasks


def connect() -> Callable[[int, str], str]:
    """The enqueue call, with the stalls that were asked for."""
    send = app.sender()

    def enqueue(task: int, work: str) -> str:
        if not work.isdigit():
            return send(task, work)
        kind = int(work)
        return send(task, [kind, 0, *message(task, kind)])

    return enqueue


def exactly(seconds: float) -> None:
    """Sleep to a few microseconds: what the queue takes has to be what it was told to take."""
    until(monotonic_ns() + int(seconds * 1e9))


class WorkloadWorker(Worker):
    """A slot that runs the tasks of a workload.

    They take the times of their type. A type without any takes those of a no-op, between its start
    and its finish: then how long it is in the system follows from the theory of queues.
    """

    def __init__(self, slot: int) -> None:
        super().__init__(slot)
        slow, factor = self.settings["slow_type"] or ("", 1.0)
        self.factor = float(factor)
        names = [each.name for each in workload_tasks.types()]
        self.slow = names.index(slow) if slow else -1
        self.free_ns = 0
        workload_tasks.pause = exactly
        workload_tasks.preload()

    def perform(self, task: int, work: Any) -> None:
        """The task body, or a task of a type; one that raises is tried again, if it may be."""
        if isinstance(work, str):
            super().perform(task, work)
            return
        kind, attempt, *what = work
        try:
            workload_tasks.run(task, kind, attempt, *self.timed(kind, what))
        except Exception:
            if attempt < workload_tasks.types()[kind].retries:
                self.client.lpush(QUEUE, json.dumps([task, [kind, attempt + 1, *what]]))

    def timed(self, kind: int, what: list[Any]) -> list[Any]:
        """A synthetic task's message with the times that it is to take here."""
        if workload_tasks.types()[kind].call:
            return what
        sleep_ns, cpu_ns, *others = what
        factor = self.factor if kind == self.slow else 1.0
        if not sleep_ns and not cpu_ns:
            return [self.served_ns(self.service_ns() * factor), 0, *others]
        return [int(sleep_ns * factor), int(cpu_ns * factor), *others]

    def served_ns(self, wanted: float) -> int:
        """How long to wait now, so that this slot serves one task after the other without a gap.

        What it takes to fetch a task is no part of the service that was asked for.
        """
        now = monotonic_ns()
        begin = self.free_ns if now - self.free_ns < FETCH_NS else now
        self.free_ns = begin + int(wanted)
        return max(self.free_ns - now, 0)


if __name__ == "__main__":
    main(WorkloadWorker)
