"""The tasks of a live load that have not come to their end, told from the events as they come."""

from collections.abc import Collection

import numpy as np

from bench.inprocess.event_log import FINISHED, RAISED, STARTED
from bench.record.ledger import Ints, Kinds
from bench.testbed.tails import Tail


class Outstanding:
    """Which of the tasks 0, 1, 2, … are over: finished, or failed in the last run they get.

    `kinds` (tasks,) are their types, `retries` how many more runs each type gets. Nobody else may
    read the `tail` meanwhile.
    """

    def __init__(self, tail: Tail, kinds: Kinds, retries: Collection[int]) -> None:
        self._tail = tail
        self._most = np.array(list(retries), np.int16)[kinds]
        self._raised = np.zeros(len(kinds), np.int16)
        self._over = np.zeros(len(kinds), bool)
        self._began: Ints = np.full(len(kinds), -1, np.int64)

    def look(self) -> int:
        """How many are over now."""
        records = self._tail.poll()
        ours = (records["task"] >= 0) & (records["task"] < len(self._over))
        task, kind, stamp = (records[name][ours] for name in ("task", "kind", "stamp"))
        self._over[task[kind == FINISHED]] = True
        np.add.at(self._raised, task[kind == RAISED], 1)
        if (kind == RAISED).any():
            self._over |= self._raised > self._most
        # Of several records of a task the last one stays.
        self._began[task] = np.where(kind == STARTED, stamp, -1)
        return int(self._over.sum())

    def leave_out(self, tasks: Collection[int]) -> None:
        """These will never begin: the call that should have sent them raised."""
        ids = np.array(list(tasks), np.int64)
        self._over[ids[(ids >= 0) & (ids < len(self._over))]] = True

    def only_running(self) -> bool:
        """Whether nothing waits any more: each task that is not over has begun."""
        return bool((self._began[~self._over] >= 0).all())

    def at_rest(self, begun_after_ns: int = 0) -> list[int] | None:
        """The tasks that are not over, where none of them runs; None while one of them does.

        What began before `begun_after_ns` runs no more: its worker was killed since.
        """
        left = np.flatnonzero(~self._over)
        if (self._began[left] > begun_after_ns).any():
            return None
        return [int(task) for task in left]
