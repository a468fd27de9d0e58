"""recovery, live: what happens in a cell."""

import random
import time

from bench.measure.injections import LOAD_SPIKE, PER_SLOT, SHORT
from bench.model.cell import Cell
from bench.model.fault import Fault
from bench.model.scenario import PriorMeasures
from bench.model.schedule import even, merge
from bench.testbed.load import START_IN_NS
from bench.testbed.strikes import until_drained
from bench.testbed.testbed import Ending, Testbed
from scenarios.recovery import striking

AWAY_S = 30.0  # no fault keeps anything away for longer


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Boot, lead-in, strike after strike, recovery until all is well or the horizon is over."""
    fault, wanted, horizon = (
        Fault(cell.case),
        int(cell.params["strikes"]),
        float(cell.params["horizon_s"]),
    )
    moment = random.Random(cell.seed)
    with testbed.phase("boot"):
        testbed.boot()
    testbed.fleet.supervise()
    rate = PER_SLOT * cell.slots
    longest = (
        float(cell.params["lead_in_s"])
        + wanted * (striking.BACK_S + striking.BUSY_TIMEOUT_S + AWAY_S)
        + horizon
    )
    flow = merge((even(rate, longest), SHORT))
    begin = time.monotonic_ns() + START_IN_NS
    testbed.mark("begin_ns", begin)
    testbed.mark("rate", rate)
    at: int | None = begin + int((float(cell.params["lead_in_s"]) + moment.uniform(0.0, 1.0)) * 1e9)
    with testbed.phase("steady"):
        testbed.load.send(flow, begin, only=0)
        time.sleep(max(0.0, ((at or 0) - time.monotonic_ns()) / 1e9 - 2 * striking.AHEAD_S))
    with testbed.phase("fault"):
        for number in range(wanted):
            at = at if number == 0 else striking.until_next(testbed, moment)
            if at is None:
                break
            striking.strike(
                testbed, fault, at, first_id=len(flow) + number * (LOAD_SPIKE * cell.slots + 1)
            )
    over = testbed.notes.injections[-1].t0_ns / 1e9 + horizon
    with testbed.phase("recovery"):
        striking.until_well(testbed, over)
    testbed.load.stop()
    planned_until_ns = time.monotonic_ns()
    until_drained(testbed, over)
    testbed.mark("end_ns", time.monotonic_ns())
    striking.free(testbed)
    return Ending(planned_until_ns=planned_until_ns)
