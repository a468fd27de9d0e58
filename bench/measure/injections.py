"""The strikes of a cell of recovery, from its ledger: of a stored cell, or of a live one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.measure.recovery_times import RecoveryTimes, Timing, recovery
from bench.model.cell_log import Injection
from bench.record import ledger
from bench.record.ledger import Ledger
from bench.record.store import StoredCell

PER_SLOT = 10.0  # short tasks per second
SHORT, LONG = "sleep:20", "sleep:200"
SHORT_S, LONG_S = 0.02, 0.2
LOAD_SPIKE = 4  # long tasks per slot, due at once when the fault strikes


@dataclass(frozen=True)
class MeasuredInjection:
    """One fault of a cell: when it struck, what it hit, and how the system came back."""

    timing: Timing
    seen: RecoveryTimes

    @property
    def hit(self) -> list[int]:
        """The ids of the tasks that were accepted and unfinished when it struck."""
        return [int(task) for task in (*self.seen.running, *self.seen.waiting)]


def book_of(cell: StoredCell) -> Ledger:
    """The ledger at the end of the horizon.

    It lacks the poison tasks, and ends before anybody freed what was stuck.
    """
    book = ledger.load(cell).without(cell.log.poison_tasks)
    freed = cell.log.marks.get("freed_from_ns")
    return book.until(int(freed)) if freed else book


def injections_of(cell: StoredCell, book: Ledger) -> list[MeasuredInjection]:
    """The strikes of a stored cell in order of time."""
    log = cell.log
    return injections(book, log.injections, log.marks, int(log.marks["end_ns"]), cell.spec.slots)


def injections(
    book: Ledger,
    struck: Sequence[Injection],
    marks: Mapping[str, float],
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
    ends = [each.load_spike_ns for each in struck[1:]] + [end_ns]
    for each, until in zip(struck, ends, strict=True):
        timing = Timing(
            int(marks["begin_ns"]),
            struck[0].t0_ns,
            each.t0_ns,
            each.back_ns or each.t0_ns,
            until,
            float(marks["rate"]),
            slots,
            LOAD_SPIKE,
            LONG_S,
            SHORT_S,
        )
        hit_before = {task for earlier in so_far for task in earlier.hit}
        so_far.append(MeasuredInjection(timing, recovery(book, timing, hit_before)))
    return so_far
