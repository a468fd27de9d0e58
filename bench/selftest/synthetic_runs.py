"""The runs of a selftest: the same runner, scenarios and store as for any system.

Some are of real arms, found among the adapters and not named.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from dataclasses import replace
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from adapters.base import Adapter
from bench.model.arm import Arm, missing_packages
from bench.model.cell import Params
from bench.model.manifest import CellLine
from bench.model.systems import load_adapters
from bench.record.store import Run, StoredCell, open_run
from bench.run.failures import OUTSIDE
from bench.run.plan import make_plan
from bench.run.runner import Runner, Watcher
from bench.selftest.expectations import NoFigure, Unmeasured
from bench.workload.workload_file import WorkloadFile

T = TypeVar("T")
AGAIN = 3
SLOTS, TRIAL = 2, 4000  # of the real arms, and the tasks by which the fastest is found
# What makes a cell unfit and is not of it. A quota halts it every time: that is tried once.
EXCUSES = (*OUTSIDE, "throttled")
ADAPTER = Path(__file__).resolve().parent / "synthetic"
Meddler = Callable[[Path], AbstractContextManager[None]]  # is given the folder of the run


class Session:
    """Runs below one folder, each made by a plan of its own."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder, say
        adapters = load_adapters([ADAPTER])
        self.adapters = {name: _as_installed_here(each) for name, each in adapters.items()}

    def run(
        self,
        name: str,
        scenario: str,
        arms: Sequence[str],
        cases: Sequence[str],
        *,
        tasks: int | None = None,
        size: str = "quick",
        workers: int = 1,
        blocks: int = 1,
        seed: int = 1,
        meddle: Meddler | None = None,
        answers: tuple[str, ...] = (),
        params: Params | None = None,
        workload: WorkloadFile | None = None,
    ) -> Run:
        """Measure these cells; one that the machine made unfit again, `AGAIN` times at most.

        Raises Unmeasured where that does not help, unless the reason is one of `answers`.
        `meddle` disturbs the cells from outside while they run; then nothing is measured again.
        `params` stand in the place of those of the size, `workload` is the load of a scenario that
        has it from a file.
        """
        plan = make_plan(
            [scenario],
            arms,
            cases,
            self.adapters,
            size=size,
            tasks=tasks,
            blocks=blocks,
            workers=workers,
            seed=seed,
            time_cap_s=300.0,
            workload=workload,
        )
        folder, again = self._new(name), 0 if meddle else AGAIN
        runner = Runner(
            plan,
            folder,
            {},
            Watcher(began=lambda cell, at, of: self.say(cell.label)),
            estimate=False,
            again_at_most=again,
        )
        runner.prepare()
        runner.todo = [
            replace(each, params={**each.params, **(params or {})}) for each in runner.todo
        ]
        with meddle(folder) if meddle else nullcontext():
            runner.carry_out()
        run = open_run(folder)
        if why := "" if meddle else unfit(run, answers):
            raise Unmeasured(why)
        return run

    def _new(self, name: str) -> Path:
        """A folder that is not there: what a check could not measure, another may try again."""
        names = chain([name], (f"{name}-{number}" for number in count(2)))
        return next(folder for each in names if not (folder := self.folder / each).exists())


def _as_installed_here(adapter: Adapter) -> Adapter:
    """The adapter with profiles that install nothing: to prove the instrument takes no index."""
    if not any(profile.installs for profile in adapter.profiles.values()):
        return adapter
    made = copy(adapter)
    made.profiles = {
        name: replace(profile, installs=()) for name, profile in adapter.profiles.items()
    }
    return made


def until_fit(attempt: Callable[[], tuple[T, str]], number: int = 1) -> T:
    """What an attempt gives as soon as the machine is fit for it; else it says why it was not.

    It is made as often as a cell is measured; Unmeasured where that does not help.
    """
    result, why = attempt()
    if not why:
        return result
    if why.startswith("throttled") or number > AGAIN:
        raise Unmeasured(tried(number, why))
    return until_fit(attempt, number + 1)


