"""Tasks as spans of time, from the marks at their start and end."""

from collections.abc import Mapping, Sequence
from typing import Any

Span = Mapping[str, Any]


def spans(marks: Sequence[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """One span for each name that begins so and has both its marks: pid, thread, greenlet, started_ns, finished_ns."""
    ends = {
        mark["name"].removesuffix(":end"): mark for mark in marks if mark["name"].endswith(":end")
    }
    found = []
    for mark in marks:
        name = mark["name"].removesuffix(":start")
        if name != mark["name"] and name.startswith(prefix) and name in ends:
            who = {key: mark[key] for key in ("pid", "thread", "greenlet")}
            found.append(
                {"name": name, **who, "started_ns": mark["ns"], "finished_ns": ends[name]["ns"]}
            )
    return found


def most(found: Sequence[Span]) -> int:
    """How many of them ran at the same time at most."""
    # At the same stamp an end comes before a start.
    edges = sorted(
        [(span["started_ns"], 1) for span in found] + [(span["finished_ns"], -1) for span in found]
    )
    level = highest = 0
    for _, change in edges:
        level += change
        highest = max(highest, level)
    return highest


def counts(marks: Sequence[Mapping[str, Any]], name: str, key: str) -> dict[Any, int]:
    """How often each value of a fact stands in the marks of a name."""
    found: dict[Any, int] = {}
    for mark in marks:
        if mark["name"] == name:
            found[mark[key]] = found.get(mark[key], 0) + 1
    return found
