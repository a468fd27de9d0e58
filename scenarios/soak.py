"""soak: half of the capacity for minutes, to see what grows; and before it what workers cost that have nothing to do."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.measure import validity
from bench.measure.figures import correctness, delta, fate_measures, fates_of, first_problem, judged, measure_or
from bench.measure.theil_sen import slope
from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.model.schedule import merge, poisson
from bench.record import ledger
from bench.record.store import StoredCell
from bench.testbed.testbed import Stage
from scenarios.base import Needs
from scenarios.drain import NOT_TOLD, why_no_server
from scenarios.latency import HIGH, LOW, START_IN_NS, WAIT_AFTER_S, percentiles

LOAD = 0.5
MINUTES = {"smoke": 0.2, "quick": 1.0, "full": 10.0}
IDLE_S = {"smoke": 2.0, "quick": 10.0, "full": 20.0}
SETTLE_S = 1.0
CAPACITY_WARM_S, CAPACITY_S = 3.0, {"smoke": 2.0, "quick": 5.0, "full": 15.0}
WARM_SHARE, WARM_AT_MOST_S = 0.1, 60.0
MOST_TASKS = 1_000_000  # an event file of 160 MB
KEPT_TASKS = 25_000  # about, of those that went as they should: 0.6 MB
ALL_WARM = 1 << 62
GROWTH = ("worker_growth_bytes_per_1000", "worker_growth_bytes_per_hour", "broker_growth_bytes_per_1000", "broker_growth_bytes_per_hour")


class Soak:
    """Idle, capacity where the run has none yet, then a steady load."""

    name = "soak"
    drive_version = 1
    measure_version = 1
    about = "half of the capacity for ten minutes: does memory grow, and what do idle workers cost"
    basis: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = {}

    def cases(self, size: str) -> Sequence[str]:
        """One."""
        return ("-",)

    def all_cases(self) -> Sequence[str]:
        """One."""
        return ("-",)

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """`minutes` is what --minutes replaces."""
        return {"minutes": MINUTES[size], "idle_s": IDLE_S[size], "capacity_s": CAPACITY_S[size], "load": LOAD}

    def slots(self, case: str, workers: int) -> int:
        """As many as the plan says."""
        return workers

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """Idle, capacity, the minutes, and about six seconds of starting and stopping."""
        return float(params["idle_s"] + CAPACITY_WARM_S + params["capacity_s"] + 60 * params["minutes"] + 6)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return ("latency_p99_ms", *GROWTH)

    def skip(self, cell: Cell) -> str:
        """Every system can be measured."""
        return ""

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Boot, idle, find the capacity, then the load."""
        with stage.phase("boot"):
            stage.boot()
            time.sleep(SETTLE_S)
        with stage.phase("idle"):
            time.sleep(float(cell.params["idle_s"]))
        capacity = known.value("latency", "capacity", "capacity") or _capacity(stage, float(cell.params["capacity_s"]))
        seconds = 60 * float(cell.params["minutes"])
        rate = min(float(cell.params["load"]) * capacity, MOST_TASKS / seconds)
        stage.mark("capacity", capacity)
        stage.mark("rate", rate)
        schedule = merge((poisson(rate, seconds, cell.seed), ""))
        stage.mark("keep_every", max(1, round(len(schedule) / KEPT_TASKS)))
        self._load(stage, schedule, seconds)

    def _load(self, stage: Stage, schedule: Any, seconds: float) -> None:
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
        deadline = time.monotonic() + WAIT_AFTER_S
        while stage.finished() < len(schedule) and time.monotonic() < deadline:
            time.sleep(0.02)
        stage.mark("planned_until_ns", end)
        stage.sampler.edge("drained")

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """Growth from the samples, latency from the tasks that are kept."""
        book = ledger.load(cell)
        told = fates_of(cell, book)
        marks = cell.journal["marks"]
        rate, kept = float(marks["rate"]), float(marks["keep_every"])
        latencies = [
            m for m in percentiles(cell, book, rate / kept, int(marks["warm_until_ns"])) if m.metric.startswith("latency_p") and "sent" not in m.metric
        ]
        counts = fate_measures(told)
        counts = [Measure(m.metric, (m.value or 0.0) + float(marks.get("left_out", 0))) if m.metric == "finished" else m for m in counts]
        measures = [Measure("load_rate", rate), *_growth(cell, "worker_pss", "worker"), *_growth(cell, "broker_memory", "broker"), *latencies, *_idle(cell)]
        invalid = first_problem(
            lambda: validity.events(cell, book),
            lambda: validity.count(cell, book, "steady:start", "drained"),
            lambda: validity.machine(cell, ("idle", "steady"), cores),
            lambda: validity.generator(cell, book),
        )
        return judged([*measures, *counts], invalid, correctness(told, cell.spec["guarantee"], faulted=False))


