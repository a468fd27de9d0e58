"""Was a workload good enough? Its objective held against the tasks of a stored cell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.base.errors import UsageError
from bench.measure.figures import fates_of
from bench.measure.latencies import latency_ms
from bench.record import ledger
from bench.record.fates import Fates
from bench.record.ledger import Ledger
from bench.record.store import StoredCell
from bench.workload.objective import (
    SPARED,
    Goal,
    GoalResult,
    TaskOutcomes,
    goals,
    judge,
    late,
)
from bench.workload.probe import Probe, SecondCounts, Verdict, by_second, of_all, probe
from bench.workload.workload_form import Objective, Workload

# Of several limits of a latency, the one by which single tasks are called late.
STANDING = ("p99_ms", "p90_ms", "p50_ms", "max_ms")


@dataclass(frozen=True, eq=False)
class MeasuredLoad:
    """A workload as one cell ran it.

    `outcomes` are those of its measured tasks, `begin_ns` is when the load began on the clock of
    the cell, `seconds` how long arrivals came.
    """

    workload: Workload
    outcomes: TaskOutcomes
    begin_ns: int
    seconds: float

    def of(self, task: str) -> TaskOutcomes:
        """Those of one type of task, or of all where it is empty."""
        if not task:
            return self.outcomes
        return self.outcomes.of(self.workload.names.index(task))

    def results(self) -> list[GoalResult]:
        """Each line of the objective, judged by what became of this cell's tasks alone."""
        found = goals(self.workload.objective)
        return [judge(goal, self.outcomes, self.workload.names) for goal in found]

    def by_second(self, goal: Goal) -> SecondCounts:
        """How many tasks of a goal of latency fell due in each second, and how many were late."""
        ours = self.of(goal.task)
        return by_second(ours.due_ns - self.begin_ns, late(ours.latency_ms, goal), self.seconds)


def standing_goal(objective: Objective, task: str = "") -> Goal | None:
    """The goal whose limit tells which tasks were late: that of P99, else P90, P50, the maximum.

    Those of a type are held against its own line, or else against the one over all tasks; None
    where no latency is limited.
    """
    lines = {(goal.task, goal.word): goal for goal in goals(objective)}
    for whose in dict.fromkeys((task, "")):
        for word in STANDING:
            if found := lines.get((whose, word)):
                return Goal(task, word, found.limit)
    return None


def measured_load(cell: StoredCell, book: Ledger, told: Fates) -> MeasuredLoad:
    """The load of a stored cell from its ledger and fates.

    Every planned task counts; one that was never sent was never finished. UsageError for a cell
    without a workload.
    """
    workload, marks = cell.log.workload, cell.log.marks
    if workload is None:
        raise UsageError(f"{cell.folder} ran no workload: name a run of the scenario `workload`")
    ours = np.flatnonzero(book.measured())
    names = workload.names
    # The last entry is that of the index -1, of a task without a type.
    as_named = np.array([*(names.index(name) for name in book.types), -1], np.int16)
    tasks = book.task[ours]
    return MeasuredLoad(
        workload,
        TaskOutcomes(
            kinds=as_named[book.kind[ours]],
            due_ns=book.due[ours],
            started_ns=book.first_start()[ours],
            latency_ms=latency_ms(book, ours, book.due),
            lost=np.isin(tasks, told.by_name["lost"]),
            failed=np.isin(tasks, told.by_name["failed"]),
            refused=np.isin(tasks, told.by_name["refused"]),
        ),
        int(marks["begin_ns"]),
        float(marks["load_s"]),
    )


def load_of(cell: StoredCell) -> MeasuredLoad:
    """The load of a stored cell, read from its files."""
    book = ledger.load(cell)
    return measured_load(cell, book, fates_of(cell, book))


def goals_of(cell: StoredCell) -> list[GoalResult]:
    """What became of each line of the objective in one stored cell.

    It looks at no gate: whether the cell is fit, its line in run.json says.
    """
    return load_of(cell).results()


@dataclass(frozen=True)
class ProbedGoal:
    """One line of an objective, asked of all cells of the same load.

    `probe` is None for what is counted: there each cell alone must hold the line.
    """

    goal: Goal
    verdict: Verdict
    probe: Probe | None = None


def probed(loads: Sequence[MeasuredLoad]) -> list[ProbedGoal]:
    """Does this load hold its objective? Each line of it, from cells that all ran the same load.

    ValueError where there is no cell.
    """
    if not loads:
        raise ValueError("a probe needs a cell")
    return [_probed(goal, loads) for goal in goals(loads[0].workload.objective)]


def _probed(goal: Goal, loads: Sequence[MeasuredLoad]) -> ProbedGoal:
    if goal.word in SPARED:
        answer = probe([load.by_second(goal) for load in loads], SPARED[goal.word])
        return ProbedGoal(goal, answer.verdict, answer)
    results = (judge(goal, load.outcomes, load.workload.names) for load in loads)
    return ProbedGoal(goal, "holds" if all(r.verdict == "met" for r in results) else "misses")


def probes_of(cells: Iterable[StoredCell]) -> list[ProbedGoal]:
    """As `probed`, of stored cells of the same case and arm, read one after the other."""
    return probed([load_of(cell) for cell in cells])


def verdict_of(lines: Iterable[ProbedGoal]) -> Verdict:
    """Whether the whole objective is held: each of its lines must be."""
    return of_all(line.verdict for line in lines)
