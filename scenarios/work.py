"""work: a backlog of tasks that do something is drained by 1, N and 4 N workers, and by many where they are threads or greenlets."""

import random
import string
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.base.errors import CellFailed
from bench.inprocess.event_log import FINISHED
from bench.measure import validity
from bench.measure.figures import correctness, delta, fate_measures, fates_of, first_problem, judged, measure_or, peak
from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.model.schedule import FIRST_WARM_TASK, Schedule, at_once, merge
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.record.store import StoredCell
from bench.testbed.testbed import Stage
from scenarios.base import Needs
from scenarios.drain import enqueue_rate, throughput, until_finished, until_sent, why_no_server, worker_cpu

TASK_MS = 10
PAYLOAD_BYTES = 10_240
KINDS = ("sleep", "cpu", "payload")
COUNTS, MANY = ("1", "N", "4N"), ("32", "100")
DRAIN_S = {"smoke": 1.0, "quick": 3.0, "full": 15.0}
LOOK_S = {"smoke": 0.25, "quick": 0.5, "full": 1.0}
AT_MOST_S = 40.0  # a drain that was estimated too long ends here
LEAST, MOST = 100, 15_000  # more tasks say nothing more, and all of them are stored
LOOK_LEAST, LOOK_MOST, LOOK_TIMEOUT_S = 40, 5_000, 30.0


