"""workload: the reader's own load from a file, as it is, struck in the middle, or as a probe."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from bench.model.cell import Cell, Params
from bench.model.fault import Fault
from bench.model.scenario import Scenario
from bench.workload.arrival_form import TraceArrivals
from bench.workload.needs import not_offered
from bench.workload.objective import SPARED, goals
from bench.workload.trace_file import A_NUMBER, Trace
from bench.workload.workload_file import WorkloadFile
from bench.workload.workload_form import Workload

AS_IT_IS = "-"
STRIKES: Mapping[str, Fault] = {
    "crash": Fault.WORKER_CRASH,
    "deploy": Fault.DEPLOY,
    "broker-crash": Fault.BROKER_CRASH,
}
TIMES, WORKERS = "times", "workers"  # what a probe may have more or less of
LEAST, MOST = {TIMES: 1e-3, WORKERS: 1.0}, {TIMES: 1e6, WORKERS: 1e3}
WHOLE = re.compile("[0-9]+")
WARMUP_S = {"smoke": 1.0, "gate": 2.0, "quick": 3.0, "full": 5.0}
# After the last arrival: so long a struck load gets until every task has its fate.
HORIZON_S = {"smoke": 5.0, "gate": 20.0, "quick": 20.0, "full": 60.0}
SETTLE_S, SETTLE_AT_MOST_S = 10.0, 120.0
IDLE_S = 1.0


def amount(case: str, kind: str) -> float | None:
    """The number in a case such as `times=1.25`; None where it is of another kind, or no number."""
    name, equals, value = case.partition("=")
    if name != kind or not equals:
        return None
    if not (WHOLE if kind == WORKERS else A_NUMBER).fullmatch(value):
        return None
    number = float(value)
    return number if LEAST[kind] <= number <= MOST[kind] else None


def settle_s(workload: Workload) -> float:
    """For how long tasks may wait after the last arrival: as long as an objective, a time limit
    or what the tasks do could want it, 10 s at least and 120 s at most."""
    limits_s = [goal.limit / 1000 for goal in goals(workload.objective) if goal.word in SPARED]
    limits_s += [task.limit_s for task in workload.task if task.limit_s]
    amounts = [each for task in workload.task for each in (task.sleep_ms, task.cpu_ms) if each]
    limits_s += [each.p99 / 1000 for each in amounts]
    return min(max([SETTLE_S, *limits_s]), SETTLE_AT_MOST_S)


class WorkloadScenario(Scenario):
    """Case `-`: the load as the file says. `crash`, `deploy` and `broker-crash` strike that load in
    its middle; `times=X` has so many times the arrivals, `workers=N` so many slots."""

    name = "workload"
    drive_version = 1
    measure_version = 1
    order = 70
    by_file = True
    about = "your own load, from a file: latency per task, backlog, cost, and whether it is enough"

    def all_cases(self) -> Sequence[str]:
        """Those that have a name."""
        return (AS_IT_IS, *STRIKES)

    def cases(self, size: str) -> Sequence[str]:
        """The load as it is; it is struck only where that is asked for."""
        return (AS_IT_IS,)

    def takes(self, case: str) -> bool:
        """The probes have a number and no name."""
        return case in self.all_cases() or any(amount(case, kind) for kind in (TIMES, WORKERS))

    def drawn_as(self, case: str) -> str:
        """What is struck, and what other workers get, is the same load; a probe of more arrivals
        has draws of its own."""
        return case if amount(case, TIMES) else AS_IT_IS

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """The load lasts as long as its file says, whatever the size. The libraries' own ids are
        kept, since some brokers know a failed task by nothing else."""
        return {
            "times": amount(case, TIMES) or 1.0,
            "warmup_s": WARMUP_S[size],
            "keep_handles": True,
            **({"horizon_s": HORIZON_S[size]} if case in STRIKES else {}),
        }

    def loaded(self, file: WorkloadFile, params: Params) -> Params:
        """The rate at its busiest, by which generators are counted, and the length."""
        arrivals, times = file.workload.arrivals, float(params["times"])
        if isinstance(arrivals, TraceArrivals):
            faster = arrivals.speed * times
            busiest, seconds = _of_trace(file.trace, faster)
        else:
            steps = arrivals.stretches
            busiest = times * max(max(step.rate, step.until) for step in steps)
            seconds = sum(step.seconds for step in steps)
        return {"rate": busiest, "load_s": seconds, "settle_s": settle_s(file.workload)}

    def slots(self, case: str, workers: int) -> int:
        """Those of the plan, unless the probe says another number."""
        return int(amount(case, WORKERS) or workers)

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """Warm-up, load, half of what may come after it, and six seconds of starting and
        stopping."""
        after = params.get("horizon_s", 2.0)
        return float(params["warmup_s"] + params["load_s"] + after / 2 + IDLE_S + 6)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return ("latency_p50_ms", "latency_p90_ms", "latency_p99_ms")

    def figures(self, case: str) -> Sequence[str]:
        """What was late, and what it cost: a struck load has no cost."""
        cost = () if case in STRIKES else ("cpu_s_per_1000", "broker_commands_per_1000")
        return (*self.expected(case), "late", *cost)

    def skip(self, cell: Cell) -> str:
        """A system may have no tasks of this kind, or lack what some of them need."""
        if cell.workload is None:
            return ""
        return not_offered(cell.arm, cell.slots, cell.workload.workload)


def _of_trace(trace: Trace | None, faster: float) -> tuple[float, float]:
    """(arrivals per second at the busiest, seconds) of a trace that is played so fast."""
    if trace is None:
        return 0.0, 0.0
    second = np.floor(trace.seconds / faster)
    begins = np.flatnonzero(np.diff(second, prepend=-1.0))
    most = np.diff(np.append(begins, len(second))).max()
    return float(most), float(trace.seconds[-1]) / faster


SCENARIO = WorkloadScenario()
