"""Tasks as spans of time, from the marks at their start and end."""

from collections.abc import Mapping, Sequence
from typing import Any

Span = Mapping[str, Any]


def spans(marks: Sequence[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """One span for each name that begins so and has both its marks.

    A span has name, pid, thread, greenlet, started_ns and finished_ns.
    """
    ends = {
        mark["name"].removesuffix(":end"): mark for mark in marks if mark["name"].endswith(":end")
    }
    whole = []
    for mark in marks:
        name = mark["name"].removesuffix(":start")
        if name != mark["name"] and name.startswith(prefix) and name in ends:
            who = {key: mark[key] for key in ("pid", "thread", "greenlet")}
            whole.append(
                {"name": name, **who, "started_ns": mark["ns"], "finished_ns": ends[name]["ns"]}
            )
    return whole


def most(runs: Sequence[Span]) -> int:
    """The largest number of these runs that went on at the same time."""
    # At the same stamp an end comes before a start.
    edges = sorted(
        [(span["started_ns"], 1) for span in runs] + [(span["finished_ns"], -1) for span in runs]
    )
    level = highest = 0
    for _, change in edges:
        level += change
        highest = max(highest, level)
    return highest


def counts(marks: Sequence[Mapping[str, Any]], name: str, key: str) -> dict[Any, int]:
    """How often each value of a fact stands in the marks of a name."""
    by_value: dict[Any, int] = {}
    for mark in marks:
        if mark["name"] == name:
            by_value[mark[key]] = by_value.get(mark[key], 0) + 1
    return by_value
