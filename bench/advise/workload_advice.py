"""`bench advise --workload`: which arm is good enough for a load of the reader's own.

The objective in the workload file is what is asked for. The page's form knows nothing of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from pydantic import JsonValue

from bench.advise.ranking import Candidate, candidate, ranking
from bench.advise.requirement import Check
from bench.analysis.dataset import FLOOR, Joined
from bench.analysis.formatting import VERDICTS, figure
from bench.analysis.objectives import (
    SCENARIO,
    ArmAnswer,
    GoalAnswer,
    answer,
    asked,
    cost,
    in_words,
    outcome,
    plain_cases,
    without_figures,
)
from bench.analysis.workload_searches import searches
from bench.base.errors import UsageError
from bench.model.stored import Json
from bench.record.store import Run
from bench.workload.objective import goals
from bench.workload.workload_record import WorkloadRecord

MET = {"met": True, "missed": False, "withheld": None}
HARM = ("lost", "doubled", "failed", "stuck")


@dataclass(frozen=True)
class WorkloadAdvice:
    """The answer: the objective as it was asked, every arm by how it meets it, and what it costs.

    `remarks` are by arm: cost, what faults did, and what was looked for.
    """

    file: str
    objective: tuple[str, ...]
    arms: tuple[Candidate, ...]
    remarks: dict[str, tuple[str, ...]]

    def as_json(self) -> Json:
        """For --json."""
        arms: list[JsonValue] = [
            {**asdict(each), "remarks": list(self.remarks.get(each.arm, ()))} for each in self.arms
        ]
        return {"workload": self.file, "objective": list(self.objective), "arms": arms}


def record_of(runs: Sequence[Run]) -> WorkloadRecord:
    """The one workload of all these runs; UsageError where one has none, or they are unlike."""
    records = [run.manifest.plan.workload for run in runs]
    for run, record in zip(runs, records, strict=True):
        if record is None:
            raise UsageError(
                f"{run.id} ran no load of your own: measure one with "
                "`bench run workload --workload FILE`, or leave --workload out"
            )
    told = [record for record in records if record is not None]
    for run, record in zip(runs[1:], told[1:], strict=True):
        if unlike := told[0].unlike(record):
            raise UsageError(
                f"{runs[0].id} and {run.id} ran unlike loads ({', '.join(unlike)}): "
                "take them one by one"
            )
    return told[0]


def advice(joined: Joined) -> WorkloadAdvice:
    """Every arm but the floor, held against the objective of the runs' file.

    UsageError as for `record_of`, and where the file asks for nothing.
    """
    record = record_of(joined.runs)
    wanted = tuple(asked(goal) for goal in goals(record.workload.objective))
    if not wanted:
        raise UsageError(
            f"{record.file} has no [objective]: say in it what is good enough, and measure again"
        )
    arms = [arm for arm in joined.arms_of(SCENARIO) if joined.arms[arm].system != FLOOR]
    found = ranking([candidate(arm, _checks(joined, arm)) for arm in arms])
    remarks = {arm: tuple(_remarks(joined, arm)) for arm in arms}
    return WorkloadAdvice(record.file, wanted, tuple(found), remarks)


def _plain(joined: Joined, arm: str) -> str:
    """The case that is the load as the file says it: of a search the probe that changes nothing."""
    place = next(
        place
        for case in joined.cases(SCENARIO)
        if (place := joined.place(SCENARIO, case, arm)) is not None
    )
    workers = joined.runs[place].manifest.plan.workers
    for case in ("-", "times=1", f"workers={workers}"):
        if arm in joined.arms_of(SCENARIO, case):
            return case
    return ""


def _checks(joined: Joined, arm: str) -> list[Check]:
    case = _plain(joined, arm)
    told = answer(joined, case, arm) if case else None
    if told is not None:
        return [_check(each) for each in told.goals]
    none = without_figures(joined, case, arm) if case else None
    if none is None:
        why = "the load as the file says it was not measured: `bench run workload` without --find"
        return [Check("objective", None, why)]
    why = none.note or VERDICTS.get(none.verdict, none.text)
    return [Check("objective", False if none.verdict == "not_offered" else None, why)]


def _check(each: GoalAnswer) -> Check:
    text = outcome(each.worst)
    if len(each.results) > 1:
        text += f" (the worst of {len(each.results)} cells)"
    if each.verdict == "met" and each.probe and each.probe.verdict != "holds":
        text += f"; whether it would be met again is {each.probe.sentence()}"
    return Check(asked(each.goal), MET[each.verdict], text, each.headroom)


def _remarks(joined: Joined, arm: str) -> Iterator[str]:
    if spent := cost(joined, _plain(joined, arm), arm):
        yield spent
    for case in plain_cases(joined):
        if case != "-" and (told := answer(joined, case, arm)):
            yield f"{case}: {_struck(joined, told)}"
    for each in searches(joined):
        if each.arm == arm:
            yield each.sentence.removeprefix(f"{arm}: ").rstrip(".")


def _struck(joined: Joined, told: ArmAnswer) -> str:
    """What a fault in the middle of the load did."""
    missed = [each for each in told.goals if each.verdict == "missed"]
    words = ["the objective is met all the same"] if told.verdict == "met" else []
    words += [in_words(each.worst) for each in missed]
    for fate in HARM:
        count = figure(joined.rows(SCENARIO, told.case, told.arm, fate), fate)
        if count.value:
            words.append(f"{count.text} {fate}")
    calls = figure(joined.rows(SCENARIO, told.case, told.arm, "refused"), "refused")
    if calls.value:
        words.append(f"{calls.text} call{'s' if calls.value != 1 else ''} refused")
    return "; ".join(words) or "too few tasks to tell"
