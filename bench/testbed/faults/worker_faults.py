"""Faults of the workers: killed, cut short, replaced."""

import time
from functools import partial

from bench.base.errors import CellFailed, NotOffered
from bench.hosts.local import signalled, tree
from bench.inprocess import event_log
from bench.testbed.faults.injection import Struck
from bench.testbed.fleet import wait_for
from bench.testbed.testbed import Stage

KILL = 9
GRACE_S = 10.0
ROLL_S = 20.0  # a replacement that runs nothing within this is waited for no longer


def nothing(stage: Stage, busy: list[int]) -> Struck:
    """No fault at all: what the instrument shows then must be 0."""
    return Struck(time.monotonic_ns())


def worker_crash(stage: Stage, busy: list[int]) -> Struck:
    """SIGKILL of every worker process: the tree is stopped first, all of it killed, and proven gone."""
    t0, victims = stage.host.kill_tree(stage.fleet.roots())
    return Struck(t0, victims)


def child_crash(stage: Stage, busy: list[int]) -> Struck:
    """SIGKILL of one process that runs a task and is no main process."""
    children = [pid for pid in busy if pid not in stage.fleet.roots()]
    if not children:
        raise NotOffered("its tasks run in the main process: there is no child to kill")
    signalled(children[0], KILL)
    return Struck(time.monotonic_ns(), children[:1])


def deploy(stage: Stage, busy: list[int]) -> Struck:
    """SIGTERM to every main process, replacements at once, SIGKILL after ten seconds of grace."""
    t0, old = stage.fleet.replace_all(GRACE_S)
    return Struck(t0, old)


def rolling(stage: Stage, busy: list[int]) -> Struck:
    """SIGTERM to one main process after the other, each with its replacement at once; the next when that one has run a task."""
    t0, victims = 0, list[int]()
    for old in stage.fleet.roots():
        stamp, new = stage.fleet.replace_one(old, GRACE_S)
        t0, victims = t0 or stamp, [*victims, old]
        if not wait_for(partial(_ran, stage, new), ROLL_S, every_s=0.05):
            raise CellFailed(f"a replacement ran no task within {ROLL_S:.0f} s: {stage.fleet.describe_logs()}")
    return Struck(t0, victims)


def _ran(stage: Stage, root: int) -> bool:
    """Whether a process below this one has finished a task since the last look."""
    records = stage.tail.poll()
    pids = {process.pid for process in tree([root])}
    parents = records["b"] >> 32
    done = records["kind"] == event_log.FINISHED
    began = records["kind"] == event_log.STARTED
    return any(int(pid) in pids for pid in records["pid"][done]) or any(int(parent) in pids for parent in parents[began])
