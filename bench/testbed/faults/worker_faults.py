"""The faults of the workers: main processes and children are killed or replaced."""

import signal
import time

from bench.base.errors import CellFailed, NotOffered
from bench.hosts.process import Process
from bench.inprocess import event_log
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

GRACE_S = 10.0
ROLL_S = 20.0  # a replacement that runs nothing within this is waited for no longer
WITHIN_S = 10.0


def nothing(testbed: Testbed, busy: list[int]) -> Struck:
    """Do nothing; t0 is now. What the instrument shows then must be 0."""
    return Struck(time.monotonic_ns())


def kill_all(testbed: Testbed, busy: list[int]) -> Struck:
    """Stop the whole tree of every worker, kill all of it, and prove it gone."""
    return Struck(*testbed.host.kill_tree(testbed.fleet.roots()))


def kill_child(testbed: Testbed, busy: list[int]) -> Struck:
    """Kill one process that runs a task and is no main process; NotOffered where tasks run in the
    main process."""
    mains = [process.pid for process in testbed.fleet.roots()]
    children = [pid for pid in busy if pid not in mains]
    if not children:
        raise NotOffered("its tasks run in the main process: there is no child to kill")
    Process(children[0]).signal(signal.SIGKILL)
    return Struck(time.monotonic_ns(), children[:1])


def replace_all(testbed: Testbed, busy: list[int]) -> Struck:
    """SIGTERM to every main process, replacements at once, SIGKILL after ten seconds."""
    t0, old, _ = testbed.fleet.replace(GRACE_S)
    return Struck(t0, [process.pid for process in old])


def replace_each(testbed: Testbed, busy: list[int]) -> Struck:
    """Replace one main process after the other, the next when the replacement has run a task."""
    t0, victims = 0, list[int]()
    for old in testbed.fleet.roots():
        stamp, _, (new,) = testbed.fleet.replace(GRACE_S, only=old)
        t0, victims = t0 or stamp, [*victims, old.pid]
        deadline = time.monotonic() + ROLL_S
        while not _ran(testbed, new):
            if time.monotonic() > deadline:
                raise CellFailed(
                    f"a replacement ran no task within {ROLL_S:.0f} s: "
                    f"{testbed.fleet.describe_logs()}"
                )
            time.sleep(0.05)
    return Struck(t0, victims)


def _ran(testbed: Testbed, root: Process) -> bool:
    """Whether a process below this one has run a task since the last look."""
    records = testbed.tail.poll()
    pids = {process.pid for process in root.tree()}
    ran_in = records["pid"][records["kind"] == event_log.FINISHED]
    parents = (records["b"] >> 32)[records["kind"] == event_log.STARTED]
    return any(int(pid) in pids for pid in (*ran_in, *parents))


def poisoned(testbed: Testbed, poison_task: int) -> Struck:
    """Wait for the start of a task that kills the process which runs it, or never ends.

    The start is t0, its process the victim. CellFailed if it does not start within 10 s.
    """
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        for record in testbed.tail.poll():
            if int(record["task"]) == poison_task and record["kind"] == event_log.STARTED:
                return Struck(int(record["stamp"]), [int(record["pid"])], poison_task=poison_task)
        time.sleep(0.001)
    raise CellFailed(f"the task that should do harm was not started within {WITHIN_S:.0f} s")
