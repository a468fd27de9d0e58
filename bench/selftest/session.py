"""The runs of a selftest: the same runner, scenarios and store as for any system."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pandas as pd

from bench.arms import load_adapters
from bench.cell import Cell
from bench.cell_lines import OUTSIDE
from bench.plan import Plan, make_plan
from bench.runner import Runner, Watcher
from bench.store import Run, StoredCell, open_run

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
    ) -> Run:
        """Measure these cells, and once more all of them where the machine was too busy; `meddle` disturbs them from outside while they run."""
        plan = make_plan([scenario], arms, cases, self.adapters, size=size, tasks=tasks, workers=workers, blocks=blocks, seed=seed, time_cap_s=300.0)
        if meddle:
            return self._measure(plan, self.folder / name, meddle)
        first = self._measure(plan, self.folder / name, _nobody)
        return self._measure(plan, self.folder / f"{name}-again", _nobody) if _unfit(first) else first

    def _measure(self, plan: Plan, folder: Path, meddle: Meddler) -> Run:
        # A cell that is disturbed on purpose would only be disturbed again.
        again = meddle is _nobody
        runner = Runner(
            plan, folder, {}, Watcher(began=self._began), estimate=False, once_more=again
        )
        runner.prepare()
        with meddle(folder):
            runner.carry_out()
        return open_run(folder)

    def _began(self, cell: Cell, at: int, of: int) -> None:
        self.say(cell.label)


def _nobody(folder: Path) -> AbstractContextManager[None]:
    return nullcontext()


def _unfit(run: Run) -> bool:
    """Whether a cell was unfit for a reason outside the arm, and its second attempt too."""
    good = {line["retry_of"] for line in run.info["cells"] if line["verdict"] != "invalid"}
    return any(line["verdict"] == "invalid" and line["number"] not in good and str(line["reason"]).startswith(OUTSIDE) for line in run.info["cells"])


def arm(profile: str = "default", **settings: Any) -> str:
    """The synthetic queue with these settings, as one would write it on the command line."""
    inside = ", ".join(f"{name}={json.dumps(value)}" for name, value in settings.items())
    return f"synthetic/{profile}" + (f"{{{inside}}}" if inside else "")


def value(run: Run, metric: str, case: str | None = None, arm_name: str | None = None) -> float:
    """A measure that is ok or beyond; NaN where there is none."""
    row = found(run, metric, case, arm_name)
    return float(row["value"])


def found(run: Run, metric: str, case: str | None = None, arm_name: str | None = None) -> "pd.Series[Any]":
    """The newest row of a measure."""
    rows = run.measures[run.measures["metric"] == metric]
    rows = rows if case is None else rows[rows["case"] == case]
    rows = rows if arm_name is None else rows[rows["arm"] == arm_name]
    return rows.iloc[-1]


def cells(run: Run) -> list[StoredCell]:
    """The measured cells, those that were measured again after their first attempt."""
    return [cell for _, cell in run.measured()]


def truth(cell: StoredCell) -> list[dict[str, Any]]:
    """What the workers of a cell wrote down of themselves."""
    lines = [line for log in sorted((cell.folder / "logs").glob("worker-*.log")) for line in log.read_text(errors="replace").splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]
