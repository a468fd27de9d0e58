"""A drained backlog, stored: its rates, and what they cost."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.measure.figures import stands_for
from bench.measure.validity import edge
from bench.model.broker import KINDS
from bench.model.metric import Measure, Verdict
from bench.record import ledger
from bench.record.ledger import Ints, Ledger
from bench.record.store import StoredCell

NOT_TOLD = "the broker's counters are not to be had, or not the cell's alone"
WINDOW = (0.05, 0.95)
Floats = npt.NDArray[np.float64]
SLOT_COLUMNS = {
    "thread": ["run_pid", "run_thread"],
    "process": ["run_pid"],
    "parent": ["run_parent"],
    "none": ["run_pid", "run_thread"],
}
COUNTED = ["broker_cpu_s", "broker_commands", "ns"]


def enqueue_rate(cell: StoredCell, book: Ledger) -> float:
    """Accepted tasks per second, from the first send to the last return."""
    ours = book.measured() & (book.enqueue == ledger.ACCEPTED)
    accepted = float(ours.sum()) + cell.log.left_out
    return accepted / (int(book.returned[ours].max()) - int(book.sent[ours].min())) * 1e9


def window(book: Ledger, slot: str, slots: int) -> tuple[int, int, int] | str:
    """(start_ns, end_ns, finished inside) of the throughput window, or why there is none.

    From the 5 % point, or from the moment when the last slot has finished its first task if that
    is later, to the 95 % point.
    """
    done = np.sort(book.first_finish()[book.measured()])
    done = done[done >= 0]
    if len(done) < 40:
        return f"only {len(done)} tasks finished"
    begun = slots_in(book, slot)
    if slot != "none" and len(begun) < slots:
        return f"only {len(begun)} of {slots} slots ran a task"
    start = max([int(done[math.ceil(WINDOW[0] * len(done)) - 1]), *begun])
    end = int(done[math.ceil(WINDOW[1] * len(done)) - 1])
    inside = int(((done > start) & (done <= end)).sum())
    if inside < 20:
        return "the last slot began when nearly all was done"
    return start, end, inside


def slots_in(book: Ledger, slot: str) -> list[int]:
    """The stamp in ns of the first finish of each slot that ran a measured task."""
    if slot == "none":
        return []
    return [int(stamp) for stamp in _first_by(book, slot)]


def _first_by(book: Ledger, slot: str) -> "pd.Series[int]":
    """The first finish (ns) of each thread, process or parent that ran a measured task."""
    ours, columns = (book.run_task >= 0) & (book.finished >= 0), SLOT_COLUMNS[slot]
    runs = pd.DataFrame({name: getattr(book, name)[ours] for name in ("finished", *columns)})
    return runs.groupby(columns)["finished"].min()


def slots_seen(book: Ledger, slot: str, slots: int) -> int:
    """How many of the slots ran a measured task.

    They are told apart by thread, process or parent. A pool that gives each task a greenlet of its
    own has more of these than slots: there it is how many tasks ran at the same time at most.
    """
    seen = len(_first_by(book, slot))
    if seen <= slots:
        return seen
    ours = (book.run_task >= 0) & (book.finished >= 0)
    return overlapping(book.started[ours], book.finished[ours])


def overlapping(started: Ints, finished: Ints) -> int:
    """The largest number of these runs that went on at the same time; stamps in ns, shape (n,)."""
    stamps = np.concatenate((started, finished))
    steps = np.concatenate((np.ones(len(started)), -np.ones(len(finished))))
    return int(np.cumsum(steps[np.lexsort((steps, stamps))]).max(initial=0))


def throughput(cell: StoredCell, book: Ledger) -> Measure:
    """Finished tasks per second within the window; `beyond` where time ended the cell."""
    span = window(book, cell.spec.slot, cell.spec.slots)
    if isinstance(span, str):
        return Measure("throughput", None, "withheld", span)
    start, end, inside = span
    finished = inside * stands_for(cell, book)
    return Measure("throughput", finished / (end - start) * 1e9, *capped(cell))


def capped(cell: StoredCell) -> tuple[Verdict, str]:
    """(verdict, reason) of a measure that the time cap may have cut short."""
    return (
        ("beyond", "the time cap ended the cell first: measured on what was done")
        if cell.log.marks.get("out_of_time")
        else ("ok", "")
    )


def why_no_server(cell: StoredCell) -> tuple[str, Verdict]:
    """The reason and the verdict where nothing is known of the broker's memory and CPU."""
    kind = KINDS.get(cell.spec.broker)
    return _why_unknown(kind.uncounted if kind and not kind.server else "")


