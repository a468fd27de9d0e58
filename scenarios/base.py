"""What a scenario is: it drives one arm through phases, and computes its measures from the stored cell."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.record.store import StoredCell
from bench.testbed.testbed import Stage


class Needs(Protocol):
    """What is known when a cell's turn comes: measures of earlier cells of the same run and arm."""

    def value(self, scenario: str, case: str, metric: str) -> float | None:
        """The value of a measure, or None."""
        ...


class Scenario(Protocol):
    """One file under scenarios/."""

    name: str
    drive_version: int  # raised with what happens in a cell: it is to be measured anew
    measure_version: int  # raised with how a stored cell becomes figures: `bench measure` makes them anew
    about: str
    groups: Mapping[str, Sequence[str]]  # words that stand for several cases
    basis: Sequence[str]  # cases whose result the later ones rest on: taken once per run and arm, in the first block

    def cases(self, size: str) -> Sequence[str]:
        """The cases of that size, in the order in which they run."""
        ...

    def all_cases(self) -> Sequence[str]:
        """Every case that can be asked for by name."""
        ...

    def params(self, case: str, size: str, tasks: int | None) -> Mapping[str, Any]:
        """What cell.json carries for this case and size."""
        ...

    def slots(self, case: str, workers: int) -> int:
        """How many slots a cell of that case has, where the plan says `workers`."""
        ...

    def seconds(self, params: Mapping[str, Any], case: str, rate: float, enqueue_rate: float) -> float:
        """About how long a cell takes, given a calibrated rate (tasks/s)."""
        ...

    def expected(self, case: str) -> Sequence[str]:
        """The metrics that stand for a cell which could not be measured."""
        ...

    def skip(self, cell: Cell) -> str:
        """Why the system does not offer what this cell needs; else nothing."""
        ...

    def run(self, cell: Cell, stage: Stage, known: Needs) -> None:
        """Carry the cell out, from start to end."""
        ...

    def measure(self, cell: StoredCell, cores: int) -> list[Measure]:
        """Every measure of a stored cell; pure."""
        ...
