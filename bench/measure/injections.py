"""The strikes of a stored cell of recovery, computed from its files alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.measure.recovery_times import Recovery, Timing, recovery
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.record.store import StoredCell

PER_SLOT = 10.0  # short tasks per second
SHORT, LONG = "sleep:20", "sleep:200"
SHORT_S, LONG_S = 0.02, 0.2
LOAD_SPIKE = 4  # long tasks per slot, due at once when the fault strikes


@dataclass(frozen=True)
class MeasuredInjection:
    """One fault of a cell: when, what it hit, and how the system came back."""

    timing: Timing
    seen: Recovery
    fault: Mapping[str, Any]

    @property
    def hit(self) -> list[int]:
        """The ids of the tasks that were accepted and unfinished when it struck."""
        return [int(task) for task in (*self.seen.running, *self.seen.waiting)]


def book_of(cell: StoredCell) -> Ledger:
    """The ledger at the end of the horizon.

    It lacks the poison tasks, and ends before anybody freed what was stuck.
    """
    book = ledger.load(cell).without(poison_tasks(cell.journal))
    freed = cell.journal["marks"].get("freed_from_ns")
    return book.until(int(freed)) if freed else book


def poison_tasks(journal: Mapping[str, Any]) -> set[int]:
    """The poison tasks: ids of the tasks that brought a fault about."""
    return {int(fault["culprit"]) for fault in journal["faults"] if fault["culprit"] is not None}


def injections_of(cell: StoredCell, book: Ledger) -> list[MeasuredInjection]:
    """The strikes of a stored cell in order of time."""
    marks = cell.journal["marks"]
    return injections(
        book, cell.journal["faults"], marks, int(marks["end_ns"]), int(cell.spec["slots"])
    )


def injections(
    book: Ledger,
    faults: Sequence[Mapping[str, Any]],
    marks: Mapping[str, Any],
    end_ns: int,
    slots: int,
) -> list[MeasuredInjection]:
    """The strikes in order of time.

    Each is observed until the load spike of the next one falls due, and counts only the tasks that
    no earlier one had hit.
    """
    so_far: list[MeasuredInjection] = []
    # Not until the next t0: that spike waits by then, and would stand in this strike's backlog
    # for ever.
    ends = [int(fault["heap_ns"]) for fault in faults[1:]] + [end_ns]
    for fault, until in zip(faults, ends, strict=True):
        t0, first = int(fault["t0_ns"]), int(faults[0]["t0_ns"])
        timing = Timing(
            int(marks["begin_ns"]),
            first,
            t0,
            int(fault["back_ns"] or t0),
            until,
            float(marks["rate"]),
            slots,
            LOAD_SPIKE,
            LONG_S,
            SHORT_S,
        )
        times = recovery(book, timing, {task for earlier in so_far for task in earlier.hit})
        so_far.append(MeasuredInjection(timing, times, fault))
    return so_far
