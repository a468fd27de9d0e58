"""recovery: evenly spaced tasks, a heap of longer ones, a fault when every slot is busy; then: what became of them, and when."""

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench import gates, ledger
from bench.cell import Cell
from bench.errors import CellFailed
from bench.faults import FAULTS
from bench.ledger import Ints, Ledger
from bench.metrics import Measure
from bench.missing import GONE_S
from bench.probe import events
from bench.recovery import Recovery, Timing, recovery
from bench.schedule import at_once, even, merge
from bench.stage import Stage
from bench.store import StoredCell
from scenarios.base import Needs
from scenarios.common import correctness, fate_measures, fates_of, first_problem, judged

CASES = ("worker-crash", "child-crash", "deploy", "broker-crash")
PER_SLOT = 10.0
SHORT, LONG = "sleep:20", "sleep:200"
SHORT_S, LONG_S = 0.02, 0.2
HEAP = 4  # long tasks per slot
BUSY_TIMEOUT_S = 10.0
LOOK_S = 0.5
SETTLE_S = 5.0
TIMES = ("service_recovery_s", "work_recovery_s", "work_recovery_running_s", "work_recovery_waiting_s", "rate_recovery_s", "backlog_recovery_s")
START_IN_NS = 100_000_000


class RecoveryScenario:
    """One case per fault."""

    name = "recovery"
    about = "what a fault does to the tasks it finds, and how long until all is as before"
    basis: Sequence[str] = ()

    def cases(self, size: str) -> Sequence[str]:
        """The four core faults; fewer where time is short."""
        return {"smoke": ("worker-crash",), "quick": ("worker-crash", "deploy"), "full": CASES}[size]

    def all_cases(self) -> Sequence[str]:
        """The four faults, and `none`, which must show nothing."""
        return (*CASES, "none")

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """Lead-in and horizon; the libraries' own ids are kept, some brokers know a failed task by nothing else."""
        horizon_s = {"smoke": 5.0, "quick": 15.0, "full": 90.0}[size]
        return {"lead_in_s": 3.0 if size == "smoke" else 10.0, "horizon_s": horizon_s, "keep_handles": True}

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """Lead-in, about half the horizon (many cells end early), starting and stopping."""
        return float(params["lead_in_s"] + max(12.0, params["horizon_s"] / 2) + 4)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return (*TIMES, "outage_s")

    def skip(self, cell: Cell) -> str:
        """What a system does not offer shows when the fault is to strike."""
        return ""

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Boot, lead-in, fault, recovery until all is well or the horizon is over."""
        slots, lead_in, horizon = cell.slots, float(cell.params["lead_in_s"]), float(cell.params["horizon_s"])
        rate = PER_SLOT * slots
        with stage.phase("boot"):
            stage.boot()
        stage.fleet.supervise()
        fault_at = lead_in + random.Random(cell.seed).uniform(0.0, 1.0)
        until = fault_at + BUSY_TIMEOUT_S + horizon + SETTLE_S + 10
        schedule = merge((even(rate, until), SHORT), (at_once(HEAP * slots, fault_at), LONG))
        long_tasks = {int(task) for task in schedule.tasks[schedule.work == schedule.works.index(LONG)]}
        begin = time.monotonic_ns() + START_IN_NS
        stage.mark("begin_ns", begin)
        stage.mark("rate", rate)
        with stage.phase("steady"):
            stage.load.send(schedule, begin)
            time.sleep(max(0.0, begin / 1e9 + fault_at - time.monotonic() - 0.2))
            busy = _until_busy(stage, long_tasks, slots, begin / 1e9 + fault_at + BUSY_TIMEOUT_S)
        with stage.phase("fault"):
            struck = FAULTS[cell.case](stage, busy)
            stage.journal["fault"] = {"kind": cell.case, **vars(struck), "end_ns": time.monotonic_ns()}
        with stage.phase("recovery"):
            _until_well(stage, struck.t0_ns, struck.t0_ns / 1e9 + horizon)
        stage.load.stop()
        stage.mark("planned_until_ns", time.monotonic_ns())
        _until_drained(stage, struck.t0_ns / 1e9 + horizon)
        stage.mark("end_ns", time.monotonic_ns())

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """The four recoveries, the outage and the fates."""
        book = ledger.load(cell)
        seen = recovery(book, timing_of(cell))
        told = fates_of(cell, book)
        horizon = float(cell.spec["params"]["horizon_s"])
        measures = [*_times(seen, told.count("lost"), horizon), Measure("outage_s", seen.outage)]
        measures += [Measure("running", float(len(seen.running))), Measure("waiting", float(len(seen.waiting)))]
        measures += fate_measures(told, ("finished", "recovered", "lost", "doubled", "failed", "stuck", "open", "refused", "unexpected"))
        invalid = first_problem(
            lambda: gates.events(cell, book),
            lambda: gates.foreign_load(cell, ("steady", "recovery"), cores),
            lambda: gates.generator(cell, book, before_ns=_lead_in_end_ns(cell)),
        )
        return judged(measures, invalid, correctness(told, cell.spec["guarantee"], faulted=True))


def _lead_in_end_ns(cell: StoredCell) -> int:
    return int(cell.journal["marks"]["begin_ns"]) + int(float(cell.spec["params"]["lead_in_s"]) * 1e9)


def timing_of(cell: StoredCell) -> Timing:
    """What the stored cell says about when."""
    fault, marks = cell.journal["fault"], cell.journal["marks"]
    return _timing(marks, fault, int(marks["end_ns"]), int(cell.spec["slots"]))


def _timing(marks: Mapping[str, Any], fault: Mapping[str, Any], end_ns: int, slots: int) -> Timing:
    t0 = int(fault["t0_ns"])
    return Timing(int(marks["begin_ns"]), t0, int(fault["back_ns"] or t0), end_ns, float(marks["rate"]), slots, HEAP, LONG_S, SHORT_S)


def _times(seen: Recovery, lost: int, horizon: float) -> list[Measure]:
    values = (seen.service, seen.work, seen.work_running, seen.work_waiting, seen.rate, seen.backlog)
    total = len(seen.running) + len(seen.waiting)
    measures = []
    for name, value in zip(TIMES, values, strict=True):
        if value is None or value > horizon:
            reason = f"not within {horizon:.0f} s" + (f", {lost} lost; {total} had been accepted and were unfinished" if name.startswith("work") else "")
            measures.append(Measure(name, horizon, "beyond", reason))
        else:
            measures.append(Measure(name, value))
    return measures


def _until_busy(stage: Stage, long_tasks: set[int], slots: int, deadline_s: float) -> list[int]:
    """Wait until N slots run one of the long tasks each; the pids that run them."""
    running: dict[int, int] = {}
    while time.monotonic() < deadline_s:
        for record in stage.tail.poll():
            task = int(record["task"])
            if task not in long_tasks:
                continue
            if record["kind"] == events.STARTED:
                running[task] = int(record["pid"])
            else:
                running.pop(task, None)
        if len(running) >= slots:
            return list(running.values())
        time.sleep(0.001)
    raise CellFailed(f"the fault never found all {slots} slots busy with a long task within {BUSY_TIMEOUT_S:.0f} s")


def _until_well(stage: Stage, t0_ns: int, horizon_s: float) -> None:
    """Until service, rate and backlog are there and every task has its fate, or the horizon is over."""
    while time.monotonic() < horizon_s:
        time.sleep(LOOK_S)
        fault = stage.journal["fault"]
        marks = stage.journal["marks"]
        now = time.monotonic_ns()
        book = stage.live_ledger()
        seen = recovery(book, _timing(marks, fault, now, stage.cell.slots))
        stage.progress("recovery", int((now - t0_ns) / 1e9), int(stage.cell.params["horizon_s"]))
        if seen.service is None or seen.rate is None or seen.backlog is None:
            continue
        if now - t0_ns < SETTLE_S * 1e9:
            continue
        if stage.missing.all_told(_unfinished(book, now - int(GONE_S * 1e9))):
            return


def _unfinished(book: Ledger, due_before_ns: int) -> Ints:
    waits = book.measured() & (book.enqueue == ledger.ACCEPTED) & (book.finishes() == 0) & (book.due < due_before_ns)
    late: Ints = book.task[waits]
    return late


def _until_drained(stage: Stage, horizon_s: float) -> None:
    """The generator is silent: let the last tasks finish, unless they never will."""
    deadline = min(time.monotonic() + SETTLE_S, max(horizon_s, time.monotonic() + 1.0))
    count, quiet_since = -1, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - quiet_since < 1.0:
        now = stage.tail.count()
        if now != count:
            count, quiet_since = now, time.monotonic()
        if not np.any(_unfinished(stage.live_ledger(), time.monotonic_ns()) >= 0):
            return
        time.sleep(0.1)


SCENARIO = RecoveryScenario()
