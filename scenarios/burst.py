"""burst: fill the queue, then drain it: throughput, memory, cost per task. No latency: a backlog's P99 restates N ÷ throughput."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapters.base import Bulk, BulkSomewhere
from bench.measure import validity
from bench.measure.figures import at, correctness, delta, fate_measures, fates_of, first_problem, judged, measure_or, not_offered, peak
from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.model.schedule import at_once, merge
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.record.store import StoredCell
from bench.testbed.testbed import Stage
from scenarios.base import Needs
from scenarios.drain import COUNTS_NONE, NOT_TOLD, capped, enqueue_rate, throughput, until_finished, until_sent, why_no_server, worker_cpu

TASKS = {"smoke": 200, "gate": 5_000, "quick": 5_000, "full": 100_000}
BULK_AT_MOST = 20_000
SLOW_AT_MOST = 2_000  # at 10 ms a round trip a task of RQ takes a tenth of a second
RTTS = (0, 1, 2, 10)  # ms
SETTLE_S = 1.0


class Burst:
    """Case `-`: boot, enqueue, drain. `rtt=2`: the same through a network with that round trip. `bulk`: the best public bulk call, no workers."""

    name = "burst"
    drive_version = 1
    measure_version = 1
    about = "100,000 no-op tasks: how fast in, how fast out, at what memory"
    basis: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = {"network": tuple(f"rtt={rtt}" for rtt in RTTS)}

    def cases(self, size: str) -> Sequence[str]:
        """Bulk is left out where the run is only a trial."""
        return ("-",) if size in ("smoke", "gate") else ("-", "bulk")

    def all_cases(self) -> Sequence[str]:
        """Both, and the plain one through a slow network."""
        return ("-", "bulk", *self.groups["network"])

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """How many tasks."""
        count = tasks or TASKS[size]
        if case.startswith("rtt="):
            return {"tasks": min(count, SLOW_AT_MOST), "rtt_ms": float(case.removeprefix("rtt="))}
        return {"tasks": min(count, BULK_AT_MOST) if case == "bulk" else count}

    def slots(self, case: str, workers: int) -> int:
        """As many as the plan says."""
        return workers

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """Enqueue, drain, and about six seconds of starting, settling and stopping."""
        drain = 0.0 if case == "bulk" else params["tasks"] / rate + 6
        return float(params["tasks"] / enqueue_rate + drain + 2)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return ("bulk_enqueue_rate",) if case == "bulk" else ("throughput", "enqueue_rate", "worker_memory_peak_bytes", "broker_memory_peak_bytes")

    def skip(self, cell: Cell) -> str:
        """A library without a bulk call."""
        adapter, broker = cell.arm.adapter, cell.arm.broker
        offered = adapter.bulk_brokers if isinstance(adapter, BulkSomewhere) else adapter.brokers
        if cell.case != "bulk" or (isinstance(adapter, Bulk) and broker in offered):
            return ""
        return f"{adapter.name} has no public bulk call" + (f" on {broker}" if isinstance(adapter, Bulk) else "")

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Start on the empty queue, stop, fill, start on the full queue, drain."""
        if cell.case == "bulk":
            return self._bulk(cell, stage)
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

    def _bulk(self, cell: Cell, stage: Stage) -> None:
        adapter = cell.arm.adapter
        assert isinstance(adapter, Bulk)
        tasks = int(cell.params["tasks"])
        stage.mark("chosen_as_it_went", 1)
        with stage.phase("enqueue"):
            stage.load.order("bulk", tasks=tasks, chunk=adapter.bulk_chunk)
            until_sent(stage, tasks)

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """Rates from stamps, memory and counters from the samples at the edges."""
        book = ledger.load(cell)
        if cell.spec["case"] == "bulk":
            rate = Measure("bulk_enqueue_rate", enqueue_rate(book))
            held = cell.journal["held"]
            queued = len(held) if held is not None else None
            tasks = int(cell.spec["params"]["tasks"])
            short = f"count: the broker holds {queued} of {tasks} tasks" if queued not in (None, tasks) else ""
            unfit = first_problem(
                lambda: validity.events(cell, book, all_sent=True),
                lambda: validity.machine(cell, ("enqueue",), cores),
            )
            return judged([rate], short or unfit, "")
        told = fates_of(cell, book)
        measures = [*_rates(cell, book), *_memory(cell), *_cost(cell, book), *_imports(book), *fate_measures(told)]
        invalid = first_problem(
            lambda: validity.events(cell, book, all_sent=True),
            lambda: validity.machine(cell, ("enqueue", "drain"), cores),
            lambda: validity.throttled(cell, ("boot",)),
            lambda: validity.count(cell, book, "enqueue:start", "enqueue:end", idle=True),
        )
        return judged(measures, invalid, correctness(told, cell.spec["guarantee"], faulted=False))


