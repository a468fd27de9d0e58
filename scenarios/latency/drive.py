"""latency, live: what happens in a cell."""

import time

from bench.base.errors import CellFailed
from bench.model.cell import Cell
from bench.model.scenario import PriorMeasures
from bench.model.schedule import merge, poisson
from bench.testbed.load import START_IN_NS
from bench.testbed.testbed import Stage
from bench.testbed.until import until_few_are_left, until_still
from scenarios.latency import HIGH, LOW, SCENARIO, steady_seconds


def drive(cell: Cell, stage: Stage, known: PriorMeasures) -> None:
    """Boot, warm up, then the steady phase."""
    with stage.phase("boot"):
        stage.boot()
    if cell.case == "capacity":
        return _capacity(cell, stage)
    rate = SCENARIO.rate(cell.params, known)
    if rate is None:
        raise CellFailed(
            "its rate is a share of the capacity, and the capacity could not be measured"
        )
    warmup_s, steady_s = float(cell.params["warmup_s"]), steady_seconds(cell.params, rate)
    stage.mark("rate", rate)
    arrivals = poisson(rate, warmup_s + steady_s, cell.seed)
    schedule = merge((arrivals, ""), measured_from_ns=int(warmup_s * 1e9))
    tasks = int((schedule.tasks >= 0).sum())
    t0 = time.monotonic_ns() + START_IN_NS
    with stage.phase("warmup"):
        stage.load.send(schedule, t0)
        _sleep_until(t0 + int(warmup_s * 1e9))
    stage.expect(tasks)
    end = t0 + int((warmup_s + steady_s) * 1e9)
    with stage.phase("steady"):
        while time.monotonic_ns() < end:
            stage.progress("steady", stage.finished(), tasks)
            stage.load.check_alive()
            time.sleep(0.1)
    stage.mark("steady_end_ns", end)
    until_few_are_left(stage, tasks)
    stage.sampler.edge("drained")


def _sleep_until(stamp_ns: int) -> None:
    time.sleep(max(0.0, (stamp_ns - time.monotonic_ns()) / 1e9))


def _capacity(cell: Cell, stage: Stage) -> None:
    start = time.monotonic_ns() + START_IN_NS
    warm_until = start + int(cell.params["warmup_s"] * 1e9)
    until = warm_until + int(cell.params["steady_s"] * 1e9)
    stage.mark("chosen_as_it_went", 1)
    events = str(stage.work / "runs.bin")
    with stage.phase("warmup"):
        stage.load.order(
            "backlog", events=events, low=LOW, high=HIGH, warm_until_ns=warm_until, until_ns=until
        )
        _sleep_until(warm_until)
    with stage.phase("capacity"):
        while time.monotonic_ns() < until:
            stage.progress("capacity", stage.tail.count() // 2, 0)
            stage.load.check_alive()
            time.sleep(0.1)
    stage.mark("capacity_start_ns", warm_until)
    stage.mark("capacity_end_ns", until)
    until_still(stage)
    stage.sampler.edge("drained")
