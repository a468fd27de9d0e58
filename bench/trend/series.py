"""One number per run, measure and arm.

It is taken beside the floor of the same run, so that a slower machine is no change.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.dataset import FLOOR, by_block
from bench.model.metric import METRICS, Metric
from bench.model.versions import counted
from bench.record.store import Run

# Counts are the same on any machine and need no floor. What a fault hit is chance, and no count of
# that is here.
COUNTED = (
    "broker_commands_per_task",
    "lost",
    "doubled",
    "failed",
    "stuck",
    "open",
    "refused",
    "unexpected",
)
_FOLLOWED = [name for name, metric in METRICS.items() if metric.kind == "ratio" or name in COUNTED]
_REQUIREMENT = re.compile(r"^([^\[{]*)\[[^\]]*\]")


@dataclass(frozen=True)
class SeriesPoint:
    """One run's number: arm ÷ floor, or a count.

    `context` is what may explain a change: the versions in the worker, the broker, the machine, and
    the versions of the instrument.
    """

    run: str
    created: str
    arm: str
    value: float
    context: Mapping[str, str]


@dataclass(frozen=True)
class Series:
    """The points of one measure and arm in the order of time.

    `without` are the runs that measured it and have no point.
    """

    scenario: str
    case: str
    metric: str
    arm: str
    points: tuple[SeriesPoint, ...]
    without: tuple[str, ...] = ()

    @property
    def kind(self) -> Metric:
        """The entry of METRICS, with unit, direction and tie zone."""
        return METRICS[self.metric]

    @property
    def zone(self) -> float:
        """The tie zone on the scale of `values`."""
        return math.log1p(self.kind.tie_zone) if self.kind.kind == "ratio" else self.kind.tie_zone

    @property
    def values(self) -> list[float]:
        """(points,) natural logarithms of ratios; counts as they are."""
        return [
            math.log(point.value) if self.kind.kind == "ratio" else point.value
            for point in self.points
        ]


def series_name(arm: str) -> str:
    """The arm without its requirements: versions of one arm are one series."""
    return _REQUIREMENT.sub(r"\1", arm)


def series_of(runs: Sequence[Run]) -> list[Series]:
    """Every series, from runs in the order of time."""
    points: dict[tuple[str, str, str, str], list[SeriesPoint]] = {}
    without: dict[tuple[str, str, str, str], list[str]] = {}
    for run in runs:
        for key, arm, value in _numbers(run):
            if value is None:
                without.setdefault(key, []).append(run.id)
            else:
                point = SeriesPoint(
                    run.id, run.manifest.created, arm, value, _context(run, arm, key[0])
                )
                points.setdefault(key, []).append(point)
    return [Series(*key, tuple(mine), tuple(without.get(key, ()))) for key, mine in points.items()]


def _numbers(run: Run) -> Iterator[tuple[tuple[str, str, str, str], str, float | None]]:
    """(series, arm, number) of each measure that has a number in this run.

    The number is None where there is no floor beside it.
    """
    arms = run.manifest.arms
    floors = [name for name, arm in arms.items() if arm.system == FLOOR]
    floor = f"{FLOOR}/default" if f"{FLOOR}/default" in floors else "".join(floors[:1])
    frame = run.standing
    groups = frame[frame["metric"].isin(_FOLLOWED)].groupby(
        ["scenario", "case", "metric", "arm"], sort=False
    )
    blocks = {
        (str(key[0]), str(key[1]), str(key[2]), str(key[3])): by_block(rows, METRICS[str(key[2])])
        for key, rows in groups
    }
    for (scenario, case, name, arm), mine in blocks.items():
        if mine and arms[arm].system != FLOOR:
            below = blocks.get((scenario, case, name, floor), {})
            yield (scenario, case, name, series_name(arm)), arm, _number(mine, below, METRICS[name])


def _number(
    mine: Mapping[tuple[str, int], float], below: Mapping[tuple[str, int], float], metric: Metric
) -> float | None:
    """Geometric mean of arm ÷ floor over the blocks that have both; of a count the mean."""
    if metric.kind == "count":
        return math.fsum(mine.values()) / len(mine)
    shared = [block for block in mine if block in below and mine[block] > 0 and below[block] > 0]
    return (
        math.exp(float(np.mean([math.log(mine[block] / below[block]) for block in shared])))
        if shared
        else None
    )


def _context(run: Run, arm: str, scenario: str) -> dict[str, str]:
    manifest = run.manifest
    server = manifest.brokers.get(manifest.arms[arm].broker)
    concern = (
        "recording",
        f"drive of {scenario}",
        f"measure of {scenario}",
        f"adapter of {arm.partition('/')[0]}",
    )
    return {
        **manifest.versions.get(arm, {}),
        **({server.name: server.version} if server else {}),
        **{
            f"machine's {name}": str(getattr(manifest.machine, name))
            for name in ("cpu", "cores", "cpu_quota_cores", "kernel")
        },
        **{
            f"version of {name}": version
            for name, version in counted(manifest).items()
            if name in concern
        },
    }
