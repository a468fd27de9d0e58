"""The event log: fixed-size records, one `os.write` each, that survive `kill -9`.

Standard library only: RQ forks per task, so whatever stands here is imported once per task.
"""

import os
import struct
from time import monotonic_ns

# marker, kind, flag, pid, task, stamp_ns, a, b: `a` and `b` belong to the kind, see below.
RECORD = struct.Struct("<2sBBIqqQQ")
MARKER = b"QB"
FORMAT = 2

STARTED = 1  # a = thread, b = (parent pid << 32) | microseconds spent importing the task module
FINISHED = 2  # a = thread
SENT = 3  # a = due_ns, b = number of the generator
RETURNED = 4  # flag 1 = the call raised; b = number of the generator
READY = 5  # a generator is connected and waits for its schedule
DONE = 6  # a generator has sent all it had to send
RAISED = 7  # a run of a workload's task ended by an exception; a = thread

# `gil-on` or `gil-off`, empty: beside the runs, where the tasks ran in a free-threaded build.
GIL = "gil-"


def boot_id() -> bytes:
    """Sixteen bytes that name this boot of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
        return bytes.fromhex(file.read().strip().replace("-", ""))


def clock_id() -> bytes:
    """Twenty-four bytes that name the clock of this process: boot and time namespace.

    Stamps are never subtracted across two but through a measured bound. The boot alone would not
    do: all namespaces of a machine have the same one, and a time namespace a clock of its own.
    """
    try:
        namespace = os.stat("/proc/self/ns/time").st_ino
    except OSError:  # a kernel before 5.6 has one clock for all
        namespace = 0
    return boot_id() + struct.pack("<Q", namespace)


def header(clock: bytes | None = None) -> bytes:
    """The first record of every event file: format version and clock id, ours unless told."""
    return struct.pack("<4sHH24s", b"QBEV", FORMAT, RECORD.size, clock or clock_id()).ljust(
        RECORD.size, b"\0"
    )


class Log:
    """An event file opened for appending; many processes may share one."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_APPEND)

    def write(
        self, kind: int, task: int, stamp_ns: int, a: int = 0, b: int = 0, flag: int = 0
    ) -> None:
        """Append one record; a kill does not tear it, as the write ends inside one system call."""
        os.write(self.fd, RECORD.pack(MARKER, kind, flag, os.getpid(), task, stamp_ns, a, b))


def create(path: str) -> None:
    """Start an event file, before any process that writes to it."""
    with open(path, "xb") as file:
        file.write(header())


__all__ = [
    "DONE",
    "FINISHED",
    "FORMAT",
    "GIL",
    "MARKER",
    "RAISED",
    "READY",
    "RECORD",
    "RETURNED",
    "SENT",
    "STARTED",
    "Log",
    "boot_id",
    "clock_id",
    "create",
    "header",
    "monotonic_ns",
]