def unfit(run: Run, answers: tuple[str, ...] = ()) -> str:
    """Why a cell has no figure in spite of all tries, if the machine is to blame; else nothing."""
    for tries in _tries(run):
        reason = tries[-1].reason
        outside = tries[-1].verdict == "invalid" and reason.startswith(EXCUSES)
        if outside and not reason.startswith(answers):
            return tried(len(tries), reason)
    return ""


def tried(times: int, reason: str) -> str:
    """The reason, and how often it was tried in spite of it."""
    return f"tried {'once' if times == 1 else f'{times} times'}; {reason}"


def _tries(run: Run) -> list[list[CellLine]]:
    """The lines of each cell, its first try first."""
    by_cell: dict[int, list[CellLine]] = {}
    for line in run.manifest.cells:
        by_cell.setdefault(line.first, []).append(line)
    return list(by_cell.values())


def arm(profile: str = "default", **settings: Any) -> str:
    """The synthetic queue with these settings, as one would write it on the command line.

    A setting is whatever JSON can write.
    """
    inside = ", ".join(f"{name}={json.dumps(value)}" for name, value in settings.items())
    return f"synthetic/{profile}" + (f"{{{inside}}}" if inside else "")


def value(run: Run, metric: str, arm_name: str | None = None) -> float:
    """The newest value of a measure; NoFigure where it has none."""
    row = newest_row(run, metric, arm_name)
    if pd.isna(row["value"]):
        raise NoFigure(f"{metric} is {row['verdict']}: {row['reason']}")
    return float(row["value"])


def mean(run: Run, metric: str, arm_name: str) -> float:
    """The mean of a measure of an arm over the blocks that have it; NoFigure where none has."""
    rows = run.measures[(run.measures["metric"] == metric) & (run.measures["arm"] == arm_name)]
    if rows["value"].isna().all():
        value(run, metric, arm_name)
    return float(rows["value"].mean())


def newest_row(run: Run, metric: str, arm_name: str | None = None) -> "pd.Series[Any]":
    """The newest row of a measure: texts and numbers, by the columns of measures.csv."""
    rows = run.measures[run.measures["metric"] == metric]
    return (rows if arm_name is None else rows[rows["arm"] == arm_name]).iloc[-1]


def cells(run: Run) -> list[StoredCell]:
    """The measured cells, of one that was measured again its last try; NoFigure where none was."""
    last = [tries[-1] for tries in _tries(run)]
    done = [run.cell(line.number) for line in last if line.state == "done"]
    if not done:
        raise NoFigure(f"{last[-1].verdict}: {last[-1].reason}")
    return done


def truth(cell: StoredCell) -> list[dict[str, float]]:
    """What the workers of a cell wrote down of themselves."""
    return [
        json.loads(line)
        for log in sorted((cell.folder / "logs").glob("worker-*.log"))
        for line in log.read_text(errors="replace", encoding="utf-8").splitlines()
        if line.startswith("{")
    ]


@cache
def fastest(session: Session) -> Arm:
    """The real arm that drains a backlog fastest here.

    Only arms that are set for speed and have a main process for each slot are tried.
    """
    candidates = {
        each.name: each
        for each in _real_arms(session)
        if not each.profile.results and len(each.adapter.commands(each.launch(SLOTS))) == SLOTS
    }
    run = session.run("fastest", "burst", list(candidates), ["-"], tasks=TRIAL, workers=SLOTS)
    return max(candidates.values(), key=lambda each: value(run, "throughput", each.name))


def forking(session: Session) -> Arm:
    """The first real profile with a process of its own for each task."""
    return next(each for each in _real_arms(session) if each.profile.slot == "parent")


def _real_arms(session: Session) -> Iterator[Arm]:
    for adapter in session.adapters.values():
        # The floor has one profile and is asked for by name; the synthetic queue is no system.
        if adapter.name == ADAPTER.name or len(adapter.profiles) == 1:
            continue
        for profile in adapter.profiles.values():
            if not missing_packages(found := Arm(adapter, profile, profile.redis, {})):
                yield found
