"""Waiting for what a live cell does: until all is sent, finished, or nothing moves any more."""

import math
import time

from bench.model.schedule import at_once, merge
from bench.testbed.load import START_IN_NS
from bench.testbed.pending import GONE_S
from bench.testbed.testbed import Testbed

ASK_AGAIN_S = 1.0
WAIT_AFTER_S = 10.0  # for the tasks that are still on their way when a phase ends
NEVER_NS = 1 << 62


def sleep_until(stamp_ns: int) -> None:
    """Sleep until a stamp (ns) of the cell's clock, which may be over."""
    time.sleep(max(0.0, (stamp_ns - time.monotonic_ns()) / 1e9))


def until_sent(testbed: Testbed, tasks: int) -> None:
    """Until the generators have sent everything, or the cell is out of time."""
    while not testbed.load.done():
        testbed.load.check_alive()
        if testbed.out_of_time():
            testbed.mark("out_of_time", 1)
            return
        time.sleep(0.01)
    testbed.progress("enqueue", tasks, tasks)


def until_finished(testbed: Testbed, tasks: int, at_most_s: float = math.inf) -> None:
    """Until each task has finished or will not.

    The broker is asked only when nothing moves: before, it has work to do.
    """
    before, since = -1, time.monotonic()
    end = since + at_most_s
    while (done := testbed.finished()) < tasks:
        testbed.progress("drain", done, tasks)
        testbed.fleet.check_alive()
        if testbed.out_of_time() or time.monotonic() > end:
            testbed.mark("out_of_time", 1)
            return
        if done != before:
            before, since = done, time.monotonic()
        elif time.monotonic() - since > GONE_S:
            if testbed.pending.all_told(testbed.unfinished()):
                return
            time.sleep(ASK_AGAIN_S)
        time.sleep(0.1)


def fill_and_drain(testbed: Testbed, tasks: int, work: str, at_most_s: float = math.inf) -> None:
    """Stop the workers, fill the queue with so many tasks of that work, start on the full queue,
    drain."""
    testbed.fleet.stop()
    testbed.new_fleet()
    with testbed.phase("enqueue"):
        testbed.load.send(merge((at_once(tasks, 0.0), work)), time.monotonic_ns())
        until_sent(testbed, tasks)
    testbed.expect(tasks)
    with testbed.phase("drain"):
        testbed.fleet.start()
        until_finished(testbed, tasks, at_most_s)


def keep_busy(
    testbed: Testbed,
    waiting: tuple[int, int],
    warmup_s: float,
    seconds: float,
    measured: bool = True,
) -> tuple[int, int]:
    """Keep a backlog up for `warmup_s` and then `seconds`, and wait until it is gone.

    `waiting` is how many tasks wait, at least and at most. The stamps (ns) between which finishes
    per second are the capacity. What is sent between them is warm-up too unless it is `measured`.
    """
    start = time.monotonic_ns() + START_IN_NS + int(warmup_s * 1e9)
    end = start + int(seconds * 1e9)
    with testbed.phase("warmup"):
        testbed.keep_backlog(*waiting, start if measured else NEVER_NS, end)
        sleep_until(start)
    with testbed.phase("capacity"):
        while time.monotonic_ns() < end:
            testbed.progress("capacity", testbed.tail.count() // 2, 0)
            testbed.load.check_alive()
            time.sleep(0.1)
    until_still(testbed)
    return start, end


def until_few_are_left(testbed: Testbed, tasks: int) -> None:
    """Until all tasks have finished, or 10 s have passed; what is left by then has its fate."""
    deadline = time.monotonic() + WAIT_AFTER_S
    while testbed.finished() < tasks and time.monotonic() < deadline:
        time.sleep(0.02)


def until_still(testbed: Testbed) -> None:
    """Until no task has begun or ended for half a second, or 10 s have passed."""
    records, deadline = -1, time.monotonic() + WAIT_AFTER_S
    while testbed.tail.count() != records and time.monotonic() < deadline:
        records = testbed.tail.count()
        time.sleep(0.5)
