"""Where the broker held the unfinished tasks, as it is stored.

20,000 queued tasks are one line, not 20,000.
"""

from collections.abc import Mapping
from typing import Any


def packed(places: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    """Group task id → place into places, each with its ranges of ids [first, last].

    None stays None.
    """
    if places is None:
        return None
    ranges_by_place: dict[tuple[str, bool], list[list[int]]] = {}
    for task in sorted(int(task) for task in places):
        held = places[str(task)]
        ranges = ranges_by_place.setdefault((held["place"], held["failed"]), [])
        if ranges and ranges[-1][1] == task - 1:
            ranges[-1][1] = task
        else:
            ranges.append([task, task])
    return [
        {"place": place, "failed": failed, "tasks": ranges}
        for (place, failed), ranges in ranges_by_place.items()
    ]


def unpacked(stored: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    """Task id (as text) → {"place", "failed"}: what `packed` was given."""
    if stored is None:
        return None
    return {
        str(task): {"place": group["place"], "failed": group["failed"]}
        for group in stored
        for first, last in group["tasks"]
        for task in range(first, last + 1)
    }
