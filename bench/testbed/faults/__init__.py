"""The faults of a live cell, each a function that strikes once."""

from collections.abc import Callable, Mapping
from functools import partial

from bench.model.fault import Fault
from bench.testbed.faults import broker_faults, worker_faults
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

STRIKES: Mapping[Fault, Callable[[Testbed, list[int]], Struck]] = {
    Fault.WORKER_CRASH: worker_faults.kill_all,
    Fault.CHILD_CRASH: worker_faults.kill_child,
    Fault.DEPLOY: worker_faults.replace_all,
    Fault.ROLLING: worker_faults.replace_each,
    Fault.BROKER_CRASH: partial(broker_faults.kill, seconds=broker_faults.CRASHED_S),
    Fault.BROKER_FREEZE: broker_faults.freeze,
    Fault.BROKER_FULL: broker_faults.fill,
    Fault.CONNECTIONS_KILLED: broker_faults.disconnect,
    # How long does whoever enqueues wait, and for what answer?
    Fault.ENQUEUE_OUTAGE: partial(broker_faults.kill, seconds=broker_faults.LONG_S),
    Fault.NETWORK_CUT: partial(broker_faults.break_network, state="cut"),
    # Connections stay open and dead for good, as when a firewall forgets them.
    Fault.HALF_OPEN: partial(broker_faults.break_network, state="silent"),
    Fault.NONE: worker_faults.nothing,
}
"""What carries each fault out that no task brings about: (testbed, pids that run a task) → what it
hit.

A strike returns when the fault has struck, and raises NotOffered or Unavailable where this cell has
nothing to strike.
"""
