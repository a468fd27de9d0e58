"""How long after a fault a system served, worked off and kept up again: pure, from the ledger."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.record.ledger import ACCEPTED, Ints, Ledger

WINDOW_NS = 1_000_000_000
STEADY_NS = 5_000_000_000
ENOUGH = 0.90


@dataclass(frozen=True)
class Timing:
    """What was sent in a cell, and when its fault struck.

    Stamps are in ns, `rate` is in tasks/s, `long_s` and `short_s` are the service times in s.
    """

    begin_ns: int
    lead_until_ns: int  # the first strike: what came before it is normal
    t0_ns: int
    serving_from_ns: int  # t0, or the return of what was taken away
    end_ns: int  # the next strike, or the end of the cell
    rate: float
    slots: int
    load_spike: int  # long tasks per slot that fell due at the fault
    long_s: float
    short_s: float


@dataclass(frozen=True)
class RecoveryTimes:
    """Seconds after t0, None for what did not come within the time observed.

    `running` and `waiting` are ids of tasks, (tasks,).
    """

    service: float | None
    work: float | None
    work_running: float | None
    work_waiting: float | None
    rate: float | None
    backlog: float | None
    outage: float
    running: Ints
    waiting: Ints


def recovery(book: Ledger, timing: Timing, hit_before: Collection[int] = ()) -> RecoveryTimes:
    """The recovery times after one fault, and the ids of the tasks that it hit.

    A time is 0 where it is no longer than an undisturbed system would show after such a
    load spike. Tasks that an earlier strike had hit already (`hit_before`) are left to that one.
    """
    first_start, first_finish = book.first_start(), book.first_finish()
    accepted = book.measured() & (book.enqueue == ACCEPTED)
    before = (
        accepted
        & (book.returned < timing.t0_ns)
        & ((first_finish < 0) | (first_finish >= timing.t0_ns))
        & ~np.isin(book.task, np.array(sorted(hit_before), np.int64))
    )
    ran = (first_start >= 0) & (first_start < timing.t0_ns)
    normal = _undisturbed_s(book, timing, first_start)

    def snapped(seconds: float | None) -> float | None:
        return 0.0 if seconds is not None and seconds <= normal else seconds

    return RecoveryTimes(
        service=snapped(_service(book, timing, first_start, accepted)),
        work=snapped(_last(first_finish[before], timing)),
        work_running=snapped(_last(first_finish[before & ran], timing)),
        work_waiting=snapped(_last(first_finish[before & ~ran], timing)),
        rate=snapped(_rate(first_finish[book.measured() & (first_finish >= 0)], timing)),
        backlog=snapped(_backlog(book, timing, first_start, accepted)),
        outage=_outage(first_finish[book.measured() & (first_finish >= 0)], timing),
        running=book.task[before & ran],
        waiting=book.task[before & ~ran],
    )


def _undisturbed_s(book: Ledger, timing: Timing, first_start: Ints) -> float:
    """Seconds for which the load spike alone is felt, without any fault.

    To that the longest wait of the lead-in and the time between two arrivals are added.

    The spike keeps the slots busy for spike × task time; what arrives meanwhile is worked off with
    the capacity that is left over: ÷ (1 - ρ), the busy period of a work-conserving queue. The task
    time is taken from the lead-in, the system's own overhead included.
    """
    first_finish = book.first_finish()
    lead = book.measured() & (first_finish >= 0) & (book.due < timing.lead_until_ns - WINDOW_NS)
    if not lead.any():
        return timing.load_spike * timing.long_s + 1 / timing.rate
    longest = float((first_start - book.due)[lead].max()) / 1e9
    # A slow one of the lead-in stands for all: what is left behind a spike competes for the cores.
    each = float(np.quantile((first_finish - book.due)[lead], 0.9)) / 1e9
    busy = min(timing.rate / timing.slots * each, 0.9)
    return (
        timing.load_spike * (timing.long_s + max(each - timing.short_s, 0.0)) / (1 - busy)
        + longest
        + 1 / timing.rate
    )


def _service(
    book: Ledger, timing: Timing, first_start: Ints, accepted: npt.NDArray[np.bool_]
) -> float | None:
    new = (
        accepted
        & (book.returned >= timing.serving_from_ns)
        & (first_start >= timing.serving_from_ns)
        & (first_start < timing.end_ns)
    )
    return (int(first_start[new].min()) - timing.t0_ns) / 1e9 if new.any() else None


def _last(finishes: Ints, timing: Timing) -> float | None:
    if not len(finishes):
        return 0.0
    if (finishes < 0).any():
        return None
    return (int(finishes.max()) - timing.t0_ns) / 1e9


def _rate(finishes: Ints, timing: Timing) -> float | None:
    """Seconds from t0 to the first finish after which the rate holds; None if it never does.

    It holds if every window of 1 s, slid over the stamps of the next 5 s, has ≥ 90 % of the tasks
    due.
    """
    stamps = np.sort(finishes[(finishes >= timing.t0_ns) & (finishes < timing.end_ns)])
    # A window behind a stamp, the stamp left out: the emptiest window that begins there.
    held = np.searchsorted(stamps, stamps + WINDOW_NS, side="right") - np.arange(len(stamps)) - 1
    good = held >= np.floor(ENOUGH * timing.rate)
    judged = stamps + WINDOW_NS <= timing.end_ns
    bad = np.flatnonzero(~good & judged)
    for at in np.flatnonzero(good & judged):
        until = stamps[at] + STEADY_NS
        if until > timing.end_ns:
            return None
        after = bad[bad > at]
        if not len(after) or stamps[after[0]] > until - WINDOW_NS:
            return float(stamps[at] - timing.t0_ns) / 1e9
    return None


def _backlog(
    book: Ledger, timing: Timing, first_start: Ints, accepted: npt.NDArray[np.bool_]
) -> float | None:
    """Seconds from t0 until no more tasks wait than ever in the lead-in; None if that never comes.

    Counted are the tasks that were accepted after t0 and have not started.
    """
    lead = accepted & (book.returned < timing.lead_until_ns) & (book.returned >= timing.begin_ns)
    most = max(
        _most_waiting(book.returned[lead], first_start[lead], timing.lead_until_ns - WINDOW_NS), 1
    )
    after = accepted & (book.returned >= timing.t0_ns) & (book.returned < timing.end_ns)
    came = np.sort(book.returned[after])
    began = np.sort(first_start[after & (first_start >= 0) & (first_start < timing.end_ns)])
    stamps = np.sort(np.concatenate((came, began)))
    waiting = np.searchsorted(came, stamps, side="right") - np.searchsorted(
        began, stamps, side="right"
    )
    too_many = np.flatnonzero(waiting > most)
    if not len(too_many):
        return 0.0
    # The last moment of too many, not the first of few: the backlog must still grow when the fault
    # has just struck.
    last = int(too_many[-1])
    return float(stamps[last + 1] - timing.t0_ns) / 1e9 if last + 1 < len(stamps) else None


def _most_waiting(came: Ints, began: Ints, until_ns: int) -> int:
    came = np.sort(came[came < until_ns])
    started = np.searchsorted(np.sort(began[began >= 0]), came, side="right")
    waiting = np.arange(1, len(came) + 1) - started
    return int(waiting.max()) if len(waiting) else 0


def _outage(finishes: Ints, timing: Timing) -> float:
    """The longest gap in s between finishes that spans t0 or begins within 5 s of it.

    The end of the cell closes the last gap.
    """
    stamps = np.concatenate((np.sort(finishes[finishes < timing.end_ns]), [timing.end_ns]))
    gaps = np.diff(stamps)
    spans = (stamps[1:] >= timing.t0_ns) & (stamps[:-1] <= timing.t0_ns + STEADY_NS)
    return float(gaps[spans].max()) / 1e9 if spans.any() else 0.0
