"""Our figures beside published numbers, of the runs that have what these were published for."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import pandas as pd

from bench.analysis.dataset import Joined
from bench.analysis.formatting import Figure, figure, listing, summed
from bench.claims.form import Conditions, FigureClaim, RatioClaim
from bench.model.scenario import load_scenarios
from bench.record.store import Run

WORKERS, BROKER = "worker_memory_peak_bytes", "broker_memory_peak_bytes"
MEMORY = "memory"  # in a claim, in the place of a metric
# What a published memory may count.
READINGS: Mapping[str, Sequence[str]] = {
    "workers alone": (WORKERS,),
    "workers + broker": (WORKERS, BROKER),
}


@dataclass(frozen=True, order=True)
class CellSize:
    """How many tasks a cell had (0: the scenario plans none), and how many workers."""

    tasks: int
    workers: int

    def meets(self, wanted: Conditions) -> bool:
        """Whether it is what a number was published for."""
        return wanted.tasks in (None, self.tasks) and wanted.workers in (None, self.workers)

    def beside(self, wanted: Conditions) -> Conditions:
        """The same of this cell: what a number does not say is left out."""
        return Conditions(
            tasks=None if wanted.tasks is None else self.tasks,
            workers=None if wanted.workers is None else self.workers,
        )


@dataclass(frozen=True)
class Beside:
    """The measures beside a claim that stand, of every run, and the size of each run's cells."""

    claim: RatioClaim
    joined: Joined
    rows: pd.DataFrame
    sizes: Mapping[int, CellSize]  # by the place of the run

    @classmethod
    def of(cls, joined: Joined, claim: RatioClaim) -> Self:
        """What runs have of the scenario and case of a claim."""
        every = joined.every[joined.every["stands"] == 1]
        rows = every[(every["scenario"] == claim.scenario) & (every["case"] == claim.case)]
        first = rows.drop_duplicates("place")
        places = zip(first["place"].astype(int), first["cell"].astype(int), strict=True)
        sizes = {place: _size_of(joined.runs[place], cell) for place, cell in places}
        return cls(claim, joined, rows, sizes)

    @property
    def like(self) -> pd.DataFrame:
        """The rows of the runs that have what the numbers were published for."""
        meeting = [place for place, size in self.sizes.items() if size.meets(self.claim.conditions)]
        return self.rows[self.rows["place"].isin(meeting)]

    def arms(self, system: str) -> list[str]:
        """The arms of a system that any run has here, in order."""
        there = set(self.rows["arm"])
        mine = [name for name, arm in self.joined.arms.items() if arm.system == system]
        return [name for name in mine if name in there]

    def unmet(self, arms: Collection[str]) -> str:
        """Why some of these arms have no figure that compares, with the command that would test it.

        Empty where all of them have one, and where one was not measured in any size.
        """
        wanted, there = self.claim.conditions, set(self.like["arm"])
        others = self.rows[self.rows["arm"].isin(arms) & ~self.rows["arm"].isin(there)]
        if others.empty:
            return ""
        sizes = sorted({self.sizes[int(place)] for place in others["place"].unique()})
        here = " or ".join(dict.fromkeys(_told(size.beside(wanted)) for size in sizes))
        return f"published for {_told(wanted)}; here {here}: `{self._command()}` would test it"

    def _command(self) -> str:
        wanted = self.claim.conditions
        options = {"--tasks": wanted.tasks, "--workers": wanted.workers}
        words = [f"{name} {value}" for name, value in options.items() if value is not None]
        words += [f"--arm {default(system)}" for system in self.claim.values]
        return " ".join(["bench run", self.claim.scenario, *words])

    def other_sizes(self, arms: Sequence[str]) -> Iterator[tuple[CellSize, pd.DataFrame]]:
        """The rows of each run that has all of these arms, but in another size."""
        for place, size in sorted(self.sizes.items(), key=lambda each: each[1]):
            rows = self.rows[self.rows["place"] == place]
            if not size.meets(self.claim.conditions) and set(arms) <= set(rows["arm"]):
                yield size, rows


def default(system: str) -> str:
    """The arm that a claim about a system is held against."""
    return f"{system}/default"


def metrics_of(claim: FigureClaim) -> Sequence[str]:
    """What is measured beside a claim: one metric, or memories that are added."""
    return READINGS["workers + broker"] if claim.metric == MEMORY else (claim.metric,)


def of_arm(rows: pd.DataFrame, arm: str) -> pd.DataFrame:
    """The rows of one arm, from the run that was named first."""
    mine = rows[rows["arm"] == arm]
    return mine[mine["place"].eq(mine["place"].min())]


def figure_of(rows: pd.DataFrame, arm: str, metrics: Sequence[str]) -> Figure:
    """The figure of an arm: of one metric, or of memories together."""
    mine = of_arm(rows, arm)
    parts = {metric: mine[mine["metric"] == metric] for metric in metrics}
    if WORKERS in parts:
        return summed(parts)
    (metric,) = parts
    return figure(parts[metric], metric)


def blocks_of(rows: pd.DataFrame, arm: str, metrics: Sequence[str]) -> int:
    """In how many blocks an arm has a number."""
    mine = of_arm(rows, arm)
    usable = mine[mine["metric"].isin(metrics) & mine["verdict"].isin(("ok", "beyond"))]
    return int(usable["block"].nunique())


def _size_of(run: Run, number: int) -> CellSize:
    """From cell.json; from the plan where a slim run has left that out."""
    cell = run.cell(number)
    if (cell.folder / "cell.json").is_file():
        return CellSize(int(cell.spec.params.get("tasks", 0)), cell.spec.slots)
    line, plan = run.manifest.cell(number), run.manifest.plan
    scenario = load_scenarios()[line.scenario]
    params = scenario.params(line.case, plan.size, plan.tasks)
    return CellSize(int(params.get("tasks", 0)), scenario.slots(line.case, plan.workers))


def _told(size: Conditions) -> str:
    tasks = [] if size.tasks is None else [f"{size.tasks:,} tasks"]
    return listing([*tasks, *([] if size.workers is None else [f"{size.workers} workers"])])
