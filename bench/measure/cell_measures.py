"""Every measure of a stored cell, by its scenario."""

from collections.abc import Callable

from bench.model.metric import Measure
from bench.model.scenario import Scenario
from bench.record.store import StoredCell


def measures_of(scenario: Scenario, cell: StoredCell, cores: int) -> list[Measure]:
    """The measures of one cell, from its files alone, so that they are the same each time.

    `cores` is the number of cores of the machine it was measured on.
    """
    measure: Callable[[StoredCell, int], list[Measure]] = scenario.part("measure").measure
    return measure(cell, cores)
