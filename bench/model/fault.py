"""The faults by name: what an adapter can be asked about without knowing how they are done."""

from enum import StrEnum


class Fault(StrEnum):
    """One case of recovery; the file of its name in bench/testbed/faults does it to a live cell.

    `work` is the task that brings the fault about, where a task does; `network` says that it needs
    a network which can be broken; `time_limit_s` is the limit of its tasks where one is offered.
    """

    about: str
    work: str
    network: bool
    time_limit_s: float | None

    def __new__(
        cls,
        name: str,
        about: str = "",  # the look-up Fault("deploy") has none
        work: str = "",
        network: bool = False,
        time_limit_s: float | None = None,
    ) -> "Fault":
        member = str.__new__(cls, name)
        member._value_ = name
        member.about, member.work = about, work
        member.network, member.time_limit_s = network, time_limit_s
        return member

    WORKER_CRASH = "worker-crash", "SIGKILL of all worker processes"
    CHILD_CRASH = "child-crash", "SIGKILL of one pool child or work-horse that runs a task"
    DEPLOY = "deploy", "SIGTERM to every main process, replacements at once, SIGKILL after 10 s"
    BROKER_CRASH = "broker-crash", "SIGKILL of the broker, back after 3 s on the same data"
    ROLLING = (
        "rolling",
        "SIGTERM to one main process after the other, the next when the replacement has run a task",
    )
    BROKER_FREEZE = "broker-freeze", "SIGSTOP of the broker for 10 s"
    BROKER_FULL = "broker-full", "no memory left in the broker for 10 s"
    CONNECTIONS_KILLED = (
        "connections-killed",
        "the broker closes its clients' connections, one after the other",
    )
    ENQUEUE_OUTAGE = "enqueue-outage", "SIGKILL of the broker, back after 10 s"
    NETWORK_CUT = "network-cut", "connections reset and refused for 10 s", "", True
    HALF_OPEN = (
        "half-open",
        "connections dead but open; new ones without an answer for 10 s",
        "",
        True,
    )
    HOST_LOSS = "host-loss", "a worker host cut off from the broker, then everything there killed"
    HOST_LOSS_IDLE = "host-loss-idle", "the same while its workers wait for a task"
    PARTITION = "partition", "the worker hosts cut off from the broker for 10 s"
    POISON = "poison", "a task that kills the process which runs it, each time", "die"
    HANG = (
        "hang",
        "a task that never ends, under a time limit of 5 s where one is offered",
        "hang",
        False,
        5.0,
    )
    NONE = "none", "nothing: what the instrument shows then must be 0"


CORE = (Fault.WORKER_CRASH, Fault.CHILD_CRASH, Fault.DEPLOY, Fault.BROKER_CRASH)
OF_HOSTS = (Fault.HOST_LOSS, Fault.HOST_LOSS_IDLE, Fault.PARTITION)  # they need several
FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)
FURTHER = tuple(fault for fault in FAULTS if fault not in (*CORE, *OF_HOSTS))
