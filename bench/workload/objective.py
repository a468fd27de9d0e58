"""Is it good enough: which tasks were late, whether an objective is met, and how far it is off."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
# What became of a task that never finished, and how that is said of one and of several.
NEVER: Mapping[str, str] = {
    "failed": "failed",
    "refused": "were refused",
    "lost": "were lost",
    "unfinished": "did not finish",
}
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
    both are 0 where tasks are counted. `never` are those of the late that never finished, by the
    words of NEVER; those with none are left out.
    """

    goal: Goal
    verdict: Literal["met", "missed", "withheld"]
    reached: float | None
    late: int = 0
    tasks: int = 0
    never: Mapping[str, int] = field(default_factory=dict)

    @property
    def factor(self) -> float | None:
        """How far it is off: reached ÷ limit. None where there is no such number, or the limit is
        0."""
        if self.reached is None or math.isinf(self.reached) or not self.goal.limit:
            return None
        return self.reached / self.goal.limit

    def sentence(self) -> str:
        """The verdict in words, with how far it is off."""
        goal = self.goal
        if self.verdict == "withheld":
            return f"{goal.label} ≤ {goal.limit:g}: withheld, {self.few()}, and so few tell nothing"
        if goal.word in COUNTED:
            return f"{goal.label} ≤ {goal.limit:g}: {self.verdict} with {self.reached:g}"
        reached = (
            ""
            if self.reached is None or self.factor is None
            else f" with {self.reached:.3g}, {self.factor:.2f} times that"
        )
        return (
            f"{goal.label} ≤ {goal.limit:g}: {self.verdict}{reached}; {self.lateness()}, "
            f"{SPARED[goal.word]} % may be"
        )

    def lateness(self) -> str:
        """How many were later than the limit, and which of them never finished."""
        share = f"{self.late / self.tasks if self.tasks else 0.0:.2%}"
        if not self.never:
            return f"{share} of {self.tasks:,} tasks were later"
        return self._count(f" ({share})")

    def few(self) -> str:
        """The same without the share."""
        return self._count("")

    def _count(self, share: str) -> str:
        tasks = f"{self.late:,} of {self.tasks:,} tasks{share}"
        if not self.never:
            return f"{tasks} were later"
        count = "counts" if self.late == 1 else "count"
        told, finished = never_in_words(self.never), self.late - sum(self.never.values())
        if not finished and len(self.never) == 1:
            return f"{tasks} {told.partition(' ')[2]} and {count} as late"
        told = ", ".join([f"{finished:,} finished later", told] if finished else [told])
        return f"{tasks} {count} as late: {told}"


def never_in_words(never: Mapping[str, int]) -> str:
    """What became of tasks that never finished: `17 failed, 1 was lost`."""
    said = ((count, NEVER[word]) for word, count in never.items())
    return ", ".join(
        f"{count:,} {what.replace('were', 'was') if count == 1 else what}" for count, what in said
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
    refused: Flags

    def of(self, kind: int) -> "TaskOutcomes":
        """Those of one type."""
        ours = self.kinds == kind
        return TaskOutcomes(**{name: column[ours] for name, column in vars(self).items()})

    def never(self) -> dict[str, int]:
        """How many never finished, by what became of them; in the words of NEVER."""
        told = {word: int(getattr(self, word).sum()) for word in ("failed", "refused", "lost")}
        told["unfinished"] = int(np.isinf(self.latency_ms).sum()) - sum(told.values())
        return {word: count for word, count in told.items() if count > 0}


def judge(goal: Goal, outcomes: TaskOutcomes, names: Sequence[str]) -> GoalResult:
    """A goal over all tasks, or those of its type; `names` are the workload's task types."""
    ours = outcomes.of(names.index(goal.task)) if goal.task else outcomes
    if goal.word in SPARED:
        return replace(judge_latency(goal, ours.latency_ms), never=ours.never())
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
