"""The runs of a selftest: the same runner, scenarios and store as for any system."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any

import pandas as pd

from bench.model.cell import Cell, Params
from bench.model.manifest import CellLine
from bench.model.systems import load_adapters
from bench.record.store import Run, StoredCell, open_run
from bench.run.failures import OUTSIDE
from bench.run.plan import Plan, make_plan
from bench.run.runner import Runner, Watcher
from bench.selftest.expectations import NoFigure, Unmeasured

AGAIN = 3
# What makes a cell unfit and is not of it. A quota halts it every time: that is tried once.
EXCUSES = (*OUTSIDE, "throttled")
ADAPTER = Path(__file__).resolve().parent / "synthetic"
Meddler = Callable[[Path], AbstractContextManager[Any]]  # is given the folder of the run


class Session:
    """Runs below one folder, each made by a plan of its own."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder, say
        self.adapters = load_adapters([ADAPTER])

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
    ) -> Run:
        """Measure these cells; one that the machine made unfit again, `AGAIN` times at most.

        Raises Unmeasured where that does not help, unless the reason is one of `answers`.
        `meddle` disturbs the cells from outside while they run; then nothing is measured again.
        `params` stand in the place of those of the size.
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
        )
        run = self._measure(plan, self._new(name), meddle, params or {})
        why = "" if meddle else unfit(run, answers)
        if why:
            raise Unmeasured(why)
        return run

    def _new(self, name: str) -> Path:
        """A folder that is not there: what a check could not measure, another may try again."""
        names = chain([name], (f"{name}-{number}" for number in count(2)))
        return next(folder for each in names if not (folder := self.folder / each).exists())

    def _measure(self, plan: Plan, folder: Path, meddle: Meddler | None, params: Params) -> Run:
        again = 0 if meddle else AGAIN
        watcher = Watcher(began=self._began)
        runner = Runner(plan, folder, {}, watcher, estimate=False, again_at_most=again)
        runner.prepare()
        runner.todo = [replace(each, params={**each.params, **params}) for each in runner.todo]
        with meddle(folder) if meddle else nullcontext():
            runner.carry_out()
        return open_run(folder)

    def _began(self, cell: Cell, at: int, of: int) -> None:
        self.say(cell.label)


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
    """The synthetic queue with these settings, as one would write it on the command line."""
    inside = ", ".join(f"{name}={json.dumps(value)}" for name, value in settings.items())
    return f"synthetic/{profile}" + (f"{{{inside}}}" if inside else "")


def value(run: Run, metric: str, case: str | None = None, arm_name: str | None = None) -> float:
    """The newest value of a measure; NoFigure where it has none."""
    row = newest_row(run, metric, case, arm_name)
    if pd.isna(row["value"]):
        raise NoFigure(f"{metric} is {row['verdict']}: {row['reason']}")
    return float(row["value"])


def mean(run: Run, metric: str, arm_name: str) -> float:
    """The mean of a measure of an arm over the blocks that have it; NoFigure where none has."""
    rows = run.measures[(run.measures["metric"] == metric) & (run.measures["arm"] == arm_name)]
    if rows["value"].isna().all():
        value(run, metric, arm_name=arm_name)
    return float(rows["value"].mean())


def newest_row(
    run: Run, metric: str, case: str | None = None, arm_name: str | None = None
) -> "pd.Series[Any]":
    """The newest row of a measure."""
    rows = run.measures[run.measures["metric"] == metric]
    rows = rows if case is None else rows[rows["case"] == case]
    rows = rows if arm_name is None else rows[rows["arm"] == arm_name]
    return rows.iloc[-1]


def cells(run: Run) -> list[StoredCell]:
    """The measured cells, of one that was measured again its last try; NoFigure where none was."""
    last = [tries[-1] for tries in _tries(run)]
    done = [run.cell(line.number) for line in last if line.state == "done"]
    if not done:
        raise NoFigure(f"{last[-1].verdict}: {last[-1].reason}")
    return done


def truth(cell: StoredCell) -> list[dict[str, float]]:
    """What the workers of a cell wrote down of themselves."""
    lines = [
        line
        for log in sorted((cell.folder / "logs").glob("worker-*.log"))
        for line in log.read_text(errors="replace", encoding="utf-8").splitlines()
    ]
    return [json.loads(line) for line in lines if line.startswith("{")]
