"""Every fault by its name: what it is, and what it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.model.fault import FAULT_NAMES
from bench.testbed.faults import broker_faults, link_faults, worker_faults
from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Stage

Strike = Callable[[Stage, list[int]], Struck]


@dataclass(frozen=True)
class Fault:
    """One case of recovery. A fault without a strike is brought by a task: `work` is what that task does."""

    about: str
    strike: Strike | None = None
    work: str = ""
    network: bool = False
    time_limit_s: float | None = None


FAULTS = {
    "worker-crash": Fault("SIGKILL of all worker processes", worker_faults.worker_crash),
    "child-crash": Fault("SIGKILL of one pool child or work-horse that runs a task", worker_faults.child_crash),
    "deploy": Fault("SIGTERM to every main process, replacements at once, SIGKILL after 10 s", worker_faults.deploy),
    "broker-crash": Fault("SIGKILL of the broker, back after 3 s on the same data", broker_faults.crash),
    "rolling": Fault("SIGTERM to one main process after the other, the next when the replacement has run a task", worker_faults.rolling),
    "broker-freeze": Fault("SIGSTOP of the broker for 10 s", broker_faults.freeze),
    "broker-full": Fault("no memory left in the broker for 10 s", broker_faults.full),
    "connections-killed": Fault("the broker closes its clients' connections, one after the other", broker_faults.connections),
    "enqueue-outage": Fault("SIGKILL of the broker, back after 10 s", broker_faults.outage),
    "network-cut": Fault("connections reset and refused for 10 s", link_faults.cut, network=True),
    "half-open": Fault("connections dead but open; new ones without an answer for 10 s", link_faults.half_open, network=True),
    "poison": Fault("a task that kills the process which runs it, each time", work="die"),
    "hang": Fault("a task that never ends, under a time limit of 5 s where one is offered", work="hang", time_limit_s=5.0),
    "none": Fault("nothing: what the instrument shows then must be 0", worker_faults.nothing),
}
assert tuple(FAULTS) == (*FAULT_NAMES, "none")
