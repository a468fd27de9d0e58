"""What became of the objective of a workload: goal by goal, over all cells of an arm and a case.

The cells give it as curves, so that a slim run answers like a whole one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.analysis.dataset import Joined
from bench.analysis.drawn import Drawn, all_drawn
from bench.analysis.formatting import Figure, figure, listing, number
from bench.record.stored_curves import Curves
from bench.workload.objective import NEVER, SPARED, Goal, GoalResult, goals
from bench.workload.probe import Probe, SecondCounts, Verdict, of_all, probe
from bench.workload.workload_form import Objective

SCENARIO = "workload"
VERDICTS: tuple[Literal["met", "missed", "withheld"], ...] = ("met", "missed", "withheld")
SAYS: Mapping[str, Verdict] = {"met": "holds", "missed": "misses", "withheld": "unclear"}


def as_curves(results: Sequence[GoalResult], seconds: Mapping[int, SecondCounts]) -> Curves:
    """What a cell stores of its goals, in their order.

    `goals` has (what was reached, the verdict as an index), `goals late` (late, tasks), `goals
    failed` and the other words of NEVER (which goal, how many of the late), and `seconds N` (due,
    late) per second for goal N, if it is one of latency.
    """
    if not results:
        return {}
    reached = [math.nan if each.reached is None else each.reached for each in results]
    verdicts = [VERDICTS.index(each.verdict) for each in results]
    late, tasks = [each.late for each in results], [each.tasks for each in results]
    per_second = {
        f"seconds {at}": (np.array(counts.due, float), np.array(counts.late, float))
        for at, counts in seconds.items()
    }
    lines = {"goals": (reached, verdicts), "goals late": (late, tasks)}
    for word in NEVER:
        if told := {at: each.never[word] for at, each in enumerate(results) if word in each.never}:
            lines[f"goals {word}"] = ([*told], [*told.values()])
    return {name: (np.array(x, float), np.array(y, float)) for name, (x, y) in lines.items()} | (
        per_second
    )


def results_in(cell: Drawn, wanted: Sequence[Goal]) -> list[GoalResult]:
    """The goals of a cell from its curves; none where it stored none of them."""
    (reached, verdicts), (late, tasks) = cell.curve("goals"), cell.curve("goals late")
    if len(reached) != len(wanted):
        return []
    return [
        GoalResult(
            goal,
            VERDICTS[int(verdicts[at])],
            None if math.isnan(reached[at]) else float(reached[at]),
            int(late[at]),
            int(tasks[at]),
            _never(cell, at),
        )
        for at, goal in enumerate(wanted)
    ]


def _never(cell: Drawn, goal: int) -> dict[str, int]:
    """How many of the late of a goal never finished; nothing of a slim run that is older."""
    told = {}
    for word in NEVER:
        which, counts = cell.curve(f"goals {word}")
        told[word] = int(counts[which == goal].sum())
    return {word: count for word, count in told.items() if count}


@dataclass(frozen=True)
class GoalAnswer:
    """One goal over the cells of an arm: what became of it in each, and what all of them say.

    `probe` is None for a goal that counts tasks.
    """

    goal: Goal
    results: tuple[GoalResult, ...]
    probe: Probe | None

    @property
    def verdict(self) -> Literal["met", "missed", "withheld"]:
        """Missed where it was in any cell, met where it was in all."""
        return self.worst.verdict

    @property
    def worst(self) -> GoalResult:
        """The cell that stands for it: one that missed it, the farther off the sooner."""
        order = {"met": 0, "withheld": 1, "missed": 2}
        return max(self.results, key=lambda each: (order[each.verdict], each.reached or 0.0))

    @property
    def says(self) -> Verdict:
        """Whether the load holds this goal, by all cells together."""
        return self.probe.verdict if self.probe else SAYS[self.verdict]

    @property
    def headroom(self) -> float | None:
        """How many times over it is met; None where that cannot be said."""
        return 1 / self.worst.factor if self.worst.factor else None


@dataclass(frozen=True)
class ArmAnswer:
    """The objective of one arm in one case; `cells` names the cells behind it."""

    arm: str
    case: str
    cells: str
    goals: tuple[GoalAnswer, ...]

    @property
    def verdict(self) -> Literal["met", "missed", "withheld"]:
        """Missed where any goal was, met where all were."""
        found = {each.verdict for each in self.goals}
        return "missed" if "missed" in found else "withheld" if "withheld" in found else "met"

    @property
    def says(self) -> Verdict:
        """Whether the load holds the objective: each goal must."""
        return of_all(each.says for each in self.goals)

    @property
    def tightest(self) -> GoalAnswer | None:
        """The goal with the least headroom; None where none can be measured so."""
        told = [each for each in self.goals if each.headroom is not None]
        return min(told, key=lambda each: each.headroom or 0.0, default=None)


def plain_cases(joined: Joined) -> list[str]:
    """The cases that are no probes of a search."""
    return [case for case in joined.cases(SCENARIO) if "=" not in case]


def without_figures(joined: Joined, case: str, arm: str) -> Figure | None:
    """The verdict in place of all figures of an arm; None where it has any, or was not measured."""
    rows = joined.frame[
        (joined.frame["scenario"] == SCENARIO)
        & (joined.frame["case"] == case)
        & (joined.frame["arm"] == arm)
    ]
    if rows.empty or not rows["value"].isna().all():
        return None
    metric = str(rows["metric"].iloc[0])
    return figure(rows[rows["metric"] == metric], metric)


def objective_of(joined: Joined, case: str, arm: str) -> Objective | None:
    """The objective of the run whose measures of that arm stand; None if it has none."""
    place = joined.place(SCENARIO, case, arm)
    if place is None or (record := joined.runs[place].manifest.plan.workload) is None:
        return None
    return record.workload.objective


def answer(joined: Joined, case: str, arm: str) -> ArmAnswer | None:
    """What became of the objective; None where no cell of that arm tells."""
    objective = objective_of(joined, case, arm)
    wanted = goals(objective) if objective else []
    told = [
        (cell, results)
        for cell in all_drawn(joined, SCENARIO, case, arm)
        if (results := results_in(cell, wanted))
    ]
    if not told:
        return None
    answers = tuple(_answers(wanted, told))
    return ArmAnswer(arm, case, ", ".join(cell.label for cell, _ in told), answers)


def _answers(
    wanted: Sequence[Goal], told: Sequence[tuple[Drawn, Sequence[GoalResult]]]
) -> Iterator[GoalAnswer]:
    for at, goal in enumerate(wanted):
        counts = [
            SecondCounts(due.astype(np.int64), late.astype(np.int64))
            for cell, _ in told
            for due, late in [cell.curve(f"seconds {at}")]
            if len(due)
        ]
        found = probe(counts, SPARED[goal.word]) if goal.word in SPARED and counts else None
        yield GoalAnswer(goal, tuple(results[at] for _, results in told), found)


def asked(goal: Goal) -> str:
    """A goal as it was asked: `p99_ms of mail ≤ 1,000`."""
    limit = f"{goal.limit:,.0f}" if goal.limit >= 1000 else f"{goal.limit:g}"
    return f"{goal.label} ≤ {limit}"


def in_words(result: GoalResult) -> str:
    """What became of a goal, with how far it is off."""
    return f"{asked(result.goal)}: {outcome(result)}"


def outcome(result: GoalResult) -> str:
    """The same without the goal; tasks that never finished leave no number."""
    goal, reached = result.goal, result.reached
    if result.verdict == "withheld" or reached is None:
        return f"withheld, {result.few()}: so few tell nothing"
    if goal.word not in SPARED:
        return f"{result.verdict} with {reached:,.0f}"
    later = f"{result.lateness()}, {SPARED[goal.word]} % may be"
    if math.isinf(reached):
        # Slim runs of before do not say what became of them.
        later = later if result.never else later.replace("later", "later or never finished")
        return f"{result.verdict}; {later}"
    times = "" if result.factor is None else f" ({number(result.factor)} times the limit)"
    return f"{result.verdict} with {number(reached)}{times}; {later}"


def cost(joined: Joined, case: str, arm: str) -> str:
    """What 1,000 tasks cost, and the memory at its peak, in words; empty where nothing is known."""
    cpu, commands, workers, broker = (
        figure(joined.rows(SCENARIO, case, arm, metric), metric)
        for metric in (
            "cpu_s_per_1000",
            "broker_commands_per_1000",
            "worker_memory_peak_bytes",
            "broker_memory_peak_bytes",
        )
    )
    spent = [
        f"{each.text} {what}"
        for each, what in ((cpu, "CPU-seconds"), (commands, "broker commands"))
        if each.is_number
    ]
    parts = [f"1,000 tasks cost {listing(spent)}"] if spent else []
    held = [each for each in (workers, broker) if each.is_number]
    if workers.is_number:
        megabytes = number(sum(each.value or 0.0 for each in held) / 1e6)
        whose = "workers and broker" if len(held) > 1 else "the workers"
        parts.append(f"{whose} took up to {megabytes} MB")
    return "; ".join(parts)
