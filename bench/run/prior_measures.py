"""The measures of earlier cells that a cell rests on, and how many load generators it needs."""

import math
from typing import Any

from bench.model.cell import Cell
from bench.model.scenario import load_scenarios
from bench.run.calibration import Calibration

MOST_GENERATORS = 8
BUSY = 0.5  # the share of its time that a generator may spend in enqueue calls


class MeasuresSoFar:
    """The measures of earlier cells of the same arm."""

    def __init__(self, measures: list[list[Any]], arm: str) -> None:
        self.measures, self.arm = measures, arm

    def value(self, scenario: str, case: str, metric: str) -> float | None:
        """The newest value of that metric whose verdict is ok, or None."""
        for row in reversed(self.measures):
            if (row[1], row[2], row[3], row[9], row[13]) == (
                scenario,
                case,
                self.arm,
                metric,
                "ok",
            ):
                return float(row[10])
        return None


def generators_for(cell: Cell, prior: MeasuresSoFar, calibrated: Calibration | None) -> int:
    """So many generators that each spends less than half of its time in enqueue calls."""
    if "generators" in cell.params:
        return int(cell.params["generators"])
    rate = load_scenarios()[cell.scenario].rate(cell.params, prior)
    if not rate or not calibrated:
        return 1
    return max(1, min(MOST_GENERATORS, math.ceil(float(rate) / calibrated.enqueue_per_s / BUSY)))
