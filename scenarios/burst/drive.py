"""burst, live: what happens in a cell."""

import time

from adapters.base import Bulk
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.until import fill_and_drain, until_sent

SETTLE_S = 1.0


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Start on the empty queue, stop, fill, start on the full queue, drain."""
    if cell.case == "bulk":
        return _bulk(cell, testbed)
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
