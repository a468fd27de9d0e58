"""child-crash: SIGKILL of one process that runs a task and is no main process."""

import signal
import time

from bench.base.errors import CellFailed, NotOffered
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Kill one child; NotOffered where tasks run in the main process."""
    roots = testbed.fleet.roots()
    mains = [process.pid for process in roots]
    children = [pid for pid in busy if pid not in mains]
    if not children:
        raise NotOffered("its tasks run in the main process: there is no child to kill")
    # Of several hosts that one has it whose main process is above it.
    host = next((root.host for root in roots if children[0] in root.host.below([root.pid])), None)
    if host is None:
        raise CellFailed("the child that was to be killed has ended by itself")
    host.signal(children[0], signal.SIGKILL)
    return Struck(time.monotonic_ns(), children[:1])
