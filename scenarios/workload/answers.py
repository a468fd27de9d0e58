"""The answers on the page: a sentence per arm, and goal by goal how far it is off."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.analysis.dataset import Joined
from bench.analysis.formatting import VERDICTS, Figure, figure, listing, number
from bench.analysis.objectives import (
    SCENARIO,
    ArmAnswer,
    GoalAnswer,
    answer,
    asked,
    cost,
    in_words,
    objective_of,
    plain_cases,
    without_figures,
)
from bench.workload.objective import SPARED, GoalResult, goals, never_in_words

# What may have become of tasks, as it is said of one and of several.
HARM: Mapping[str, tuple[str, str]] = {
    "lost": ("was lost", "were lost"),
    "doubled": ("ran twice", "ran twice"),
    "failed": ("failed", "failed"),
    "stuck": ("is stuck", "are stuck"),
    "open": ("is open", "are open"),
}


@dataclass(frozen=True)
class GoalRow:
    """A goal of one arm in one case, as the page shows it; `by_seconds` is what a probe says."""

    case: str
    arm: str
    goal: str
    verdict: str
    reached: str
    times: str
    late: str
    by_seconds: str
    cells: str


def answers(joined: Joined) -> list[ArmAnswer]:
    """The objective of every arm in every case that is no probe, where its cells tell."""
    return [
        told
        for case in plain_cases(joined)
        for arm in joined.arms_of(SCENARIO, case)
        if (told := answer(joined, case, arm))
    ]


def objectives(joined: Joined) -> list[str]:
    """The goals of each workload file of the page, in a line."""
    lines = []
    for run in joined.runs:
        if (record := run.manifest.plan.workload) is None:
            continue
        wanted = [asked(goal) for goal in goals(record.workload.objective)]
        said = ", ".join(wanted) or "none: the file has no [objective]"
        lines.append(f"{record.file} ({record.digest[:12]}): {said}")
    return list(dict.fromkeys(lines))


def sentences(joined: Joined, told: list[ArmAnswer]) -> list[str]:
    """One sentence per arm and case: whether it is good enough, how far off, and what it costs."""
    by_place = {(each.case, each.arm): each for each in told}
    return [
        _sentence(joined, case, arm, by_place.get((case, arm)))
        for case in plain_cases(joined)
        for arm in joined.arms_of(SCENARIO, case)
    ]


def _sentence(joined: Joined, case: str, arm: str, told: ArmAnswer | None) -> str:
    who = arm if case == "-" else f"{arm}, struck by {case},"
    if none := without_figures(joined, case, arm):
        word = none.verdict.replace("_", " ")
        who = who.rstrip(",")
        return f"{who}: {word}: {none.note or VERDICTS.get(none.verdict, 'not measured')}."
    parts = [
        *_judged(joined, case, arm, told),
        *_struck(joined, case, arm),
        *_refused(joined, case, arm),
    ]
    parts += [spent] if (spent := cost(joined, case, arm)) else []
    return f"{who} {'; '.join(parts)}."


def _judged(joined: Joined, case: str, arm: str, told: ArmAnswer | None) -> Iterator[str]:
    """What became of the objective; what was finished where there is none."""
    broken = _figure(joined, case, arm, "latency_p50_ms")
    if broken.verdict == "wrong":
        yield f"broke its guarantee ({broken.note})"
    if told is None:
        objective = objective_of(joined, case, arm)
        told_of = bool(objective and goals(objective))
        lacking = "keeps nothing to judge its objective by" if told_of else "has no objective"
        finished = _figure(joined, case, arm, "finished")
        yield f"{lacking}, and finished {finished.text} task{'s' if finished.value != 1 else ''}"
        if case == "-" and (harmed := _harmed(joined, case, arm)):
            yield harmed
    elif told.verdict == "missed":
        missed = [each for each in told.goals if each.verdict == "missed"]
        yield f"misses the objective: {'; '.join(_goal(each) for each in missed)}"
    elif told.verdict == "withheld":
        open_ones = [each for each in told.goals if each.verdict == "withheld"]
        yield f"misses nothing, but leaves it open: {'; '.join(_goal(each) for each in open_ones)}"
    else:
        yield f"meets the objective{_tightest(told)}"
        if case == "-":  # one fault says nothing of the next one
            yield from _doubt(told)


def _goal(each: GoalAnswer) -> str:
    bad = sum(result.verdict == each.verdict for result in each.results)
    of = f" (in {bad} of {len(each.results)} cells)" if len(each.results) > 1 else ""
    return f"{in_words(each.worst)}{of}"


def _tightest(told: ArmAnswer) -> str:
    each = told.tightest
    if each is None or each.headroom is None or each.worst.reached is None:
        return ""
    return (
        f", {number(each.headroom)} times over at its tightest "
        f"({asked(each.goal)}, reached with {number(each.worst.reached)})"
    )


def _doubt(told: ArmAnswer) -> Iterator[str]:
    """Met in these cells, but so near that others may miss it."""
    for each in told.goals:
        if each.probe and each.probe.verdict != "holds":
            yield f"whether {each.goal.label} would be met again is {each.probe.sentence()}"


def _struck(joined: Joined, case: str, arm: str) -> Iterator[str]:
    """For how long a fault made it miss the objective, and what it cost in tasks."""
    if case == "-":
        return
    missed = _figure(joined, case, arm, "objective_missed_s")
    if missed.is_number:
        yield f"more than the spared share was late in {missed.text} s"
    yield _harmed(joined, case, arm) or "no task was lost, doubled or left undone"


def _harmed(joined: Joined, case: str, arm: str) -> str:
    """What became of tasks that did not come to a good end; empty where all did."""
    found = ((words, _figure(joined, case, arm, fate)) for fate, words in HARM.items())
    counts = [f"{count.text} {words[count.value != 1]}" for words, count in found if count.value]
    return f"of the tasks {listing(counts)}" if counts else ""


def _refused(joined: Joined, case: str, arm: str) -> Iterator[str]:
    """Calls that never became tasks, and so are in no count of these."""
    calls = _figure(joined, case, arm, "refused")
    if calls.value == 1:
        yield "1 call was refused and never became a task"
    elif calls.value:
        yield f"{calls.text} calls were refused and never became tasks"


def _figure(joined: Joined, case: str, arm: str, metric: str) -> Figure:
    return figure(joined.rows(SCENARIO, case, arm, metric), metric)


def goal_rows(told: list[ArmAnswer]) -> list[GoalRow]:
    """Every goal of every arm, with its verdict and how far it is off."""
    return [_row(arm, each) for arm in told for each in arm.goals]


def _row(arm: ArmAnswer, each: GoalAnswer) -> GoalRow:
    worst = each.worst
    latency = each.goal.word in SPARED and worst.tasks > 0
    return GoalRow(
        case="" if arm.case == "-" else arm.case,
        arm=arm.arm,
        goal=asked(each.goal),
        verdict=each.verdict,
        reached="–" if worst.reached in (None, math.inf) else number(worst.reached or 0.0),
        times="–" if worst.factor is None else f"×{number(worst.factor)}",
        late=_late(worst) if latency else "–",
        by_seconds=each.probe.sentence() if each.probe and arm.case == "-" else "–",
        cells=arm.cells,
    )


def _late(worst: GoalResult) -> str:
    share = f"{worst.late / worst.tasks:.2%} of {worst.tasks:,}"
    return f"{share}; {never_in_words(worst.never)}" if worst.never else share


def not_offered(joined: Joined) -> list[str]:
    """Which arm does not offer the load, and why; each reason once."""
    lacking = [
        f"{arm}: {found.note}"
        for case in joined.cases(SCENARIO)
        for arm in joined.arms_of(SCENARIO, case)
        if (found := without_figures(joined, case, arm)) and found.verdict == "not_offered"
    ]
    return list(dict.fromkeys(lacking))


def first_errors(joined: Joined) -> list[str]:
    """The first exception of each type of task in each cell."""
    lines = []
    for case in plain_cases(joined):
        for arm in joined.arms_of(SCENARIO, case):
            for shown in joined.cells(SCENARIO, case, arm, refuse=()):
                cell = joined.runs[shown.place].cell(shown.number)
                if (cell.folder / "phases.json").is_file():
                    lines += [
                        f"{arm}, {name}: {first.error} (cell {shown.label})"
                        for name, first in cell.log.first_errors.items()
                    ]
    return lines
