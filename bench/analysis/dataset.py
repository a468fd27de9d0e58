"""Several stored runs as one: their measures, and the cell and the run behind each of them.

And one number per block of an arm, which is what all comparisons are made of.
"""

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.analysis.formatting import records
from bench.base.errors import UsageError
from bench.model.manifest import ArmRecord, CellLine
from bench.model.metric import METRICS, Metric
from bench.model.scenario import load_scenarios
from bench.model.systems import in_order
from bench.model.versions import unlike_any
from bench.record.store import Run

FLOOR = "floor"
# `durable` last: it promises more, so it belongs behind those it is not compared with.
PROFILES = ("default", "tuned", "durable")
# What a kind of metric counts as a number of a block; all else is none.
USABLE = {"ratio": ("ok",), "count": ("ok", "wrong"), "time_to": ("ok", "beyond")}
# Blocks that fall out for these are the bad ones of an arm: what is left flatters it. A percentile
# is withheld where its tail came in a few spells: something stalled.
CENSORED = ("beyond", "unbounded", "withheld")


@dataclass(frozen=True)
class Shown:
    """A cell that a chart may draw: where it is stored, and how the page names it."""

    label: str
    place: int
    number: int


@dataclass(frozen=True)
class Joined:
    """Several runs as one. Where two measured the same, the run that was named first stands.

    The place of a run is its index in `runs`.
    """

    runs: tuple[Run, ...]
    every: pd.DataFrame  # measures.csv of all runs, with `place` of the run and `label` of the cell
    frame: pd.DataFrame  # those that stand: without cells that were measured again
    doubled: tuple[str, ...]  # what more than one run has

    @cached_property
    def arms(self) -> dict[str, ArmRecord]:
        """Arm → its description, systems in the order of their adapters, the floor last."""
        # From the last run to the first, for the run that was named first describes an arm.
        arms = {name: arm for run in reversed(self.runs) for name, arm in run.manifest.arms.items()}
        return dict(sorted(arms.items(), key=lambda item: arm_order(item[1])))

    @cached_property
    def systems(self) -> list[str]:
        """The systems of the arms, in the same order."""
        return list(dict.fromkeys(arm.system for arm in self.arms.values()))

    def main_arm(self, system: str) -> str:
        """The arm that stands for a system in the headline: its default profile, or its first."""
        mine = [name for name, arm in self.arms.items() if arm.system == system]
        return next((name for name in mine if name == f"{system}/default"), mine[0])

    @cached_property
    def _places(self) -> dict[Hashable, npt.NDArray[np.int64]]:
        """The row numbers per arm, metric and type of task: the page asks some thousand times."""
        groups = self.frame.groupby(["scenario", "case", "arm", "metric", "part"])
        return {key: np.asarray(places, np.int64) for key, places in groups.indices.items()}

    def rows(self, scenario: str, case: str, arm: str, metric: str, part: str = "") -> pd.DataFrame:
        """The measures of one arm, one row per block; of one type of task where `part` names it."""
        places = self._places.get((scenario, case, arm, metric, part))
        return self.frame.iloc[:0] if places is None else self.frame.iloc[places]

    def cases(self, scenario: str) -> list[str]:
        """The cases that were measured, in the order of the plan."""
        return list(dict.fromkeys(self.frame.loc[self.frame["scenario"] == scenario, "case"]))

    def arms_of(self, scenario: str, case: str | None = None) -> list[str]:
        """The arms with any measure there, in order."""
        f = self.frame[self.frame["scenario"] == scenario]
        present = set(f["arm"] if case is None else f.loc[f["case"] == case, "arm"])
        return [name for name in self.arms if name in present]

    def cells(
        self, scenario: str, case: str, arm: str, refuse: Sequence[str] = ("invalid", "wrong")
    ) -> Iterator[Shown]:
        """The cells that were carried out and have none of the verdicts in `refuse`, by block."""
        f = self.frame[
            (self.frame["scenario"] == scenario)
            & (self.frame["case"] == case)
            & (self.frame["arm"] == arm)
        ]
        for _, rows in f.groupby(["place", "cell"], sort=True):
            place, number = int(rows["place"].iloc[0]), int(rows["cell"].iloc[0])
            line = self.line(place, number)
            carried_out = line is not None and line.state == "done"
            if carried_out and not rows["verdict"].isin(refuse).any():
                yield Shown(str(rows["label"].iloc[0]), place, number)

    def place(self, scenario: str, case: str, arm: str) -> int | None:
        """The place of the run whose measures of an arm stand; None if there are none."""
        f = self.frame[
            (self.frame["scenario"] == scenario)
            & (self.frame["case"] == case)
            & (self.frame["arm"] == arm)
        ]
        return None if f.empty else int(f["place"].iloc[0])

    def burst_tasks(self, place: int) -> int:
        """How many tasks a plain burst of run `place` has."""
        plan = self.runs[place].manifest.plan
        return int(load_scenarios()["burst"].params("-", plan.size, plan.tasks)["tasks"])

    def line(self, place: int, number: int) -> CellLine | None:
        """The line in run.json of cell `number` of run `place`; None if there is none."""
        return next(
            (line for line in self.runs[place].manifest.cells if line.number == number), None
        )

    def blocks(self, scenario: str) -> int:
        """The fewest blocks that any arm has in a scenario."""
        f = self.frame[(self.frame["scenario"] == scenario) & (self.frame["case"] != "capacity")]
        return 0 if f.empty else int(f.groupby(["case", "arm"])["block"].nunique().min())


