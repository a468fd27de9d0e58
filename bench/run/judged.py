"""The objective of a workload in the cells of a run: what a command answers with."""

from dataclasses import dataclass
from pathlib import Path

from bench.measure.goals import goals_of
from bench.model.manifest import CellLine, Manifest
from bench.model.stored import Json
from bench.record import store
from bench.run.search_plan import SCENARIO, case_of
from bench.workload.objective import GoalResult


@dataclass(frozen=True)
class CellGoal:
    """One goal in one cell."""

    line: CellLine
    result: GoalResult

    def sentence(self) -> str:
        """The goal with its verdict, and of which arm and case it is."""
        case = "" if self.line.case == "-" else f" {self.line.case}"
        return f"{self.line.arm}{case}, block {self.line.block + 1}: {self.result.sentence()}"

    def as_json(self) -> Json:
        """For --json; no number where tasks that never finished leave none."""
        reached = self.result.reached
        return {
            "cell": self.line.number,
            "case": self.line.case,
            "arm": self.line.arm,
            "goal": self.result.goal.label,
            "limit": self.result.goal.limit,
            "verdict": self.result.verdict,
            "reached": None if reached is None or reached == float("inf") else reached,
            "late": self.result.late,
            "tasks": self.result.tasks,
            "never": dict(self.result.never),
        }


def judged(folder: Path) -> list[CellGoal]:
    """Every goal in every cell that stands, probes left out but for the load as the file has it."""
    run = store.open_run(folder)
    standing = run.manifest.standing()
    return [
        CellGoal(line, result)
        for line in run.manifest.cells
        if line.scenario == SCENARIO
        and line.number in standing
        and line.state == "done"
        and line.verdict != "invalid"
        and _as_the_file_says(line, run.manifest)
        for result in goals_of(run.cell(line.number))
    ]


def _as_the_file_says(line: CellLine, manifest: Manifest) -> bool:
    """Whether a cell has the arrivals of the file and the workers of the run."""
    here = (case_of("rate", 1.0), case_of("workers", manifest.plan.workers))
    return "=" not in line.case or line.case in here
