"""result, live: what happens in a cell."""

import time

from adapters.base import Answers
from bench.base.errors import CellFailed
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import FIRST_WARM_TASK
from bench.testbed.testbed import Ending, Testbed

WARM_TASKS = 10  # the first answers pay for connections and subscriptions


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Boot, a few answers to warm up, then those that count."""
    with testbed.phase("boot"):
        testbed.boot()
    adapter = cell.arm.adapter
    assert isinstance(adapter, Answers)
    testbed.note(f"{adapter.answer_call}: {adapter.answer_how}")
    tasks, end = int(cell.params["tasks"]), time.monotonic() + float(cell.params["at_most_s"])
    for phase, first, count in (("warmup", FIRST_WARM_TASK, WARM_TASKS), ("steady", 0, tasks)):
        with testbed.phase(phase):
            testbed.load.order("ask", first=first, tasks=count, until_ns=int(end * 1e9))
            _until_answered(testbed, tasks, end)
    return Ending(chosen_as_it_went=True)


def _until_answered(testbed: Testbed, tasks: int, end: float) -> None:
    """Until the caller has all its answers; its call waits at most 60 s for one, and it looks at
    the clock between two."""
    while not testbed.load.done():
        testbed.load.check_alive()
        testbed.fleet.check_alive()
        testbed.progress("answers", testbed.tail.count() // 2, tasks)
        if time.monotonic() > end + 90:
            raise CellFailed(
                "the caller still waits for an answer though its call was to give up after 60 s"
            )
        time.sleep(0.02)
