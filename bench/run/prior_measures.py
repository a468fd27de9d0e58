"""The measures of earlier cells that a cell rests on, and how many load generators it needs."""

import math
from collections.abc import Sequence

from bench.model.cell import Cell
from bench.model.manifest import CalibrationRecord
from bench.model.metric import MeasureRow
from bench.model.scenario import load_scenarios

MOST_GENERATORS = 8
BUSY = 0.5  # the share of its time that a generator may spend in enqueue calls


class MeasuresSoFar:
    """The measures of earlier cells of the same arm."""

    def __init__(self, measures: Sequence[MeasureRow], arm: str) -> None:
        self.measures, self.arm = measures, arm

    def value(self, scenario: str, case: str, metric: str) -> float | None:
        """The newest value of that metric whose verdict is ok, or None."""
        wanted = (scenario, case, self.arm, metric, "ok")
        for row in reversed(self.measures):
            if (row.scenario, row.case, row.arm, row.metric, row.verdict) == wanted:
                return None if row.value is None else float(row.value)
        return None


def generators_for(cell: Cell, prior: MeasuresSoFar, calibrated: CalibrationRecord | None) -> int:
    """So many generators that each spends less than half of its time in enqueue calls."""
    if "generators" in cell.params:
        return int(cell.params["generators"])
    rate = load_scenarios()[cell.scenario].rate(cell.params, prior)
    if not rate or not calibrated:
        return 1
    return max(1, min(MOST_GENERATORS, math.ceil(float(rate) / calibrated.enqueue_per_s / BUSY)))
