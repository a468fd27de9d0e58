"""rolling: SIGTERM to one main process after the other, each with its replacement at once."""

import time

from bench.base.errors import CellFailed
from bench.hosts.process import Process
from bench.inprocess import event_log
from bench.testbed.faults.deploy import GRACE_S
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

ROLL_S = 20.0  # a replacement that runs nothing within this is waited for no longer


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Replace one main process after the other, the next when the replacement has run a task."""
    t0, victims = 0, list[int]()
    for old in testbed.fleet.roots():
        stamp, _, (new,) = testbed.fleet.replace(GRACE_S, only=old)
        t0, victims = t0 or stamp, [*victims, old.pid]
        deadline = time.monotonic() + ROLL_S
        while not _ran(testbed, new):
            if time.monotonic() > deadline:
                logs = testbed.fleet.describe_logs()
                raise CellFailed(f"a replacement ran no task within {ROLL_S:.0f} s: {logs}")
            time.sleep(0.05)
    return Struck(t0, victims)


def _ran(testbed: Testbed, root: Process) -> bool:
    """Whether a process below this one has run a task since the last look."""
    records = testbed.tail.poll()
    pids = {process.pid for process in root.tree()}
    ran_in = records["pid"][records["kind"] == event_log.FINISHED]
    parents = (records["b"] >> 32)[records["kind"] == event_log.STARTED]
    return any(int(pid) in pids for pid in (*ran_in, *parents))
