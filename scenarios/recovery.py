"""recovery: evenly spaced tasks, a heap of longer ones, a fault when every slot is busy; then: what became of them, and when."""

import random
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.measure import validity
from bench.measure.figures import correctness, fate_measures, fates_of, first_problem, judged
from bench.measure.injections import HEAP, PER_SLOT, SHORT, Strike, book_of, culprits, strikes_of
from bench.model.cell import Cell
from bench.model.fault import CORE, FAULT_NAMES, FURTHER
from bench.model.metric import Measure
from bench.model.schedule import even, merge
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.record.store import StoredCell
from bench.testbed.faults.catalogue import FAULTS
from bench.testbed.testbed import Stage
from scenarios import recovery_steps as steps
from scenarios.base import Needs

TIMES = ("service_recovery_s", "work_recovery_s", "work_recovery_running_s", "work_recovery_waiting_s", "rate_recovery_s", "backlog_recovery_s")
HORIZON_S = {"smoke": 5.0, "quick": 20.0, "full": 90.0}
FURTHER_HORIZON_S = {"smoke": 20.0, "quick": 20.0, "full": 30.0}  # longer than any of them lasts
STRIKES = {"smoke": 1, "quick": 1, "full": 3}
AWAY_S = 30.0  # no fault keeps anything away for longer
START_IN_NS = 100_000_000