def _capacity(stage: Stage, seconds: float) -> float:
    """Tasks per second while a backlog of about 150 is kept up, as latency measures it; these tasks are warm-up, and drained before the load."""
    warm = time.monotonic_ns() + int(CAPACITY_WARM_S * 1e9)
    until = warm + int(seconds * 1e9)
    with stage.phase("capacity"):
        stage.load.order("backlog", events=str(stage.work / "runs.bin"), low=LOW, high=HIGH, warm_until_ns=ALL_WARM, until_ns=until)
        time.sleep(max(0.0, (warm - time.monotonic_ns()) / 1e9))
        began, before = time.monotonic(), stage.tail.count()
        time.sleep(max(0.0, (until - time.monotonic_ns()) / 1e9))
        rate = (stage.tail.count() - before) / 2 / (time.monotonic() - began)
    records, deadline = -1, time.monotonic() + WAIT_AFTER_S
    while stage.tail.count() != records and time.monotonic() < deadline:
        records = stage.tail.count()
        time.sleep(0.5)
    return rate


def _growth(cell: StoredCell, column: str, whose: str) -> list[Measure]:
    """The slope after the warm-up, told per 1,000 tasks of the load and per hour; the interval stands in the reason."""
    names = (f"{whose}_growth_bytes_per_1000", f"{whose}_growth_bytes_per_hour")
    samples, marks = cell.samples, cell.journal["marks"]
    ours = samples[(samples["ns"] >= int(marks["warm_until_ns"])) & (samples["ns"] <= int(marks["steady_end_ns"]))]
    values = ours[column].to_numpy(dtype=float)
    if not len(values) or np.isnan(values).all():
        told = why_no_server(cell) if whose == "broker" else ("no sample", "unavailable")
        return [measure_or(name, None, *told) for name in names]
    found = slope(ours["ns"].to_numpy(dtype=float) / 1e9, values)
    if found is None:
        return [Measure(name, None, "withheld", "too few samples for a slope: let it last longer") for name in names]
    per = dict(zip(names, (1000 / float(marks["rate"]), 3600.0), strict=True))
    return [Measure(name, found.per_s * by, "ok", f"95 %: {found.low * by:,.0f} to {found.high * by:,.0f}") for name, by in per.items()]


def _idle(cell: StoredCell) -> list[Measure]:
    """CPU and commands of workers that have nothing to do, per second."""
    ns = delta(cell, "ns", "idle:start", "idle:end") or 0.0
    cpu, commands = delta(cell, "worker_cpu_s", "idle:start", "idle:end"), delta(cell, "broker_commands", "idle:start", "idle:end")
    return [
        measure_or("idle_worker_cpu_ms_per_s", cpu / ns * 1e12 if cpu is not None and ns else None, "no sample"),
        measure_or("idle_commands_per_s", commands / ns * 1e9 if commands is not None and ns else None, NOT_TOLD),
    ]


SCENARIO = Soak()