def why_no_commands(cell: StoredCell) -> tuple[str, Verdict]:
    """The reason and the verdict where the broker's commands are not known."""
    kind = KINDS.get(cell.spec.broker)
    return _why_unknown(kind.uncounted if kind else "")


def _why_unknown(not_offered: str) -> tuple[str, Verdict]:
    return (not_offered, "not_offered") if not_offered else (NOT_TOLD, "unavailable")


def worker_cpu(cell: StoredCell, book: Ledger) -> Measure:
    """CPU of the worker tree in ms per task, within the throughput window."""
    span = window(book, cell.spec.slot, cell.spec.slots)
    if isinstance(span, str):
        return Measure("worker_cpu_ms_per_task", None, "withheld", span)
    start, end, inside = span
    if end - start < 1e9:
        return Measure(
            "worker_cpu_ms_per_task",
            None,
            "withheld",
            "the window is shorter than 1 s: CPU time comes in ticks of 10 ms",
        )
    stamps, spent = cell.samples["ns"].to_numpy(), cell.samples["worker_cpu_s"].to_numpy()
    used = float(np.interp(end, stamps, spent) - np.interp(start, stamps, spent))
    return Measure("worker_cpu_ms_per_task", used / (inside * stands_for(cell, book)) * 1e3)


def broker_spent(cell: StoredCell, book: Ledger) -> tuple[float, float]:
    """(CPU in s, commands) that the tasks of a drained backlog took of the broker; NaN for unknown.

    From the first enqueue call to the first sample after the last finish, without the time between
    filling and draining. What the broker spends by the clock is taken off its CPU; of the commands
    nothing is, for a worker that has work does not poll (decision 41).
    """
    samples = cell.samples
    begun = edge(samples, "drain:start")
    last = max(int(begun["ns"]), int(book.first_finish()[book.measured()].max(initial=-1)))
    over = samples[samples["ns"] >= last].iloc[0]
    busy = grown(edge(samples, "enqueue:start"), edge(samples, "enqueue:end"))
    busy += grown(begun, over)
    idle = grown(edge(samples, "settling"), edge(samples, "idle"))
    cpu_s, commands, ns = busy
    return float(np.maximum(cpu_s - cpu_by_the_clock(idle, busy) * ns, 0.0)), float(commands)


def grown(first: "pd.Series[float]", last: "pd.Series[float]") -> Floats:
    """(3,) by how much the columns COUNTED grew from one sample to another."""
    return np.asarray(last[COUNTED] - first[COUNTED], dtype=np.float64)


def cpu_by_the_clock(idle: Floats, busy: Floats) -> float:
    """The CPU that a broker spends per unit of time, whatever it is asked for.

    Both are (3,): CPU, commands and time of a stretch, in the same units. Of each it is said that
    CPU = k · commands + c · time; that is solved for c, at least 0. Where commands are not counted
    (NaN), or came no faster than in the idle stretch, it is all of the idle stretch's CPU.
    """
    idle_cpu, idle_commands, idle_time = map(float, idle)
    cpu, commands, time = map(float, busy)
    weight = commands * idle_time - idle_commands * time
    if not weight > 0:
        return idle_cpu / idle_time
    return max((commands * idle_cpu - idle_commands * cpu) / weight, 0.0)