class RecoveryScenario:
    """One case per fault."""

    name = "recovery"
    drive_version = 2  # a fault strikes once the whole load spike is accepted
    measure_version = 1
    about = "what a fault does to the tasks it finds, and how long until all is as before"
    basis: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = {"core": CORE, "further": FURTHER}

    def cases(self, size: str) -> Sequence[str]:
        """The four core faults; fewer where time is short."""
        return {"smoke": ("worker-crash",), "quick": ("worker-crash", "deploy"), "full": CORE}[size]

    def all_cases(self) -> Sequence[str]:
        """Every fault, and `none`, which must show nothing."""
        return (*FAULT_NAMES, "none")

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """Lead-in, horizon and strikes; the libraries' own ids are kept, some brokers know a failed task by nothing else."""
        fault, core = FAULTS[case], case in (*CORE, "none")
        known: dict[str, Any] = {"lead_in_s": 3.0 if size == "smoke" else 10.0, "keep_handles": True, "generators": 2}
        known |= {"horizon_s": (HORIZON_S if core else FURTHER_HORIZON_S)[size], "strikes": STRIKES[size] if case in CORE else 1}
        if fault.network:
            known["rtt_ms"] = 0.0
        if fault.time_limit_s:
            known["time_limit_s"] = fault.time_limit_s
        return known

    def slots(self, case: str, workers: int) -> int:
        """As many as the plan says."""
        return workers

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """Lead-in, the strikes, about half the horizon (many cells end early), starting and stopping."""
        return float(params["lead_in_s"] + (params["strikes"] - 1) * (steps.APART_S + 2) + max(12.0, params["horizon_s"] / 2) + 4)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return (*TIMES, "outage_s")

    def skip(self, cell: Cell) -> str:
        """What a system does not offer shows when the fault is to strike."""
        return ""

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Boot, lead-in, strike after strike, recovery until all is well or the horizon is over."""
        fault, wanted, horizon = FAULTS[cell.case], int(cell.params["strikes"]), float(cell.params["horizon_s"])
        moment = random.Random(cell.seed)
        with stage.phase("boot"):
            stage.boot()
        stage.fleet.supervise()
        rate = PER_SLOT * cell.slots
        longest = float(cell.params["lead_in_s"]) + wanted * (steps.BACK_S + steps.BUSY_TIMEOUT_S + AWAY_S) + horizon
        flow = merge((even(rate, longest), SHORT))
        begin = time.monotonic_ns() + START_IN_NS
        stage.mark("begin_ns", begin)
        stage.mark("rate", rate)
        at: int | None = begin + int((float(cell.params["lead_in_s"]) + moment.uniform(0.0, 1.0)) * 1e9)
        with stage.phase("steady"):
            stage.load.send(flow, begin, only=0)
            time.sleep(max(0.0, ((at or 0) - time.monotonic_ns()) / 1e9 - 2 * steps.AHEAD_S))
        with stage.phase("fault"):
            for number in range(wanted):
                at = at if number == 0 else steps.until_next(stage, moment)
                if at is None:
                    break
                steps.strike(stage, fault, at, first_id=len(flow) + number * (HEAP * cell.slots + 1))
        over = stage.journal["faults"][-1]["t0_ns"] / 1e9 + horizon
        with stage.phase("recovery"):
            steps.until_well(stage, over)
        stage.load.stop()
        stage.mark("planned_until_ns", time.monotonic_ns())
        steps.until_drained(stage, over)
        stage.mark("end_ns", time.monotonic_ns())
        steps.free(stage)

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """The four recoveries, the outage and the fates."""
        book = book_of(cell)
        struck = strikes_of(cell, book)
        told = fates_of(cell, book)
        horizon = float(cell.spec["params"]["horizon_s"])
        measures = [*_times(struck, told.count("lost"), horizon), _outage(struck), _longest_call(book, struck), *_culprit(cell)]
        measures += [Measure(name, float(sum(len(getattr(strike.seen, name)) for strike in struck))) for name in ("running", "waiting")]
        measures += [Measure("strikes", float(len(struck))), Measure("supervisor_starts", float(len(cell.journal["restarts"])))]
        measures += fate_measures(told, ("finished", "recovered", "lost", "doubled", "failed", "stuck", "open", "refused", "unexpected"))
        invalid = first_problem(
            lambda: validity.events(cell, book),
            lambda: validity.machine(cell, ("steady", "recovery"), cores),
            lambda: validity.generator(cell, book, before_ns=_lead_in_end_ns(cell), generators=1),
        )
        return judged(measures, invalid, correctness(told, cell.spec["guarantee"], faulted=True))


def _lead_in_end_ns(cell: StoredCell) -> int:
    return int(cell.journal["marks"]["begin_ns"]) + int(float(cell.spec["params"]["lead_in_s"]) * 1e9)


def _times(struck: Sequence[Strike], lost: int, horizon: float) -> list[Measure]:
    """The median over the strikes of a cell; `beyond` as soon as one of them is."""
    measures = []
    hit = sum(len(strike.hit) for strike in struck)
    for name in TIMES:
        field = name.removesuffix("_s").replace("_recovery", "")
        values = [getattr(strike.seen, field) for strike in struck]
        within = [value for value in values if value is not None and value <= horizon]
        if len(within) == len(values):
            measures.append(Measure(name, statistics.median(within)))
            continue
        reason = f"not within {horizon:.0f} s" + (f" after {len(values) - len(within)} of {len(values)} strikes" if len(values) > 1 else "")
        reason += f", {lost} lost; {hit} had been accepted and were unfinished" if name.startswith("work") else ""
        measures.append(Measure(name, horizon, "beyond", reason))
    return measures


def _outage(struck: Sequence[Strike]) -> Measure:
    return Measure("outage_s", statistics.median(strike.seen.outage for strike in struck))


def _longest_call(book: Ledger, struck: Sequence[Strike]) -> Measure:
    """How long whoever enqueues stood still at most: a call that was open when the fault struck, or began before the next strike."""
    longest, still = 0.0, False
    for strike in struck:
        end = strike.timing.end_ns
        ours = book.measured() & (book.sent >= 0) & (book.sent < end) & ((book.returned < 0) | (book.returned >= strike.timing.t0_ns))
        back = np.where(book.returned[ours] < 0, end, book.returned[ours])
        if len(back):
            longest = max(longest, float((back - book.sent[ours]).max()) / 1e6)
            still = still or bool((book.returned[ours] < 0).any())
    return (
        Measure("enqueue_call_max_ms", longest, "beyond", "a call had not returned when the cell ended") if still else Measure("enqueue_call_max_ms", longest)
    )


def _culprit(cell: StoredCell) -> list[Measure]:
    """How often the task that does harm was run."""
    harmful = culprits(cell.journal)
    if not harmful:
        return []
    runs = ledger.load(cell).run_task
    return [Measure("culprit_runs", float(np.isin(runs, sorted(harmful)).sum()))]


SCENARIO = RecoveryScenario()
