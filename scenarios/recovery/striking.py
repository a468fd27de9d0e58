"""Striking a live cell: when, when again, and when all is well."""

import random
import time

import numpy as np

from adapters.base import Frees
from bench.base.errors import CellFailed
from bench.inprocess import event_log
from bench.measure.injections import LOAD_SPIKE, LONG, MeasuredInjection, injections
from bench.model.cell_log import ManualRecovery
from bench.model.fault import Fault
from bench.model.schedule import Schedule
from bench.record import ledger
from bench.testbed import strikes
from bench.testbed.faults import poison_task
from bench.testbed.pending import GONE_S
from bench.testbed.strikes import SETTLE_S, book_of_others, unfinished_before
from bench.testbed.testbed import Testbed
from bench.testbed.until import sleep_until
from scenarios.recovery import APART_S

BUSY_TIMEOUT_S = 10.0
LOOK_S = 0.5

BACK_S = 45.0  # a system that does not serve by then is not struck again
FREE_S = 20.0
AHEAD_S = 0.4  # an order reaches a generator within 10 ms
BEFORE_NS = 200_000_000  # from then on the workers are watched


def strike(testbed: Testbed, fault: Fault, at_ns: int, first_id: int) -> None:
    """Strike once every slot is busy with the load spike that falls due at that moment.

    The injection is noted.
    """
    count = LOAD_SPIKE * testbed.cell.slots
    ids = np.arange(first_id, first_id + count + 1, dtype=np.int64)
    # The poison task comes a millisecond before the spike, so that it finds a free slot.
    first = 0 if fault.work else 1
    due = np.array([0, *[1_000_000] * count], np.int64)
    work = np.array([1, *[0] * count], np.int64)
    spike = Schedule(ids[first:], due[first:], work[first:], (LONG, fault.work))
    testbed.load.send(spike, at_ns, only=1)
    sleep_until(at_ns - BEFORE_NS)
    if fault.work:
        strikes.note(testbed, fault, poison_task.started(testbed, first_id), at_ns)
        return
    busy = _until_busy(testbed, {int(task) for task in ids[1:]}, at_ns / 1e9 + BUSY_TIMEOUT_S)
    strikes.strike(testbed, fault, busy, at_ns)


def _until_busy(testbed: Testbed, long_tasks: set[int], deadline_s: float) -> list[int]:
    """The pids that run a long task each, once all of them are accepted and N slots are busy.

    Workers start the first ones while the last are still being enqueued. A fault that struck then
    found fewer than 3 × N waiting, and how many depended on the speed of the machine.
    """
    running, accepted = dict[int, int](), False
    while time.monotonic() < deadline_s:
        for record in testbed.tail.poll():
            task = int(record["task"])
            if task not in long_tasks:
                continue
            if record["kind"] == event_log.STARTED:
                running[task] = int(record["pid"])
            else:
                running.pop(task, None)
        if accepted and len(running) >= testbed.cell.slots:
            return list(running.values())
        accepted = accepted or (bool(running) and _all_accepted(testbed, long_tasks))
        time.sleep(0.001)
    raise CellFailed(
        f"the fault never found all {testbed.cell.slots} slots busy with a long task within "
        f"{BUSY_TIMEOUT_S:.0f} s"
    )


def _all_accepted(testbed: Testbed, tasks: set[int]) -> bool:
    book = testbed.live_ledger()
    accepted = np.isin(book.task, list(tasks)) & (book.enqueue == ledger.ACCEPTED)
    return int(accepted.sum()) == len(tasks)


def until_next(testbed: Testbed, moment: random.Random) -> int | None:
    """The stamp of the next strike: service and rate are back, and 15 s have passed.

    None if that takes too long.
    """
    while True:
        time.sleep(LOOK_S)
        last, now = _last(testbed), time.monotonic_ns()
        since_s = (now - last.timing.t0_ns) / 1e9
        if since_s >= APART_S and last.seen.service is not None and last.seen.rate is not None:
            return now + int((AHEAD_S + moment.uniform(0.0, 1.0)) * 1e9)
        if since_s > BACK_S:
            testbed.note(
                f"not struck again: service and rate were not back {BACK_S:.0f} s after strike "
                f"{len(testbed.notes.injections)}"
            )
            return None


def until_well(testbed: Testbed, horizon_s: float) -> None:
    """Until service, rate and backlog are back and every task has a fate, or the horizon ends."""
    # What is nowhere for 5 s is lost: noticed only at the end, it would be waited for once more.
    short = float(testbed.cell.params["horizon_s"]) <= GONE_S
    while time.monotonic() < horizon_s:
        time.sleep(LOOK_S)
        last, now = _last(testbed), time.monotonic_ns()
        testbed.progress(
            "recovery", int((now - last.timing.t0_ns) / 1e9), int(testbed.cell.params["horizon_s"])
        )
        if short:
            testbed.pending.look(unfinished_before(testbed, now - int(LOOK_S * 1e9)))
        back = None not in (last.seen.service, last.seen.rate, last.seen.backlog)
        settled = now - last.timing.t0_ns >= SETTLE_S * 1e9
        if (
            back
            and settled
            and testbed.pending.all_told(unfinished_before(testbed, now - int(GONE_S * 1e9)))
        ):
            return


def free(testbed: Testbed) -> None:
    """What a human would type to free the stuck and the failed, typed; and what came of it.

    From the mark on nothing counts for the fates any more: they are those of the horizon.
    """
    adapter = testbed.cell.arm.adapter
    stuck = unfinished_before(testbed, time.monotonic_ns())
    places = testbed.settle_held() or {}
    bound = [task for task in stuck if task in places]
    if not bound or not isinstance(adapter, Frees):
        return
    testbed.mark("freed_from_ns", time.monotonic_ns())
    commands = adapter.free(testbed.cell.arm.launch(testbed.cell.slots))
    statuses = [testbed.type_in(command) for command in commands]
    # No longer than the horizon: a smoke run, whose is 5 s, makes no claims.
    deadline = time.monotonic() + min(FREE_S, float(testbed.cell.params["horizon_s"]))
    left = set(bound)
    while left and time.monotonic() < deadline:
        time.sleep(LOOK_S)
        left &= set(unfinished_before(testbed, time.monotonic_ns()))
    testbed.notes.manual_recovery = ManualRecovery(
        commands=tuple(" ".join(command.argv) for command in commands),
        statuses=tuple(statuses),
        tasks=tuple(bound),
        finished=len(bound) - len(left),
    )


def _last(testbed: Testbed) -> MeasuredInjection:
    notes, book = testbed.notes, book_of_others(testbed)
    now, slots = time.monotonic_ns(), testbed.cell.slots
    return injections(book, notes.injections, notes.marks, now, slots)[-1]
