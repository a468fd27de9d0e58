"""How many workers it takes for tasks that take time, from the measured numbers of workers alone; the report's JavaScript does the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.advise.asked import Asked

Points = Sequence[Mapping[str, Any]]  # {"workers", "rate", "memory", "cells"}, workers rising


@dataclass(frozen=True)
class Size:
    """So many workers do so many tasks per second, in so many MB; `enough` for what was asked, or the most that was measured."""

    workers: int
    rate: float
    memory: float | None
    cells: str
    enough: bool


def between(points: Points, name: str, workers: int) -> tuple[float | None, str]:
    """A value at a number of workers, by a straight line between the two measured numbers around it; None outside of them."""
    below = [point for point in points if point["workers"] <= workers]
    above = [point for point in points if point["workers"] >= workers]
    if not below or not above or below[-1][name] is None or above[0][name] is None:
        return None, ""
    low, high = below[-1], above[0]
    if low["workers"] == high["workers"]:
        return float(low[name]), f"cell {low['cells']}"
    share = (workers - low["workers"]) / (high["workers"] - low["workers"])
    return float(
        low[name] + share * (high[name] - low[name])
    ), f"between the cells {low['cells']} and {high['cells']}"


def longer(rate: float, measured_ms: float, task_ms: float, kind: str, workers: int) -> float:
    """Tasks per second when each takes longer than was measured.

    Waiting: each stays longer in its slot. Computing: no more computing per second than was seen, whatever kept it from more.
    """
    if kind == "cpu":
        return rate * measured_ms / task_ms
    return workers / (workers / rate + (task_ms - measured_ms) / 1000)


def shorter(empty: float, rate: float, measured_ms: float, task_ms: float) -> float:
    """Tasks per second between empty tasks and the measured ones: a straight line in the time per task."""
    return 1 / (1 / empty + (1 / rate - 1 / empty) * task_ms / measured_ms)


def size(asked: Asked, arm: Mapping[str, Any], known: Mapping[str, Any]) -> Size | None:
    """The fewest workers that do it, or those that were asked for; None where such tasks, or so many workers, were not measured."""
    points = [point for point in arm["work"][asked.kind] if point["rate"] is not None]
    if not points or asked.task_ms < known["work_ms"]:
        return None
    counts = (
        [asked.workers] if asked.workers else range(points[0]["workers"], points[-1]["workers"] + 1)
    )
    found = [
        each for each in (_of(asked, points, known, count) for count in counts) if each is not None
    ]
    enough = [each for each in found if each.enough]
    return enough[0] if enough else max(found, key=lambda each: each.rate, default=None)


def _of(asked: Asked, points: Points, known: Mapping[str, Any], workers: int) -> Size | None:
    measured, cells = between(points, "rate", workers)
    if measured is None:
        return None
    rate = longer(measured, known["work_ms"], asked.task_ms, asked.kind, workers)
    return Size(
        workers,
        rate,
        between(points, "memory", workers)[0],
        cells,
        asked.rate is None or rate >= asked.rate,
    )
