"""How many workers it takes for tasks that take time, from the measured numbers of workers alone.

The page's form runs this module too, translated: see `bench.advise.javascript` for what may stand
here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.advise.asked import Asked
from bench.advise.known import ArmFacts, Known, WorkPoint


@dataclass(frozen=True)
class Size:
    """So many workers do `rate` tasks per second, in `workers_mb` MB (None: not known).

    `enough`: for what was asked; else it is the most that was measured.
    """

    workers: int
    rate: float
    workers_mb: float | None
    cells: str
    enough: bool


# Any: no type checker follows the name of a column that the caller gives.
def between(
    points: Sequence[Mapping[str, Any]], name: str, workers: int
) -> tuple[float | None, str]:
    """A value at a number of workers, and the cells that it is from; None outside of the measured.

    It lies on a straight line between the two measured numbers around it.
    """
    below = [point for point in points if point["workers"] <= workers]
    above = [point for point in points if point["workers"] >= workers]
    if not below or not above or below[-1][name] is None or above[0][name] is None:
        return None, ""
    low, high = below[-1], above[0]
    if low["workers"] == high["workers"]:
        return float(low[name]), f"cell {low['cells']}"
    share = (workers - low["workers"]) / (high["workers"] - low["workers"])
    value = low[name] + share * (high[name] - low[name])
    return float(value), f"between the cells {low['cells']} and {high['cells']}"


def ceiling(asked: Asked, cores: float) -> float | None:
    """Tasks per second if nothing but the tasks themselves took time; None where that has no end.

    Computing fills no more slots than cores; how many wait at once is up to the workers.
    """
    slots: float | None = asked.workers
    if asked.kind == "cpu":
        slots = min(asked.workers, cores) if asked.workers else cores
    if slots is None or not asked.task_ms:
        return None
    return slots * 1000 / asked.task_ms


def sustained(task_ms: float, capacity: float, workers: int) -> float:
    """Tasks per second that the measured slots could do if each task waited so long.

    A slot needs the task's time and its own, which is what the capacity leaves: workers ÷ capacity.
    """
    return workers / (workers / capacity + task_ms / 1000)


def longer(rate: float, measured_ms: float, task_ms: float, kind: str, workers: int) -> float:
    """Tasks per second when each takes longer than was measured.

    Waiting: each stays longer in its slot. Computing: no more computing per second than was seen,
    whatever kept it from more.
    """
    if kind == "cpu":
        return rate * measured_ms / task_ms
    return workers / (workers / rate + (task_ms - measured_ms) / 1000)


def shorter(empty: float, rate: float, measured_ms: float, task_ms: float) -> float:
    """Tasks per second between empty tasks and the measured ones.

    The time per task, 1 ÷ rate, lies on a straight line.
    """
    return 1 / (1 / empty + (1 / rate - 1 / empty) * task_ms / measured_ms)


def size(asked: Asked, arm: ArmFacts, known: Known) -> Size | None:
    """The fewest workers that do it, or those that were asked for; else the fastest measured.

    None where such tasks, or so many workers, were not measured.
    """
    points = [point for point in arm["work"][asked.kind] if point["rate"] is not None]
    if not points or asked.task_ms < known["work_ms"]:
        return None
    first = asked.workers if asked.workers else points[0]["workers"]
    last = asked.workers if asked.workers else points[-1]["workers"]
    best: Size | None = None
    for workers in range(first, last + 1):
        found = _of(asked, points, known, workers)
        if found is None:
            continue
        if found.enough:
            return found
        if best is None or found.rate > best.rate:
            best = found
    return best


def _of(asked: Asked, points: Sequence[WorkPoint], known: Known, workers: int) -> Size | None:
    measured, cells = between(points, "rate", workers)
    if measured is None:
        return None
    rate = longer(measured, known["work_ms"], asked.task_ms, asked.kind, workers)
    workers_mb, _ = between(points, "workers_mb", workers)
    enough = asked.rate is None or rate >= asked.rate
    return Size(workers, rate, workers_mb, cells, enough)
