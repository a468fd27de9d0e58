"""Is it good enough: which tasks were late, whether an objective is met, and how far it is off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bench.model.schedule import Ints
from bench.workload.arrivals import Kinds
from bench.workload.workload_form import Bounds, Objective

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# How many of a hundred tasks may be later than the limit.
SPARED = {"p50_ms": 50, "p90_ms": 10, "p99_ms": 1, "max_ms": 0}
COUNTED = ("lost", "failed", "backlog")
BEYOND = 10  # so many tasks beyond it carry a percentile, as everywhere else


@dataclass(frozen=True)
class Goal:
    """One line of an objective; `task` is empty where it is over all tasks."""

    task: str
    word: str  # of SPARED or of COUNTED
    limit: float

    @property
    def label(self) -> str:
        """`p99_ms`, or `p99_ms of NAME`."""
        return f"{self.word} of {self.task}" if self.task else self.word


def goals(objective: Objective) -> list[Goal]:
    """Every line of an objective: over all tasks first, then type by type."""
    named = {"": objective, **objective.task}
    return [goal for task, bounds in named.items() for goal in _goals(task, bounds)]


def _goals(task: str, bounds: Bounds) -> Iterator[Goal]:
    for word in (*SPARED, *COUNTED):
        limit = getattr(bounds, word)
        if limit is not None:
            yield Goal(task, word, float(limit))


@dataclass(frozen=True)
class GoalResult:
    """What became of a goal in one cell.

    `reached` is what the limit would have had to be, in the goal's unit: inf where too many tasks
    never finished, None where no task was there. `late` of `tasks` were later than the limit;
    both are 0 where tasks are counted.
    """

    goal: Goal
    verdict: Literal["met", "missed", "withheld"]
    reached: float | None
    late: int = 0
    tasks: int = 0

    @property
    def factor(self) -> float | None:
        """How far it is off: reached ÷ limit. None where nothing was reached or the limit is 0."""
        if self.reached is None or not self.goal.limit:
            return None
        return self.reached / self.goal.limit

    def sentence(self) -> str:
        """The verdict in words, with how far it is off."""
        goal = self.goal
        if self.verdict == "withheld":
            return (
                f"{goal.label} ≤ {goal.limit:g}: withheld, {self.late} of {self.tasks} tasks were "
                f"later, and so few tell nothing"
            )
        if goal.word in COUNTED:
            return f"{goal.label} ≤ {goal.limit:g}: {self.verdict} with {self.reached:g}"
        share = self.late / self.tasks if self.tasks else 0.0
        return (
            f"{goal.label} ≤ {goal.limit:g}: {self.verdict} with {self.reached:.3g}, "
            f"{self.factor:.2f} times that; {share:.2%} of {self.tasks:,} tasks were later, "
            f"{SPARED[goal.word]} % may be"
        )


def late(latency_ms: Floats, goal: Goal) -> Flags:
    """(tasks,) true where a task was later than the goal allows; one that never finished, `inf`,
    is later than any."""
    return latency_ms > goal.limit


def judge_latency(goal: Goal, latency_ms: Floats) -> GoalResult:
    """A goal of P50, P90, P99 or the maximum over (tasks,) latencies from due to finished.

    It is met where no more than the spared share of the tasks is late: then, and only then, the
    percentile of nearest rank is within the limit (Hyndman & Fan 1996, definition 1). `withheld`
    where too few tasks carry that percentile, and too few of them were late to miss it anyway.
    """
    n, spared = len(latency_ms), SPARED[goal.word]
    beyond = n * spared // 100
    later = int(late(latency_ms, goal).sum())
    reached = float(np.partition(latency_ms, n - 1 - beyond)[n - 1 - beyond]) if n else None
    if not n or (spared and beyond < BEYOND and later <= BEYOND):
        return GoalResult(goal, "withheld", reached, later, n)
    return GoalResult(goal, "met" if later <= beyond else "missed", reached, later, n)


def judge_count(goal: Goal, count: int) -> GoalResult:
    """A goal of so many tasks at most: lost, failed, or the largest backlog."""
    return GoalResult(goal, "met" if count <= goal.limit else "missed", float(count))


@dataclass(frozen=True, eq=False)
class TaskOutcomes:
    """What became of the tasks of one cell, each (tasks,).

    `latency_ms` is from due to finished, inf where a task never finished; `started_ns` is -1 where
    it never began.
    """

    kinds: Kinds
    due_ns: Ints
    started_ns: Ints
    latency_ms: Floats
    lost: Flags
    failed: Flags

    def of(self, kind: int) -> "TaskOutcomes":
        """Those of one type."""
        ours = self.kinds == kind
        return TaskOutcomes(**{name: column[ours] for name, column in vars(self).items()})


def judge(goal: Goal, outcomes: TaskOutcomes, names: Sequence[str]) -> GoalResult:
    """A goal over all tasks, or those of its type; `names` are the workload's task types."""
    ours = outcomes.of(names.index(goal.task)) if goal.task else outcomes
    if goal.word in SPARED:
        return judge_latency(goal, ours.latency_ms)
    if goal.word == "backlog":
        return judge_count(goal, peak_backlog(ours.due_ns, ours.started_ns))
    return judge_count(goal, int((ours.lost if goal.word == "lost" else ours.failed).sum()))


def peak_backlog(due_ns: Ints, started_ns: Ints) -> int:
    """The most tasks that were due and had not begun at any moment.

    Both are (tasks,) stamps; -1 where a task never began. One that begins at the moment when
    another falls due makes room for it.
    """
    began = np.sort(started_ns[started_ns >= 0])
    due = np.sort(due_ns)
    if not len(due):
        return 0
    waiting = np.arange(1, len(due) + 1) - np.searchsorted(began, due, side="right")
    return int(waiting.max())
