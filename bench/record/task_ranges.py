"""Where the broker held the unfinished tasks, as it is stored.

20,000 queued tasks are one line, not 20,000.
"""

from collections.abc import Iterable, Mapping

from adapters.base import Held
from bench.model.cell_log import HeldRange


def packed(places: Mapping[int, Held] | None) -> tuple[HeldRange, ...] | None:
    """Group task id → place into places, each with its ranges of ids; None stays None."""
    if places is None:
        return None
    ranges: dict[Held, list[tuple[int, int]]] = {}
    for task in sorted(places):
        mine = ranges.setdefault(places[task], [])
        if mine and mine[-1][1] == task - 1:
            mine[-1] = (mine[-1][0], task)
        else:
            mine.append((task, task))
    return tuple(
        HeldRange(place=held.place, failed=held.failed, tasks=tuple(mine))
        for held, mine in ranges.items()
    )


def unpacked(stored: Iterable[HeldRange] | None) -> dict[int, Held] | None:
    """Task id → place: what `packed` was given."""
    if stored is None:
        return None
    return {
        task: Held(each.place, each.failed)
        for each in stored
        for first, last in each.tasks
        for task in range(first, last + 1)
    }
