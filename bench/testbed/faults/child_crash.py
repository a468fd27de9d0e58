"""child-crash: SIGKILL of one process that runs a task and is no main process."""

import signal
import time

from bench.base.errors import NotOffered
from bench.hosts.process import Process
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Kill one child; NotOffered where tasks run in the main process."""
    mains = [process.pid for process in testbed.fleet.roots()]
    children = [pid for pid in busy if pid not in mains]
    if not children:
        raise NotOffered("its tasks run in the main process: there is no child to kill")
    Process(children[0]).signal(signal.SIGKILL)
    return Struck(time.monotonic_ns(), children[:1])