def workers_of(joined: Joined, case: str) -> int:
    """The number of slots of a case of `work` that was measured."""
    rows = joined.frame[(joined.frame["scenario"] == "work") & (joined.frame["case"] == case)]
    run = joined.runs[int(rows["place"].iloc[0])]
    return load_scenarios()["work"].slots(case, run.manifest.plan.workers)


def letter(place: int) -> str:
    """How the page calls a run, where there are several."""
    return ascii_uppercase[place] if place < len(ascii_uppercase) else f"R{place + 1}"


def prefix(place: int, of: int) -> str:
    """What stands before a cell's number where there are several runs."""
    return "" if of == 1 else f"{letter(place)}·"


def arm_order(arm: ArmRecord) -> tuple[bool, int, str, int, str]:
    """Sorts by system (those with an order, others, the floor), then by profile.

    Arms of unlike guarantee are kept apart by the tables.
    """
    ordered = in_order()
    rank = (
        ordered.index(arm.system) if arm.system in ordered else len(ordered) + (arm.system == FLOOR)
    )
    profile = PROFILES.index(arm.profile) if arm.profile in PROFILES else 1
    return bool(arm.variant), rank, arm.system, profile, arm.arm


def join(runs: Sequence[Run]) -> Joined:
    """Put runs together.

    UsageError where different versions of the instrument made them.
    """
    if unlike := unlike_any([run.manifest for run in runs]):
        raise UsageError(
            f"these runs were measured by different versions of bench ({'; '.join(unlike)}): "
            "take them one by one"
        )
    tables = [
        run.measures.assign(
            place=place,
            label=[f"{prefix(place, len(runs))}{number:03d}" for number in run.measures["cell"]],
        )
        for place, run in enumerate(runs)
    ]
    every = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    standing = every[every["stands"] == 1]
    first = standing.groupby(["scenario", "case", "arm"])["place"].transform("min")
    doubled = tuple(
        dict.fromkeys(
            f"{row.scenario} {row.case} {row.arm}".replace(" - ", " ")
            for row in records(standing[standing["place"] != first])
        )
    )
    return Joined(
        tuple(runs), every, standing[standing["place"] == first].reset_index(drop=True), doubled
    )


def refuse_unknown(measures: pd.DataFrame) -> None:
    """UsageError if measures.csv has a metric that this version does not know."""
    unknown = sorted(set(measures["metric"]) - set(METRICS))
    if unknown:
        raise UsageError(
            f"measures.csv holds the unknown metric {unknown[0]}: `bench measure` makes it anew"
        )


def is_censored(group: pd.DataFrame, metric: Metric) -> bool:
    """Whether bad blocks of an arm have no number, so that those that are left flatter it."""
    return metric.kind == "ratio" and bool(group["verdict"].isin(CENSORED).any())


def by_block(group: pd.DataFrame, metric: Metric) -> dict[tuple[str, int], float]:
    """(run, block) → the number of that block, in the metric's unit; `inf` for a time beyond.

    `group` has the rows that stand, of one arm.
    """
    usable = group[group["verdict"].isin(USABLE[metric.kind])]
    values = pd.to_numeric(usable["value"]).to_numpy(dtype=float)
    if metric.kind == "time_to":
        values = np.where(usable["verdict"] == "beyond", math.inf, values)
    keys = zip(usable["run"].astype(str), usable["block"].astype(int), strict=True)
    return {
        key: float(value) for key, value in zip(keys, values, strict=True) if not math.isnan(value)
    }


def standing_with_parts(run: Run) -> pd.DataFrame:
    """The measures of the cells that stand, those of their parts (types of task) among them."""
    return run.measures[run.measures["stands"] == 1]
