"""burst, live: what happens in a cell."""

import time

from adapters.base import Bulk
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import at_once, merge
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.until import fill_and_drain, until_sent
from scenarios.burst import backlog_of

SETTLE_S = 1.0


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Start on the empty queue, stop, fill, start on the full queue, drain."""
    if cell.case == "bulk":
        return _bulk(cell, testbed)
    if tasks := backlog_of(cell.case):
        return _backlog(testbed, tasks)
    with testbed.phase("boot"):
        testbed.boot()
        testbed.sampler.edge("settling")
        time.sleep(SETTLE_S)
        testbed.sampler.edge("idle")
    fill_and_drain(testbed, int(cell.params["tasks"]), "")
    time.sleep(SETTLE_S)
    testbed.sampler.edge("after")
    return Ending()


def _bulk(cell: Cell, testbed: Testbed) -> Ending:
    adapter = cell.arm.adapter
    assert isinstance(adapter, Bulk)
    tasks = int(cell.params["tasks"])
    with testbed.phase("enqueue"):
        testbed.load.order("bulk", tasks=tasks, chunk=adapter.bulk_chunk)
        until_sent(testbed, tasks)
    return Ending(chosen_as_it_went=True)


def _backlog(testbed: Testbed, tasks: int) -> Ending:
    """By the plain call, as the queue of a burst is filled; no worker is ever started."""
    with testbed.phase("enqueue"):
        testbed.load.send(merge((at_once(tasks, 0.0), "")), time.monotonic_ns())
        until_sent(testbed, tasks)
    return Ending(ask_what_is_held=False)
