"""Before the load of a workload begins: each slot has run a task of each type.

So functions are imported, connections open, and caches of the user's filled.
"""

import time

import numpy as np

from bench.inprocess import event_log
from bench.model.schedule import FIRST_WARM_TASK, Schedule
from bench.testbed.testbed import Testbed
from bench.workload.arrivals import Kinds

AT_MOST_S = 30.0
LOOK_S = 0.01


def warm_up(testbed: Testbed, kinds: Kinds) -> None:
    """Send a task of each of these types, (tasks,), all at once, and wait until each has run.

    `bench.workload.cell_files.write` has written what they do. Run is what has finished or has
    failed as often as it may be tried; after 30 s a note says how many have not. CellFailed where
    a worker or a generator ends.
    """
    file = testbed.cell.workload
    assert file is not None, "only the cell of a workload has task types"
    types = file.workload.task
    tasks = FIRST_WARM_TASK + np.arange(len(kinds), dtype=np.int64)
    works = tuple(str(kind) for kind in range(len(types)))
    schedule = Schedule(tasks, np.zeros(len(kinds), np.int64), kinds.astype(np.int64), works)
    testbed.load.send(schedule, time.monotonic_ns())
    runs = {
        int(task): types[kind].retries + 1
        for task, kind in zip(tasks.tolist(), kinds.tolist(), strict=True)
    }
    deadline = time.monotonic() + AT_MOST_S
    while runs and time.monotonic() < deadline and not testbed.out_of_time():
        testbed.fleet.check_alive()
        testbed.load.check_alive()
        _look(testbed, runs)
        testbed.progress("warmup", len(kinds) - len(runs), len(kinds))
        time.sleep(LOOK_S)
    if runs:
        testbed.note(
            f"{len(runs)} of {len(kinds)} warm-up tasks had not run {AT_MOST_S:.0f} s after they "
            "were sent: the load began beside them"
        )


def _look(testbed: Testbed, runs: dict[int, int]) -> None:
    """Take what has run since the last look out of `runs`: task → the runs that it may still get.

    The boot's tasks are not among them.
    """
    for record in testbed.tail.poll():
        task = int(record["task"])
        if task not in runs:
            continue
        if record["kind"] == event_log.FINISHED:
            del runs[task]
        elif record["kind"] == event_log.RAISED:
            runs[task] -= 1
            if not runs[task]:
                del runs[task]
