"""A workload file on the command line: read, held against what is asked of it, and judged."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console

from adapters.base import Adapter
from bench.base.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_REGRESSION, UsageError
from bench.environments.handed_on import usable
from bench.environments.user_code import refusal
from bench.hosts.machine import slots
from bench.model.arm import nearest
from bench.model.stored import Json
from bench.run.search_plan import MINUTES, SCENARIO, case_of, load_size, search_for
from bench.workload.objective import goals
from bench.workload.search import KINDS
from bench.workload.workload_file import WorkloadFile
from bench.workload.workload_record import SearchRecord

if TYPE_CHECKING:
    from bench.commands.run_options import RunAsked
    from bench.run.judged import CellGoal

OBJECTIVE = "objective"
MOST_MINUTES = 24 * 60.0
AROUND_S = 10.0


class LoadAsked(NamedTuple):
    """The workload of a run, what is looked for with it, and the plan's scenarios and cases."""

    file: WorkloadFile | None
    search: SearchRecord | None
    scenarios: list[str]
    cases: list[str]


def load_asked(asked: "RunAsked", adapters: Mapping[str, Adapter], seed: int) -> LoadAsked:
    """What the options say of a workload.

    UsageError for a file with a fault, and for options that do not go together.
    """
    refuse_other_ends(asked.fail_on)
    scenarios = list(asked.scenario or [])
    if asked.workload is None:
        for option, given in (("--find", asked.find), ("--fail-on", asked.fail_on)):
            if given is not None:
                raise UsageError(
                    f"{option} {given} is of a load of yours: name it by --workload FILE "
                    "(`bench workload new FILE` writes one)"
                )
    if asked.find is None and asked.find_minutes is not None:
        raise UsageError("--find-minutes says how long --find may take: give --find rate too")
    if asked.workload is None:
        return LoadAsked(None, None, scenarios, asked.case)
    file = usable(asked.workload, adapters.values())
    if (asked.find or asked.fail_on) and not goals(file.workload.objective):
        raise refusal(
            file, (OBJECTIVE,), "there is no objective to hold: write p99_ms = 500 in [objective]"
        )
    scenarios = scenarios or [SCENARIO]
    if asked.find is None:
        return LoadAsked(file, None, scenarios, asked.case)
    return _searched(asked, file, scenarios, seed)


def refuse_other_ends(fail_on: str | None) -> None:
    """UsageError for a run that is to fail on anything but its objective."""
    if fail_on not in (None, OBJECTIVE):
        raise nearest(str(fail_on), [OBJECTIVE], "--fail-on of a run")


def _searched(
    asked: "RunAsked", file: WorkloadFile, scenarios: Sequence[str], seed: int
) -> LoadAsked:
    """What --find looks for, and its first probe as the case of the plan."""
    kind = next((each for each in KINDS if each == asked.find), None)
    if kind is None:
        raise nearest(str(asked.find), KINDS, "--find")
    for option, given in (("--case", asked.case), ("--blocks", asked.blocks != 1)):
        if given:
            raise UsageError(f"--find chooses cases and repeats them by itself: leave {option} out")
    if [*scenarios] != [SCENARIO]:
        raise UsageError(f"--find is of {SCENARIO} alone: leave the other scenarios to another run")
    minutes = asked.find_minutes
    if minutes is None:
        minutes = MINUTES.get(asked.size, MINUTES["full"])
    if not 0 < minutes <= MOST_MINUTES:
        raise UsageError(
            f"--find-minutes {minutes:g}: give a number above 0 and up to {MOST_MINUTES:g}"
        )
    workers = slots() if asked.workers is None else asked.workers
    search = search_for(kind, load_size(file, seed), workers, minutes)
    first = search.wanted([])
    if first is None:
        size = search.size
        least_s = size.least_seconds()
        raise refusal(
            file,
            ("arrivals",),
            f"{size.arrivals:,} tasks in {size.seconds:.0f} s are too few to tell whether the "
            f"objective holds: {size.needs()}, in {size.most_cells} cells at most: let the load "
            + ("last longer" if least_s is None else f"last {least_s:,} s or longer"),
        )
    needed_s = AROUND_S + search.size.seconds_at(search.times(first))
    if needed_s > search.limit_s:
        raise UsageError(
            f"--find-minutes {minutes:g} is less than one probe of this load takes "
            f"({needed_s:.0f} s): give {10 * needed_s / 60:.0f} or more"
        )
    return LoadAsked(
        file, SearchRecord(kind=kind, minutes=minutes), [SCENARIO], [case_of(kind, first)]
    )


def code_of_objective(folder: Path, out: Console) -> int:
    """The exit code of --fail-on objective, with a line for each goal that was not met.

    1 where a goal was missed, 2 where one cannot be told.
    """
    from bench.run.judged import judged

    open_ones = [each for each in judged(folder) if each.result.verdict != "met"]
    for each in open_ones:
        out.print(each.sentence(), markup=False, soft_wrap=True)
    verdicts = {each.result.verdict for each in open_ones}
    if "missed" in verdicts:
        return EXIT_REGRESSION
    return EXIT_INCONCLUSIVE if verdicts else EXIT_OK


def load_document(folder: Path) -> Json:
    """What --json of a run says of its workload: goal by goal, and the answers of a search."""
    from bench.run.judged import judged
    from bench.run.searching import FILE
    from bench.workload.kept_files import FOLDER

    found: Sequence[CellGoal] = judged(folder)
    stored = folder / FOLDER / FILE
    search = json.loads(stored.read_text(encoding="utf-8")) if stored.is_file() else None
    return {"objective": [each.as_json() for each in found], "search": search}
