"""latency: open-loop arrivals, every task timed from the moment it was due."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.base.errors import CellFailed
from bench.measure import validity
from bench.measure.figures import correctness, fate_measures, fates_of, first_problem, judged, ranked
from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.model.schedule import merge, poisson
from bench.record import ledger
from bench.record.ledger import Ints, Ledger
from bench.record.store import StoredCell
from bench.testbed.testbed import Stage
from scenarios.base import Needs

LOADS = ("load=0.3", "load=0.5", "load=0.7", "load=0.9")
RATES = ("rate=30", "rate=300")
RTTS, RTT_RATE = (0, 1, 2, 10), 30.0  # ms; tasks/s
LOW, HIGH = 100, 200
START_IN_NS = 100_000_000
PERCENTILES = (("latency_p50_ms", 50.0), ("latency_p90_ms", 90.0), ("latency_p99_ms", 99.0), ("latency_p999_ms", 99.9))
WAIT_AFTER_S = 10.0
TASKS_FOR_P99 = 1_100  # ten beyond it, and some to spare


class Latency:
    """Case `capacity` first; then shares of it (`load=`), fixed rates (`rate=`), and 30/s through a slow network (`rtt=`)."""

    name = "latency"
    drive_version = 1
    measure_version = 1
    about = "how long a task takes from its due time, at shares of capacity and at fixed rates"
    basis: Sequence[str] = ("capacity",)
    groups: Mapping[str, Sequence[str]] = {"network": tuple(f"rtt={rtt}" for rtt in RTTS)}

    def cases(self, size: str) -> Sequence[str]:
        """The capacity comes first: the loads are shares of it."""
        few = {"smoke": ("rate=30",), "gate": ("capacity", "load=0.5"), "quick": ("capacity", "load=0.5", "rate=30")}
        return few.get(size, ("capacity", *LOADS, *RATES))

    def all_cases(self) -> Sequence[str]:
        """Every case."""
        return ("capacity", *LOADS, *RATES, *self.groups["network"])

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """Durations by size; a full cell lasts until 5,000 tasks are due, at least 10 s and at most 45 s; one of a gate is as short as its P99 allows."""
        if case == "capacity":
            return {"warmup_s": {"smoke": 1, "gate": 2, "quick": 5, "full": 5}[size], "steady_s": {"smoke": 2, "gate": 5, "quick": 5, "full": 15}[size]}
        spread = {"smoke": (5, 5), "gate": (5, 20), "quick": (10, 10), "full": (10, 45)}[size]
        due = max(tasks or 0, TASKS_FOR_P99) if size == "gate" else tasks or 5_000
        kind, _, value = case.partition("=")
        named = {"rate": RTT_RATE, "rtt_ms": float(value)} if kind == "rtt" else {kind: float(value)}
        return {**named, "warmup_s": 1 if size in ("smoke", "gate") else 5, "tasks": due, "at_least_s": spread[0], "at_most_s": spread[1]}

    def slots(self, case: str, workers: int) -> int:
        """As many as the plan says."""
        return workers

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """Warm-up, steady phase, and about four seconds of starting and stopping."""
        if case == "capacity":
            return float(params["warmup_s"] + params["steady_s"] + 4)
        return float(params["warmup_s"]) + _steady_s(params, float(params.get("rate", 0) or params["load"] * rate)) + 4

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return ("capacity",) if case == "capacity" else ("latency_p50_ms", "latency_p90_ms", "latency_p99_ms")

    def skip(self, cell: Cell) -> str:
        """Every system can be measured."""
        return ""

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Boot, warm up, then the steady phase."""
        with stage.phase("boot"):
            stage.boot()
        if cell.case == "capacity":
            return self._capacity(cell, stage)
        capacity = known.value("latency", "capacity", "capacity")
        if "load" in cell.params and capacity is None:
            raise CellFailed("its rate is a share of the capacity, and the capacity could not be measured")
        rate = float(cell.params.get("rate") or cell.params["load"] * (capacity or 0))
        warmup_s, steady_s = float(cell.params["warmup_s"]), _steady_s(cell.params, rate)
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
        deadline = time.monotonic() + WAIT_AFTER_S
        while stage.finished() < tasks and time.monotonic() < deadline:
            time.sleep(0.02)
        stage.sampler.edge("drained")

    def _capacity(self, cell: Cell, stage: Stage) -> None:
        start = time.monotonic_ns() + START_IN_NS
        warm_until = start + int(cell.params["warmup_s"] * 1e9)
        until = warm_until + int(cell.params["steady_s"] * 1e9)
        stage.mark("chosen_as_it_went", 1)
        events = str(stage.work / "runs.bin")
        with stage.phase("warmup"):
            stage.load.order("backlog", events=events, low=LOW, high=HIGH, warm_until_ns=warm_until, until_ns=until)
            _sleep_until(warm_until)
        with stage.phase("capacity"):
            while time.monotonic_ns() < until:
                stage.progress("capacity", stage.tail.count() // 2, 0)
                stage.load.check_alive()
                time.sleep(0.1)
        stage.mark("capacity_start_ns", warm_until)
        stage.mark("capacity_end_ns", until)
        records, deadline = -1, time.monotonic() + WAIT_AFTER_S
        while stage.tail.count() != records and time.monotonic() < deadline:
            records = stage.tail.count()
            time.sleep(0.5)
        stage.sampler.edge("drained")

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """Capacity, or the percentiles of one steady phase."""
        book = ledger.load(cell)
        told = fates_of(cell, book)
        wrong = correctness(told, cell.spec["guarantee"], faulted=False)
        shared = (
            lambda: validity.events(cell, book),
            lambda: validity.count(cell, book, "warmup:start", "drained"),
            lambda: validity.machine(cell, ("warmup", "steady", "capacity"), cores),
        )
        if cell.spec["case"] == "capacity":
            return judged([_capacity(cell, book), *fate_measures(told)], first_problem(*shared), wrong)
        measures = percentiles(cell, book, float(cell.journal["marks"]["rate"]))
        invalid = first_problem(*shared, lambda: validity.generator(cell, book))
        return judged([*measures, *fate_measures(told)], invalid, wrong)


def _steady_s(params: Mapping[str, Any], rate: float) -> float:
    return float(min(max(params["tasks"] / rate, params["at_least_s"]), params["at_most_s"]))


def _sleep_until(stamp_ns: int) -> None:
    time.sleep(max(0.0, (stamp_ns - time.monotonic_ns()) / 1e9))


def _capacity(cell: StoredCell, book: Ledger) -> Measure:
    start, end = (int(cell.journal["marks"][f"capacity_{name}_ns"]) for name in ("start", "end"))
    finished = book.first_finish()
    inside = int(((finished > start) & (finished <= end)).sum())
    moments = np.linspace(start, end, 200)
    sent = np.searchsorted(np.sort(book.sent[book.sent >= 0]), moments)
    done = np.searchsorted(np.sort(finished[finished >= 0]), moments)
    waiting = float(np.median(sent - done))
    # The generator could not keep the backlog up: then this is how fast one process can enqueue, not how fast the workers are.
    limited = f"limited by the enqueue call: the backlog stood at {waiting:.0f}, not between {LOW} and {HIGH}" if waiting < LOW / 2 else ""
    return Measure("capacity", inside / (end - start) * 1e9, "ok", limited)


def unbounded(book: Ledger, rate: float, steady: Ints, end_ns: int) -> bool:
    """Whether more than 1 s of arrivals waits at the end of the phase, and more than at its middle."""
    started = book.first_start()
    begin = int(book.due[steady].min())
    middle = (begin + end_ns) // 2

    def waiting(at: int) -> int:
        return int(((book.due <= at) & ((started < 0) | (started > at))).sum())

    return waiting(end_ns) > rate and waiting(end_ns) > waiting(middle)


def percentiles(cell: StoredCell, book: Ledger, rate: float, since_ns: int = 0) -> list[Measure]:
    """Every percentile over the tasks due from that moment on, or that their backlog grew; `rate` = how many of the book's tasks fall due per second."""
    ours = np.flatnonzero(book.measured() & (book.due >= since_ns))
    names = [name for name, _ in PERCENTILES]
    rest = ["wait_p99_ms", "service_p99_ms", "send_wait_p99_ms", "enqueue_call_p99_ms", "latency_p99_from_sent_ms"]
    if unbounded(book, rate, ours, int(cell.journal["marks"]["steady_end_ns"])):
        reason = "the backlog grew to the end of the phase: no percentile of it means anything"
        return [Measure(name, None, "unbounded", reason) for name in (*names, *rest)]
    start, finish = book.first_start()[ours], book.first_finish()[ours]
    due, sent, returned = book.due[ours], book.sent[ours], book.returned[ours]
    missing = finish < 0
    # A task that never finished is slower than every other one: it stays in the ranking.
    latency = np.where(missing, np.inf, (finish - due) / 1e6)
    whole = ~missing & (returned >= 0)
    first_open = np.minimum(validity.wake_lag_ns(book, int(cell.journal["generators"]))[ours], sent - due)
    values = {
        "wait_p99_ms": (start - due)[whole] / 1e6,
        "service_p99_ms": (finish - start)[whole] / 1e6,
        "send_wait_p99_ms": (sent - due - first_open)[whole] / 1e6,
        "enqueue_call_p99_ms": (returned - sent)[whole] / 1e6,
        "latency_p99_from_sent_ms": (finish - sent)[whole] / 1e6,
    }
    return [ranked(name, latency, p) for name, p in PERCENTILES] + [ranked(name, values[name], 99.0) for name in rest]


SCENARIO = Latency()
