"""One number per measure and arm, for tools that keep a history of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.comparison_result import Change, Changes
from bench.analysis.dataset import CENSORED, by_block, standing_with_parts
from bench.analysis.stats import paired
from bench.formats.texts import finite
from bench.model.metric import METRICS, Metric
from bench.record.store import Run

# A cell that is wrong gives no speed, and with blocks beyond or unbounded left out, what is left
# would flatter the arm.
SPOILED = (*CENSORED, "wrong")


@dataclass(frozen=True)
class Point:
    """One number over the blocks of an arm, in the metric's unit.

    `low` and `high` are the 95 % interval of a ratio metric or the extremes of a count, None below
    three blocks.
    """

    scenario: str
    case: str
    metric: str
    arm: str
    value: float
    low: float | None
    high: float | None
    blocks: int
    part: str = ""

    @property
    def benchmark(self) -> str:
        """What was measured: scenario and case, and the type of task where it is of one."""
        return "/".join(filter(None, (self.scenario, self.case, self.part)))

    @property
    def kind(self) -> Metric:
        """The entry of METRICS, with label, unit and direction."""
        return METRICS[self.metric]


def of_changes(changes: Changes) -> list[Point]:
    """The head's numbers; their interval is that of the comparison, laid around the base."""
    return [
        Point(
            *(line.scenario, line.case, line.metric, line.head, value),
            *(*_around(line), line.blocks, line.part),
        )
        for line in changes.lines
        if (value := finite(line.head_value)) is not None
    ]


def _around(line: Change) -> tuple[float | None, float | None]:
    base, low, high = (finite(value) for value in (line.base_value, line.low, line.high))
    if base is None or low is None or high is None:
        return None, None
    return (
        (base + low, base + high)
        if METRICS[line.metric].kind == "count"
        else (base * low, base * high)
    )


def of_run(run: Run) -> list[Point]:
    """Every measure of a stored run that has a number."""
    return [point for key, rows in groups(run) if (point := _point(key, rows)) is not None]


Key = tuple[str, str, str, str, str]  # scenario, case, metric, arm, type of task or ""


def groups(run: Run) -> Iterator[tuple[Key, pd.DataFrame]]:
    """The rows that stand of each scenario, case, metric, arm and type, in their order.

    Metrics that this version does not know are left out.
    """
    for key, rows in standing_with_parts(run).groupby(
        ["scenario", "case", "metric", "arm", "part"], sort=False
    ):
        scenario, case, metric, arm, part = map(str, key)
        if metric in METRICS:
            yield (scenario, case, metric, arm, part), rows


def per_block(rows: pd.DataFrame, metric: Metric) -> list[float]:
    """One number per block, in the order of blocks.

    None at all where blocks without a number would make the rest flatter the arm.
    """
    if metric.kind == "ratio" and rows["verdict"].isin(SPOILED).any():
        return []
    numbers: Mapping[tuple[str, int], float] = by_block(rows, metric)
    return [numbers[key] for key in sorted(numbers)]


def _point(key: Key, rows: pd.DataFrame) -> Point | None:
    metric = METRICS[key[2]]
    values = per_block(rows, metric)
    if not values:
        return None
    if metric.kind == "time_to":
        middle = finite(float(np.median(values)))
        return None if middle is None else _made(key, middle, None, None, len(values))
    return _made(key, *_summed(values, metric), len(values))


def _made(key: Key, value: float, low: float | None, high: float | None, blocks: int) -> Point:
    scenario, case, metric, arm, part = key
    return Point(scenario, case, metric, arm, value, low, high, blocks, part)


def _summed(values: list[float], metric: Metric) -> tuple[float, float | None, float | None]:
    """(value, low, high): the geometric mean of a ratio metric with its 95 % interval.

    The mean and the extremes of a count, and of values with a 0, which has no logarithm.
    """
    if metric.kind == "count" or min(values) <= 0:
        extremes = (min(values), max(values)) if len(values) > 2 else (None, None)
        return float(np.mean(values)), *extremes
    # Against 1 the interval of a ratio is that of the value itself.
    ratio = paired([1.0] * len(values), values).ratio()
    return ratio.ratio, ratio.low, ratio.high


def within(point: Point) -> tuple[float, ...]:
    """(low, high) with the value between them: rounding may have put it a hair outside.

    Empty where it has no interval.
    """
    if point.low is None or point.high is None:
        return ()
    return min(point.low, point.value), max(point.high, point.value)
