"""A fault that strikes a live cell, and the tasks that it left unfinished."""

import time

from bench.model.cell_log import poison_tasks
from bench.model.fault import Fault
from bench.record import ledger
from bench.testbed.faults import strike_of
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

SETTLE_S = 5.0


def strike(testbed: Testbed, fault: Fault, busy: list[int], at_ns: int) -> None:
    """Carry the fault out, now, and note it; `busy` are pids that run a task, as far as they are
    known, `at_ns` is when it was due."""
    note(testbed, fault, strike_of(fault)(testbed, busy), at_ns)


def note(testbed: Testbed, fault: Fault, struck: Struck, at_ns: int) -> None:
    """Store what a fault says of itself now that it has struck."""
    testbed.notes.injections.append(struck.stored(fault, at_ns, time.monotonic_ns()))


def book_of_others(testbed: Testbed) -> ledger.Ledger:
    """The ledger so far, without the tasks that brought a fault about."""
    return testbed.live_ledger().without(poison_tasks(testbed.notes.injections))


def unfinished_before(testbed: Testbed, due_before_ns: int) -> list[int]:
    """The tasks that were accepted, due before a stamp, and have not finished."""
    book = book_of_others(testbed)
    waits = (
        book.measured()
        & (book.enqueue == ledger.ACCEPTED)
        & (book.finishes() == 0)
        & (book.due < due_before_ns)
    )
    return [int(task) for task in book.task[waits]]


def until_drained(testbed: Testbed, horizon_s: float) -> None:
    """The generators are silent: let the last tasks finish, unless they never will."""
    deadline = min(time.monotonic() + SETTLE_S, max(horizon_s, time.monotonic() + 1.0))
    records, quiet_since = -1, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - quiet_since < 1.0:
        if (now := testbed.tail.count()) != records:
            records, quiet_since = now, time.monotonic()
        if not unfinished_before(testbed, time.monotonic_ns()):
            return
        time.sleep(0.1)
