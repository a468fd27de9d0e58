"""host-loss-idle: as host-loss, while the workers wait for a task in a blocking call.

The broker believes in such a call for as long as it may last: what is sent meanwhile it hands to a
connection that is dead. Beyond that, and while all workers are busy, nothing goes there.
"""

import time

from bench.base.errors import CellFailed
from bench.inprocess import event_log
from bench.testbed.faults.host_loss import lose
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

IDLE_S = 10.0
LOOK_S = 0.002


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """The first worker host, as soon as no slot of any runs a task."""
    running, deadline_s = len(busy), time.monotonic() + IDLE_S
    while running > 0 or _waiting(testbed):
        if time.monotonic() > deadline_s:
            raise CellFailed(f"the workers were never idle within {IDLE_S:.0f} s")
        for record in testbed.tail.poll():
            running += 1 if record["kind"] == event_log.STARTED else -1
        time.sleep(LOOK_S)
    return lose(testbed)


def _waiting(testbed: Testbed) -> bool:
    """Whether a task has been sent and has not finished: between two of them no slot runs one."""
    book = testbed.live_ledger()
    return bool(((book.sent >= 0) & (book.first_finish() < 0)).any())
