"""work, live: what happens in a cell."""

import random
import string
import time

import numpy as np

from bench.base.errors import CellFailed
from bench.inprocess.event_log import FINISHED
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import FIRST_WARM_TASK, Schedule
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.until import fill_and_drain
from scenarios.work import LEAST, MOST, TASK_MS

PAYLOAD_BYTES = 10_240
LOOK_LEAST, LOOK_MOST, LOOK_TIMEOUT_S = 40, 5_000, 30.0


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Boot and look how fast it goes, stop, fill, start on the full queue, drain."""
    work = _work_of(cell.case)
    with testbed.phase("boot"):
        testbed.boot()
        rate = _look(testbed, work, float(cell.params["look_s"]))
    testbed.mark("look_rate", rate)
    tasks = int(
        cell.params.get("tasks")
        or min(max(rate * float(cell.params["drain_s"]), LEAST, 10 * cell.slots), MOST)
    )
    fill_and_drain(testbed, tasks, work, float(cell.params["at_most_s"]))
    return Ending()


def _work_of(case: str) -> str:
    kind, _, _ = case.partition("/")
    return _padding() if kind == "payload" else f"{kind}:{TASK_MS}"


def _padding() -> str:
    """Text of 10 KiB that does not shrink to nothing where a library packs it, as RQ does."""
    letters = string.ascii_letters + string.digits + "+/"
    return "pad:" + "".join(
        random.Random(PAYLOAD_BYTES).choices(letters, k=PAYLOAD_BYTES - len("pad:"))
    )


def _look(testbed: Testbed, work: str, look_s: float) -> float:
    """Tasks per second of a short backlog, enqueued and drained at once: a little less than the
    drain will reach."""
    first, count, rate = FIRST_WARM_TASK, max(LOOK_LEAST, 4 * testbed.cell.slots), 0.0
    for _ in range(2):
        ids = np.arange(first, first + count, dtype=np.int64)
        zeros, began, left = np.zeros(count, np.int64), time.monotonic(), count
        testbed.load.send(Schedule(ids, zeros, zeros, (work,)), time.monotonic_ns())
        while left > 0:
            records = testbed.tail.poll()
            ours = (records["task"] >= first) & (records["task"] < first + count)
            left -= int((ours & (records["kind"] == FINISHED)).sum())
            testbed.fleet.check_alive()
            if time.monotonic() > began + LOOK_TIMEOUT_S:
                raise CellFailed(
                    f"{left} of {count} tasks had not finished after {LOOK_TIMEOUT_S:.0f} s: "
                    f"{testbed.fleet.describe_logs()}"
                )
            time.sleep(0.005)
        rate = count / (time.monotonic() - began)
        first, count = first + count, int(min(max(rate * look_s, count), LOOK_MOST))
    return rate
