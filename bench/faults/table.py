"""Every fault by its name: what it is, and what it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.faults import processes, servers, wires
from bench.faults.names import FAULT_NAMES
from bench.faults.struck import Struck
from bench.stage import Stage

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
    "worker-crash": Fault("SIGKILL of all worker processes", processes.worker_crash),
    "child-crash": Fault("SIGKILL of one pool child or work-horse that runs a task", processes.child_crash),
    "deploy": Fault("SIGTERM to every main process, replacements at once, SIGKILL after 10 s", processes.deploy),
    "broker-crash": Fault("SIGKILL of the broker, back after 3 s on the same data", servers.crash),
    "rolling": Fault("SIGTERM to one main process after the other, the next when the replacement has run a task", processes.rolling),
    "broker-freeze": Fault("SIGSTOP of the broker for 10 s", servers.freeze),
    "broker-full": Fault("no memory left in the broker for 10 s", servers.full),
    "connections-killed": Fault("the broker closes its clients' connections, one after the other", servers.connections),
    "enqueue-outage": Fault("SIGKILL of the broker, back after 10 s", servers.outage),
    "network-cut": Fault("connections reset and refused for 10 s", wires.cut, network=True),
    "half-open": Fault("connections dead but open; new ones without an answer for 10 s", wires.half_open, network=True),
    "poison": Fault("a task that kills the process which runs it, each time", work="die"),
    "hang": Fault("a task that never ends, under a time limit of 5 s where one is offered", work="hang", time_limit_s=5.0),
    "none": Fault("nothing: what the instrument shows then must be 0", processes.nothing),
}
assert tuple(FAULTS) == (*FAULT_NAMES, "none")
