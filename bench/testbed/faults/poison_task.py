"""Faults that a task brings with it: it kills the process that runs it, or never ends."""

import time

from bench.base.errors import CellFailed
from bench.inprocess import event_log
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

WITHIN_S = 10.0


def started(testbed: Testbed, poison_task: int) -> Struck:
    """Wait for the start of that task, which is t0; its process is the victim.

    CellFailed if it does not start within 10 s.
    """
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        for record in testbed.tail.poll():
            if int(record["task"]) == poison_task and record["kind"] == event_log.STARTED:
                return Struck(int(record["stamp"]), [int(record["pid"])], poison_task=poison_task)
        time.sleep(0.001)
    raise CellFailed(f"the task that should do harm was not started within {WITHIN_S:.0f} s")