class Work:
    """Case `sleep/4N`: what a task does, and the number of workers; N is the plan's."""

    name = "work"
    drive_version = 1
    measure_version = 1
    about = "tasks of 10 ms and tasks of 10 KiB from a backlog, by 1, N and 4 N workers: throughput against the arithmetic ceiling"
    basis: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = {
        "sleep": tuple(f"sleep/{count}" for count in (*COUNTS, *MANY)),
        "cpu": tuple(f"cpu/{count}" for count in COUNTS),
        "payload": tuple(f"payload/{count}" for count in COUNTS),
        "many": tuple(f"sleep/{count}" for count in MANY),
    }

    def cases(self, size: str) -> Sequence[str]:
        """All of them, where there is time for it."""
        return {"smoke": tuple(f"{kind}/N" for kind in KINDS), "quick": (*self.groups["sleep"], "cpu/N", "payload/N"), "full": self.all_cases()}[size]

    def all_cases(self) -> Sequence[str]:
        """Every kind at every number of workers."""
        return tuple(case for kind in KINDS for case in self.groups[kind])

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """How long the backlog is meant to last; the number of tasks follows from a look at the workers, unless it is given."""
        known: dict[str, Any] = {"drain_s": DRAIN_S[size], "look_s": LOOK_S[size], "at_most_s": AT_MOST_S}
        return known | ({"tasks": tasks} if tasks else {})

    def slots(self, case: str, workers: int) -> int:
        """What stands behind the stroke."""
        count = case.partition("/")[2]
        return {"N": workers, "4N": 4 * workers}.get(count) or int(count)

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """The look, the drain, about as long for the filling as the enqueue call needs, and six seconds of starting and stopping."""
        tasks = min(MOST, rate * params["drain_s"])
        return float(2 * params["look_s"] + min(params["drain_s"], MOST / rate) + tasks / enqueue_rate + 6)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return ("throughput", "worker_memory_peak_bytes", "worker_memory_per_slot_bytes")

    def skip(self, cell: Cell) -> str:
        """32 and 100 workers that are processes are more than a host of this kind is for."""
        if cell.case not in self.groups["many"] or cell.arm.profile.light:
            return ""
        return f"{cell.slots} slots are measured where they are threads or greenlets; those of {cell.arm.name} are processes"

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Boot and look how fast it goes, stop, fill, start on the full queue, drain."""
        work = _work_of(cell.case)
        with stage.phase("boot"):
            stage.boot()
            rate = _look(stage, work, float(cell.params["look_s"]))
        stage.mark("look_rate", rate)
        stage.fleet.stop()
        stage.new_fleet()
        tasks = int(cell.params.get("tasks") or min(max(rate * float(cell.params["drain_s"]), LEAST, 10 * cell.slots), MOST))
        with stage.phase("enqueue"):
            stage.load.send(merge((at_once(tasks, 0.0), work)), time.monotonic_ns())
            until_sent(stage, tasks)
        stage.expect(tasks)
        with stage.phase("drain"):
            stage.fleet.start()
            until_finished(stage, tasks, float(cell.params["at_most_s"]))

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """Throughput, its share of the ceiling, memory and CPU."""
        book = ledger.load(cell)
        told = fates_of(cell, book)
        measures = [throughput(cell, book), *_share(cell, book, cores), Measure("enqueue_rate", enqueue_rate(book))]
        measures += [*_memory(cell, book), worker_cpu(cell, book), *fate_measures(told)]
        invalid = first_problem(
            lambda: validity.events(cell, book, all_sent=True),
            lambda: validity.machine(cell, ("enqueue", "drain"), cores),
            lambda: validity.count(cell, book, "enqueue:start", "enqueue:end", idle=True),
        )
        return judged(measures, invalid, correctness(told, cell.spec["guarantee"], faulted=False))


def _work_of(case: str) -> str:
    kind = case.partition("/")[0]
    return _padding() if kind == "payload" else f"{kind}:{TASK_MS}"


def _padding() -> str:
    """Text of 10 KiB that does not shrink to nothing where a library packs it, as RQ does."""
    letters = string.ascii_letters + string.digits + "+/"
    return "pad:" + "".join(random.Random(PAYLOAD_BYTES).choices(letters, k=PAYLOAD_BYTES - len("pad:")))


def _look(stage: Stage, work: str, look_s: float) -> float:
    """Tasks per second of a short backlog, enqueued and drained at once: a little less than the drain will reach."""
    first, count, rate = FIRST_WARM_TASK, max(LOOK_LEAST, 4 * stage.cell.slots), 0.0
    for _ in range(2):
        ids = np.arange(first, first + count, dtype=np.int64)
        began = time.monotonic()
        stage.load.send(Schedule(ids, np.zeros(count, np.int64), np.zeros(count, np.int64), (work,)), time.monotonic_ns())
        left = count
        while left > 0:
            records = stage.tail.poll()
            left -= int(((records["kind"] == FINISHED) & (records["task"] >= first) & (records["task"] < first + count)).sum())
            stage.fleet.check_alive()
            if time.monotonic() > began + LOOK_TIMEOUT_S:
                raise CellFailed(f"{left} of {count} tasks had not finished after {LOOK_TIMEOUT_S:.0f} s: {stage.fleet.describe_logs()}")
            time.sleep(0.005)
        rate = count / (time.monotonic() - began)
        first, count = first + count, int(min(max(rate * look_s, count), LOOK_MOST))
    return rate


def ceiling(case: str, slots: int, cores: float) -> float | None:
    """Tasks per second if nothing but the task took time; None where the task takes none."""
    kind = case.partition("/")[0]
    if kind == "payload":
        return None
    return (min(slots, cores) if kind == "cpu" else slots) / TASK_MS * 1000


def _share(cell: StoredCell, book: Ledger, cores: int) -> list[Measure]:
    most, reached = ceiling(cell.spec["case"], int(cell.spec["slots"]), cores), throughput(cell, book)
    if most is None:
        return []
    return [Measure("ceiling_share", None if reached.value is None else 100 * reached.value / most, reached.verdict, reached.reason)]


def _memory(cell: StoredCell, book: Ledger) -> list[Measure]:
    workers, told = peak(cell, "worker_pss", ("drain",)), why_no_server(cell)
    grown, queued = delta(cell, "broker_memory", "enqueue:start", "enqueue:end"), int(book.measured().sum())
    return [
        measure_or("worker_memory_peak_bytes", workers, "no sample"),
        measure_or("worker_memory_per_slot_bytes", None if workers is None else workers / int(cell.spec["slots"]), "no sample"),
        measure_or("broker_memory_peak_bytes", peak(cell, "broker_memory", ("enqueue", "drain")), *told),
        measure_or("broker_bytes_per_task", None if grown is None else grown / queued, *told),
    ]


SCENARIO = Work()
