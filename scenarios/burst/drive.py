"""burst, live: what happens in a cell."""

import time

from adapters.base import Bulk
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import at_once, merge
from bench.testbed.testbed import Stage
from bench.testbed.until import until_finished, until_sent

SETTLE_S = 1.0


def drive(cell: Cell, stage: Stage, known: PriorMeasures) -> None:
    """Start on the empty queue, stop, fill, start on the full queue, drain."""
    if cell.case == "bulk":
        return _bulk(cell, stage)
    tasks = int(cell.params["tasks"])
    with stage.phase("boot"):
        stage.boot()
        stage.sampler.edge("settling")
        time.sleep(SETTLE_S)
        stage.sampler.edge("idle")
    stage.fleet.stop()
    stage.new_fleet()
    with stage.phase("enqueue"):
        stage.load.send(merge((at_once(tasks, 0.0), "")), time.monotonic_ns())
        until_sent(stage, tasks)
    stage.expect(tasks)
    with stage.phase("drain"):
        stage.fleet.start()
        until_finished(stage, tasks)
    time.sleep(SETTLE_S)
    stage.sampler.edge("after")


def _bulk(cell: Cell, stage: Stage) -> None:
    adapter = cell.arm.adapter
    assert isinstance(adapter, Bulk)
    tasks = int(cell.params["tasks"])
    stage.mark("chosen_as_it_went", 1)
    with stage.phase("enqueue"):
        stage.load.order("bulk", tasks=tasks, chunk=adapter.bulk_chunk)
        until_sent(stage, tasks)
