"""rolling: SIGTERM to one main process after the other, each with its replacement at once."""

from functools import partial

from bench.base.errors import CellFailed
from bench.hosts.process import Process
from bench.inprocess import event_log
from bench.testbed.faults.deploy import GRACE_S
from bench.testbed.faults.struck import Struck
from bench.testbed.fleet import wait_for
from bench.testbed.testbed import Testbed

ROLL_S = 20.0  # a replacement that runs nothing within this is waited for no longer


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Replace one main process after the other, the next when the replacement has run a task."""
    t0, victims = 0, list[int]()
    for old in testbed.fleet.roots():
        stamp, new = testbed.fleet.replace_one(old, GRACE_S)
        t0, victims = t0 or stamp, [*victims, old.pid]
        if not wait_for(partial(_ran, testbed, new), ROLL_S, every_s=0.05):
            logs = testbed.fleet.describe_logs()
            raise CellFailed(f"a replacement ran no task within {ROLL_S:.0f} s: {logs}")
    return Struck(t0, victims)


def _ran(testbed: Testbed, root: Process) -> bool:
    """Whether a process below this one has run a task since the last look."""
    records = testbed.tail.poll()
    pids = {process.pid for process in root.tree()}
    parents = records["b"] >> 32
    done = records["kind"] == event_log.FINISHED
    began = records["kind"] == event_log.STARTED
    return any(int(pid) in pids for pid in records["pid"][done]) or any(
        int(parent) in pids for parent in parents[began]
    )