def _rates(cell: StoredCell, book: Ledger) -> list[Measure]:
    start_ns, end_ns = cell.phase("drain")
    finished = book.first_finish()[book.measured()]
    verdict, reason = capped(cell)
    drained = ((end_ns if verdict == "beyond" else int(finished.max())) - start_ns) / 1e9
    return [
        throughput(cell, book),
        Measure("enqueue_rate", enqueue_rate(book)),
        Measure("boot_s", float(cell.journal["marks"]["boot_s"])),
        Measure("drain_s", drained, verdict, reason),  # type: ignore[arg-type]
    ]


def _memory(cell: StoredCell) -> list[Measure]:
    tasks = int(cell.spec["params"]["tasks"])
    grown = delta(cell, "broker_memory", "enqueue:start", "enqueue:end")
    told = why_no_server(cell)
    return [
        measure_or("worker_memory_idle_bytes", at(cell, "worker_pss", "idle"), "no sample"),
        measure_or("worker_memory_peak_bytes", peak(cell, "worker_pss", ("drain",)), "no sample"),
        measure_or("worker_memory_after_bytes", at(cell, "worker_pss", "after"), "no sample"),
        measure_or("broker_memory_peak_bytes", peak(cell, "broker_memory", ("enqueue", "drain")), *told),
        measure_or("broker_bytes_per_task", None if grown is None else grown / tasks, *told),
    ]


def _cost(cell: StoredCell, book: Ledger) -> list[Measure]:
    finished = int((book.first_finish()[book.measured()] >= 0).sum()) or 1
    cpu_s, commands = (_spent(cell, column) for column in ("broker_cpu_s", "broker_commands"))
    broker = cell.spec["broker"]
    no_count = (COUNTS_NONE[broker], "not_offered") if broker in COUNTS_NONE else (NOT_TOLD, "unavailable")
    return [
        worker_cpu(cell, book),
        measure_or("broker_cpu_us_per_task", None if cpu_s is None else cpu_s / finished * 1e6, *why_no_server(cell)),
        measure_or("broker_commands_per_task", None if commands is None else commands / finished, *no_count),
    ]


def _spent(cell: StoredCell, column: str) -> float | None:
    """What a counter of the broker grew by while the queue was filled and drained, less what idle workers and our own questions cost.

    Only the drain is corrected: no worker runs while the queue is filled.
    """
    grown = [delta(cell, column, f"{phase}:start", f"{phase}:end") for phase in ("enqueue", "drain")]
    idle, idle_ns = delta(cell, column, "settling", "idle"), delta(cell, "ns", "settling", "idle")
    if grown[0] is None or grown[1] is None or idle is None or not idle_ns:
        return None
    start, end = cell.phase("drain")
    return max(grown[0] + grown[1] - idle / idle_ns * (end - start), 0.0)


def _imports(book: Ledger) -> list[Measure]:
    ours = (book.run_task >= 0) & (book.import_us > 0)
    if not ours.any():
        return not_offered(["task_import_ms"], "the task module is imported once, before the workers are ready")
    return [Measure("task_import_ms", float(np.median(book.import_us[ours])) / 1e3)]


SCENARIO = Burst()
