"""soak, live: what happens in a cell."""

import time

from bench.inprocess.event_log import FINISHED
from bench.model.cell import Cell, Params
from bench.model.scenario import PriorMeasures
from bench.model.schedule import Schedule, merge, poisson
from bench.testbed.load import START_IN_NS
from bench.testbed.testbed import Ending, Testbed
from bench.testbed.until import keep_busy, until_few_are_left
from scenarios.latency import HIGH, LOW

SETTLE_S = 1.0
WARM_SHARE, WARM_AT_MOST_S = 0.1, 60.0
MOST_TASKS = 1_000_000  # an event file of 160 MB
KEPT_TASKS = 25_000  # about, of those that went as they should: 0.6 MB


def drive(cell: Cell, testbed: Testbed, known: PriorMeasures) -> Ending:
    """Boot, idle, find the capacity, then the load."""
    with testbed.phase("boot"):
        testbed.boot()
        time.sleep(SETTLE_S)
    with testbed.phase("idle"):
        time.sleep(float(cell.params["idle_s"]))
    capacity = known.value("latency", "capacity", "capacity") or _capacity(testbed, cell.params)
    seconds = 60 * float(cell.params["minutes"])
    rate = min(float(cell.params["load"]) * capacity, MOST_TASKS / seconds)
    testbed.mark("capacity", capacity)
    testbed.mark("rate", rate)
    schedule = merge((poisson(rate, seconds, cell.seed), ""))
    end = _load(testbed, schedule, seconds)
    return Ending(planned_until_ns=end, keep_every=max(1, round(len(schedule) / KEPT_TASKS)))


def _capacity(testbed: Testbed, params: Params) -> float:
    """Tasks per second as latency measures them; these tasks are warm-up, and drained before the
    load."""
    warmup_s, seconds = float(params["capacity_warmup_s"]), float(params["capacity_s"])
    start, end = keep_busy(testbed, (LOW, HIGH), warmup_s, seconds, measured=False)
    records = testbed.tail.poll()
    finished = records["stamp"][records["kind"] == FINISHED]
    return float(((finished > start) & (finished <= end)).sum()) / (end - start) * 1e9


def _load(testbed: Testbed, schedule: Schedule, seconds: float) -> int:
    """Send the schedule and wait for its tasks; the stamp (ns) at which it was over."""
    t0 = time.monotonic_ns() + START_IN_NS
    end = t0 + int(seconds * 1e9)
    testbed.mark("warm_until_ns", t0 + int(min(WARM_SHARE * seconds, WARM_AT_MOST_S) * 1e9))
    testbed.mark("steady_end_ns", end)
    testbed.expect(len(schedule))
    with testbed.phase("steady"):
        testbed.load.send(schedule, t0)
        while time.monotonic_ns() < end:
            testbed.progress("steady", testbed.finished(), len(schedule))
            testbed.load.check_alive()
            testbed.fleet.check_alive()
            time.sleep(0.5)
    until_few_are_left(testbed, len(schedule))
    testbed.sampler.edge("drained")
    return end
