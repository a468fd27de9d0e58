"""What a scenario is, and which there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from bench.base.paths import ROOT
from bench.model.cell import Cell, Params
from bench.model.manifest import CellLine
from bench.model.metric import Measure
from bench.workload.workload_file import WorkloadFile


@dataclass(frozen=True)
class PriorMeasures:
    """What is known when a cell's turn comes: measures of earlier cells of the same run and arm.

    `measures` are those of all `cells` so far, by their numbers.
    """

    cells: Sequence[CellLine]
    measures: Mapping[int, Sequence[Measure]]
    arm: str

    def value(self, scenario: str, case: str, metric: str) -> float | None:
        """The newest value of that metric whose verdict is ok, or None."""
        known = [
            measure.value
            for cell in self.cells
            if (cell.scenario, cell.case, cell.arm) == (scenario, case, self.arm)
            for measure in self.measures.get(cell.number, ())
            if (measure.metric, measure.verdict) == (metric, "ok")
        ]
        return known[-1] if known else None


class Scenario:
    """What a folder under scenarios/ offers, with the defaults that most share.

    This is what can be planned without starting or reading anything. `drive.py` beside it carries a
    cell out, `measure.py` computes its figures from what was stored, `section.py` shows them.
    """

    name: str
    about: str
    drive_version: int  # raised with what happens in a cell: it is to be measured anew
    measure_version: int  # raised with how a stored cell becomes figures: `bench measure` anew
    order = 1000  # its place among the scenarios
    main = False  # runs where none is named
    gated = False  # short enough to be repeated until a change shows: `bench check` takes it
    by_file = False  # its load is in a file of the reader's, which must be named
    groups: Mapping[str, Sequence[str]] = {}  # words that stand for several cases
    # Cases whose result others rest on: taken once per run and arm, in the first block.
    prerequisites: Sequence[str] = ()

    def cases(self, size: str) -> Sequence[str]:
        """The cases of that size, in the order in which they run."""
        return ("-",)

    def all_cases(self) -> Sequence[str]:
        """Every case that has a name."""
        return self.cases("full")

    def takes(self, case: str) -> bool:
        """Whether this case can be asked for; some are any number, which have no name."""
        return case in self.all_cases()

    def rests_on(self, case: str) -> Sequence[str]:
        """The prerequisites without which this case cannot be carried out."""
        return ()

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """What cell.json carries for this case and size."""
        raise NotImplementedError

    def loaded(self, file: WorkloadFile, params: Params) -> Params:
        """What cell.json carries besides, where the load is in a file."""
        return {}

    def drawn_as(self, case: str) -> str:
        """The case whose arrivals this one has too: seeds are by case."""
        return case

    def rate(self, params: Params, known: PriorMeasures) -> float | None:
        """Tasks due per second in a cell with these parameters; None where no rate is planned."""
        return params.get("rate")

    def slots(self, case: str, workers: int) -> int:
        """How many slots a cell of that case has, where the plan says `workers`."""
        return workers

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """About how long a cell takes, given calibrated rates (tasks/s)."""
        raise NotImplementedError

    def expected(self, case: str) -> Sequence[str]:
        """The metrics that stand for a cell which could not be measured."""
        raise NotImplementedError

    def figures(self, case: str) -> Sequence[str]:
        """The metrics that a measured cell has, of which `bench check` judges some."""
        return self.expected(case)

    def skip(self, cell: Cell) -> str:
        """Why the system does not offer what this cell needs; else nothing."""
        return ""

    def has(self, name: str) -> bool:
        """Whether there is such a part: not every scenario has curves."""
        return find_spec(f"{type(self).__module__}.{name}") is not None

    def part(self, name: str) -> ModuleType:
        """Its module `drive`, `measure`, `curves` or `section`, imported only when it is wanted.

        What measures must not load what draws, and what draws must not need what measures.
        """
        return import_module(f"{type(self).__module__}.{name}")


@cache
def load_scenarios() -> dict[str, Scenario]:
    """Every scenario by name, in the order in which they run."""
    scenarios = [
        import_module(f"scenarios.{path.parent.name}").SCENARIO
        for path in sorted((ROOT / "scenarios").glob("*/__init__.py"))
    ]
    return {each.name: each for each in sorted(scenarios, key=lambda each: each.order)}


def main_scenarios() -> tuple[str, ...]:
    """Those that run where none is named."""
    return tuple(name for name, each in load_scenarios().items() if each.main)


def gated_scenarios() -> tuple[str, ...]:
    """Those that `bench check` can repeat until a change shows."""
    return tuple(name for name, each in load_scenarios().items() if each.gated)
