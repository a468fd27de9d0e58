"""When the workers are ready: N warm-up tasks ran at the same time; no fixed sleep, no log."""

import time

import numpy as np

from bench.base.errors import CellFailed
from bench.inprocess import event_log
from bench.measure.drain import overlapping
from bench.model.schedule import Schedule
from bench.record.ledger import Ints
from bench.testbed.fleet import Fleet
from bench.testbed.load import Load
from bench.testbed.tails import Tail

TIMEOUT_S = 60.0
SLEEP_MS = 50
# A system that starts fifty tasks a second gets them all going before the first is over
SLEEP_MS_PER_SLOT = 20


def boot(fleet: Fleet, load: Load, tail: Tail, slots: int) -> float:
    """Start the fleet; the seconds until every slot ran a warm-up task.

    The ids of these tasks count down from -1. CellFailed with the last log lines if it takes a
    minute.
    """
    began = time.monotonic_ns()
    fleet.start()
    runs: dict[tuple[int, int, int], list[int]] = {}
    works = (f"sleep:{max(SLEEP_MS, SLEEP_MS_PER_SLOT * slots)}",)
    deadline, first = time.monotonic() + TIMEOUT_S, 0
    while True:
        first -= slots
        tasks, zeros = np.arange(first, first + slots), np.zeros(slots, np.int64)
        load.send(Schedule(tasks, zeros, zeros, works), time.monotonic_ns())
        finished: set[int] = set()
        while len(finished) < slots:
            fleet.check_alive()
            if time.monotonic() > deadline:
                raise CellFailed(
                    f"the workers were not ready within {TIMEOUT_S:.0f} s: {fleet.describe_logs()}"
                )
            for record in tail.poll():
                key = (int(record["pid"]), int(record["a"]), int(record["task"]))
                runs.setdefault(key, []).append(int(record["stamp"]))
                if record["kind"] == event_log.FINISHED:
                    finished.add(int(record["task"]))
            time.sleep(0.005)
        whole = np.array([stamps for stamps in runs.values() if len(stamps) == 2], np.int64)
        if overlapping(whole[:, 0], whole[:, 1]) >= slots:
            return (_all_slots_began(whole, slots) - began) / 1e9


def _all_slots_began(runs: Ints, slots: int) -> int:
    """The start (ns) of the run with which N were going on for the first time.

    `runs` has the shape (n, 2): start and finish of each.
    """
    return next(  # there is one: it is asked only where N overlap
        int(stamp)
        for stamp in np.sort(runs[:, 0])
        if ((runs[:, 0] <= stamp) & (runs[:, 1] > stamp)).sum() >= slots
    )
