"""latency, live: what happens in a cell."""

import time

from bench.base.errors import CellFailed
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import merge, poisson
from bench.testbed.load import START_IN_NS
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.until import keep_busy, sleep_until, until_few_are_left
from scenarios.latency import HIGH, LOW, SCENARIO, steady_seconds


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Boot, warm up, then the steady phase."""
    with testbed.phase("boot"):
        testbed.boot()
    if cell.case == "capacity":
        return _capacity(cell, testbed)
    rate = SCENARIO.rate(cell.params, known)
    if rate is None:
        raise CellFailed(
            "its rate is a share of the capacity, and the capacity could not be measured"
        )
    warmup_s, steady_s = float(cell.params["warmup_s"]), steady_seconds(cell.params, rate)
    testbed.mark("rate", rate)
    schedule = merge(
        (poisson(rate, warmup_s + steady_s, cell.seed), ""), measured_from_ns=int(warmup_s * 1e9)
    )
    tasks = int((schedule.tasks >= 0).sum())
    t0 = time.monotonic_ns() + START_IN_NS
    with testbed.phase("warmup"):
        testbed.load.send(schedule, t0)
        sleep_until(t0 + int(warmup_s * 1e9))
    testbed.expect(tasks)
    end = t0 + int((warmup_s + steady_s) * 1e9)
    with testbed.phase("steady"):
        while time.monotonic_ns() < end:
            testbed.progress("steady", testbed.finished(), tasks)
            testbed.load.check_alive()
            time.sleep(0.1)
    testbed.mark("steady_end_ns", end)
    until_few_are_left(testbed, tasks)
    testbed.sampler.edge("drained")
    return Ending()


def _capacity(cell: Cell, testbed: Testbed) -> Ending:
    warmup_s, steady_s = float(cell.params["warmup_s"]), float(cell.params["steady_s"])
    start, end = keep_busy(testbed, (LOW, HIGH), warmup_s, steady_s)
    testbed.mark("capacity_start_ns", start)
    testbed.mark("capacity_end_ns", end)
    testbed.sampler.edge("drained")
    return Ending(chosen_as_it_went=True)
