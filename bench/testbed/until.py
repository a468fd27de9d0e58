"""Waiting for what a live cell does: until all is sent, finished, or nothing moves any more."""

import math
import time

from bench.testbed.pending import GONE_S
from bench.testbed.testbed import Stage

ASK_AGAIN_S = 1.0
WAIT_AFTER_S = 10.0  # for the tasks that are still on their way when a phase ends


def until_sent(stage: Stage, tasks: int) -> None:
    """Until the generators have sent everything, or the cell is out of time."""
    while not stage.load.done():
        stage.load.check_alive()
        if stage.out_of_time():
            stage.mark("out_of_time", 1)
            return
        time.sleep(0.01)
    stage.progress("enqueue", tasks, tasks)


def until_finished(stage: Stage, tasks: int, at_most_s: float = math.inf) -> None:
    """Until each task has finished or will not; the broker is asked only when nothing moves, it has work to do before."""
    before, since = -1, time.monotonic()
    end = since + at_most_s
    while (done := stage.finished()) < tasks:
        stage.progress("drain", done, tasks)
        stage.fleet.check_alive()
        if stage.out_of_time() or time.monotonic() > end:
            stage.mark("out_of_time", 1)
            return
        if done != before:
            before, since = done, time.monotonic()
        elif time.monotonic() - since > GONE_S:
            if stage.missing.all_told(stage.unfinished()):
                return
            time.sleep(ASK_AGAIN_S)
        time.sleep(0.1)


def until_few_are_left(stage: Stage, tasks: int) -> None:
    """Until all tasks have finished, or 10 s have passed; what is left by then has its fate."""
    deadline = time.monotonic() + WAIT_AFTER_S
    while stage.finished() < tasks and time.monotonic() < deadline:
        time.sleep(0.02)


def until_still(stage: Stage) -> None:
    """Until no task has begun or ended for half a second, or 10 s have passed."""
    records, deadline = -1, time.monotonic() + WAIT_AFTER_S
    while stage.tail.count() != records and time.monotonic() < deadline:
        records = stage.tail.count()
        time.sleep(0.5)
