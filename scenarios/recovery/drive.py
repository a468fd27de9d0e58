"""recovery, live: what happens in a cell."""

import random
import time

from bench.measure.injections import HEAP, PER_SLOT, SHORT
from bench.model.cell import Cell
from bench.model.fault import Fault
from bench.model.scenario import PriorMeasures
from bench.model.schedule import even, merge
from bench.testbed.load import START_IN_NS
from bench.testbed.testbed import Stage
from scenarios.recovery import steps

AWAY_S = 30.0  # no fault keeps anything away for longer


def drive(cell: Cell, stage: Stage, known: PriorMeasures) -> None:
    """Boot, lead-in, strike after strike, recovery until all is well or the horizon is over."""
    fault, wanted, horizon = (
        Fault(cell.case),
        int(cell.params["strikes"]),
        float(cell.params["horizon_s"]),
    )
    moment = random.Random(cell.seed)
    with stage.phase("boot"):
        stage.boot()
    stage.fleet.supervise()
    rate = PER_SLOT * cell.slots
    longest = (
        float(cell.params["lead_in_s"])
        + wanted * (steps.BACK_S + steps.BUSY_TIMEOUT_S + AWAY_S)
        + horizon
    )
    flow = merge((even(rate, longest), SHORT))
    begin = time.monotonic_ns() + START_IN_NS
    stage.mark("begin_ns", begin)
    stage.mark("rate", rate)
    at: int | None = begin + int((float(cell.params["lead_in_s"]) + moment.uniform(0.0, 1.0)) * 1e9)
    with stage.phase("steady"):
        stage.load.send(flow, begin, only=0)
        time.sleep(max(0.0, ((at or 0) - time.monotonic_ns()) / 1e9 - 2 * steps.AHEAD_S))
    with stage.phase("fault"):
        for number in range(wanted):
            at = at if number == 0 else steps.until_next(stage, moment)
            if at is None:
                break
            steps.strike(stage, fault, at, first_id=len(flow) + number * (HEAP * cell.slots + 1))
    over = stage.journal["faults"][-1]["t0_ns"] / 1e9 + horizon
    with stage.phase("recovery"):
        steps.until_well(stage, over)
    stage.load.stop()
    stage.mark("planned_until_ns", time.monotonic_ns())
    steps.until_drained(stage, over)
    stage.mark("end_ns", time.monotonic_ns())
    steps.free(stage)
