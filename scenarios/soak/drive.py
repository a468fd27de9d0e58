"""soak, live: what happens in a cell."""

import time

from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import Schedule, merge, poisson
from bench.testbed.load import START_IN_NS
from bench.testbed.testbed import Stage
from bench.testbed.until import until_few_are_left, until_still
from scenarios.latency import HIGH, LOW
from scenarios.soak import CAPACITY_WARM_S

SETTLE_S = 1.0
WARM_SHARE, WARM_AT_MOST_S = 0.1, 60.0
MOST_TASKS = 1_000_000  # an event file of 160 MB
KEPT_TASKS = 25_000  # about, of those that went as they should: 0.6 MB
ALL_WARM = 1 << 62


def drive(cell: Cell, stage: Stage, known: PriorMeasures) -> None:
    """Boot, idle, find the capacity, then the load."""
    with stage.phase("boot"):
        stage.boot()
        time.sleep(SETTLE_S)
    with stage.phase("idle"):
        time.sleep(float(cell.params["idle_s"]))
    capacity = known.value("latency", "capacity", "capacity") or _capacity(
        stage, float(cell.params["capacity_s"])
    )
    seconds = 60 * float(cell.params["minutes"])
    rate = min(float(cell.params["load"]) * capacity, MOST_TASKS / seconds)
    stage.mark("capacity", capacity)
    stage.mark("rate", rate)
    schedule = merge((poisson(rate, seconds, cell.seed), ""))
    stage.mark("keep_every", max(1, round(len(schedule) / KEPT_TASKS)))
    _load(stage, schedule, seconds)


def _capacity(stage: Stage, seconds: float) -> float:
    """Tasks per second while a backlog of about 150 is kept up, as latency measures it; these
    tasks are warm-up, and drained before the load."""
    warm = time.monotonic_ns() + int(CAPACITY_WARM_S * 1e9)
    until = warm + int(seconds * 1e9)
    with stage.phase("capacity"):
        stage.load.order(
            "backlog",
            events=str(stage.work / "runs.bin"),
            low=LOW,
            high=HIGH,
            warm_until_ns=ALL_WARM,
            until_ns=until,
        )
        time.sleep(max(0.0, (warm - time.monotonic_ns()) / 1e9))
        began, before = time.monotonic(), stage.tail.count()
        time.sleep(max(0.0, (until - time.monotonic_ns()) / 1e9))
        rate = (stage.tail.count() - before) / 2 / (time.monotonic() - began)
    until_still(stage)
    return rate


def _load(stage: Stage, schedule: Schedule, seconds: float) -> None:
    t0 = time.monotonic_ns() + START_IN_NS
    end = t0 + int(seconds * 1e9)
    stage.mark("warm_until_ns", t0 + int(min(WARM_SHARE * seconds, WARM_AT_MOST_S) * 1e9))
    stage.mark("steady_end_ns", end)
    stage.expect(len(schedule))
    with stage.phase("steady"):
        stage.load.send(schedule, t0)
        while time.monotonic_ns() < end:
            stage.progress("steady", stage.finished(), len(schedule))
            stage.load.check_alive()
            stage.fleet.check_alive()
            time.sleep(0.5)
    until_few_are_left(stage, len(schedule))
    stage.mark("planned_until_ns", end)
    stage.sampler.edge("drained")
