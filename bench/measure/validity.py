"""Was the instrument fit? Each gate reads stored files alone.

It returns the reason in plain words, or an empty text where nothing is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from bench.measure.retried import pushed_again
from bench.record.fates import order_violations
from bench.record.ledger import ACCEPTED, OPEN, UNSENT, Ints, Ledger
from bench.record.store import StoredCell

FOREIGN_LOAD = 0.05
FOREIGN_LOAD_FROM_S = 2.0  # a shorter phase has too few clock ticks to judge 5 % of them
HALTED = 0.01  # all cores stand still at once, and a P99 is made of the worst 1 %
LAG_MS, LAG_SHARE = 1.0, 0.10
READY_TASKS = -10_000  # ids between this and 0 show that the workers are ready
UNSENT_SHARE, UNSENT_AT_LEAST = 0.005, 5
Span = tuple[str, "pd.Series[float]", "pd.Series[float]", float]


def events(cell: StoredCell, book: Ledger, all_sent: bool = False) -> str:
    """Torn records inside a file and violations of the order.

    Where every task was to be sent (`all_sent`), also planned ids without any record.
    """
    problems = order_violations(book)
    torn = cell.log.torn_records
    if torn:
        problems.append(f"{torn} torn records inside an event file")
    silent = int((book.measured() & (book.enqueue == UNSENT)).sum())
    if all_sent and silent and not cell.log.marks.get("out_of_time"):
        problems.append(f"{silent} planned tasks without any generator record")
    return "events: " + "; ".join(problems) if problems else ""


def machine(cell: StoredCell, phases: Sequence[str], cores: int) -> str:
    """Time for which a quota halted the cell, or a load of others on its `cores`."""
    return throttled(cell, phases) or foreign_load(cell, phases, cores)


def throttled(cell: StoredCell, phases: Iterable[str]) -> str:
    """Time for which the cgroup's CPU quota halted the cell; cells of 0.1 have no record of it."""
    if "halted_core_s" not in cell.samples:
        return ""
    reasons = (
        halted_too_long(
            float(end["halted_core_s"] - start["halted_core_s"]),
            seconds,
            float(end["quota_cores"]),
            name,
        )
        for name, start, end, seconds in _spans(cell.samples, phases)
    )
    return next(filter(None, reasons), "")


def halted_too_long(core_s: float, seconds: float, quota_cores: float, during: str) -> str:
    """The reason for `invalid` if the quota halted the cell for too much of the time.

    `core_s` is added up over the cores, `seconds` is wall time; NaN stands for an unknown figure.
    """
    if not core_s > HALTED * seconds:
        return ""
    of = "" if np.isnan(quota_cores) else f" of {quota_cores:g} cores"
    return (
        f"throttled: the cgroup's CPU quota{of} halted this cell for {core_s:.2g} s, added up "
        f"over its cores, in the {seconds:.1f} s of {during} ({HALTED:.0%} is the limit): "
        "raise the limit, or give --cpuset-cpus instead"
    )


def foreign_load(cell: StoredCell, phases: Iterable[str], cores: int) -> str:
    """Busy time, steal included, that was neither the cell's nor the instrument's."""
    reasons = (
        too_busy(
            (
                (end["machine_busy_s"] - start["machine_busy_s"])
                - (end["all_cpu_s"] - start["all_cpu_s"])
            )
            / (seconds * cores),
            phase,
        )
        for phase, start, end, seconds in _spans(cell.samples, phases)
        if seconds >= FOREIGN_LOAD_FROM_S
    )
    return next(filter(None, reasons), "")


def too_busy(share: float, during: str) -> str:
    """The reason for `invalid` if others took too large a share (0.05 = 5 %) of the cores."""
    if not share > FOREIGN_LOAD:
        return ""
    return (
        f"foreign load: {share:.1%} of the machine was busy with something else during {during} "
        "(5 % is the limit): end it and measure again"
    )


def _spans(samples: pd.DataFrame, phases: Iterable[str]) -> Iterator[Span]:
    """Each phase that the cell came to, with its first and last sample and its seconds."""
    for name in phases:
        try:
            start, end = edge(samples, f"{name}:start"), edge(samples, f"{name}:end")
        except KeyError:
            continue
        yield name, start, end, (end["ns"] - start["ns"]) / 1e9


def edge(samples: pd.DataFrame, label: str) -> "pd.Series[float]":
    """The last sample with that label; KeyError if there is none."""
    rows = samples[samples["edge"] == label]
    if rows.empty:
        raise KeyError(label)
    return rows.iloc[-1]


def generator(
    cell: StoredCell,
    book: Ledger,
    before_ns: int | None = None,
    generators: int | None = None,
    since_ns: int = 0,
) -> str:
    """A wake lag, or tasks that were not sent in time: the load was not what was promised.

    With `before_ns` only tasks due before that stamp are judged; `generators` is how many of the
    cell's generators shared that load, if not all of them, `since_ns` when its schedule began.
    """
    ours = (book.task >= 0) & (True if before_ns is None else book.due < before_ns)
    finish = book.first_finish()[ours]
    done = (finish - book.due[ours])[finish >= 0]
    # Here the P99 only scales a limit: it serves also where it rests on too few tasks to be
    # reported.
    p99_ms = float(np.quantile(done, 0.99)) / 1e6 if len(done) else 0.0
    lags = wake_lag_ns(book, generators or cell.log.generators, since_ns)
    lag = lags[ours & (book.sent >= 0)]
    if len(lag):
        limit = max(LAG_MS, LAG_SHARE * p99_ms)
        share = farthest(len(lag))
        worst = float(np.quantile(lag, share, method="higher")) / 1e6
        if worst > limit:
            return (
                f"generator: its wake lag P{100 * share:.3g} was {worst:.2f} ms, more than "
                f"{limit:.2f} ms: give it a quieter machine or a lower rate"
            )
    last_due = int(book.due[ours].max()) if ours.any() else 0
    unsent = int((ours & ((book.sent < 0) | (book.sent > last_due))).sum())
    open_then = bool(
        (
            ours
            & (book.sent >= 0)
            & (book.sent <= last_due)
            & ((book.returned < 0) | (book.returned > last_due))
        ).any()
    ) or bool((book.enqueue == OPEN).any())
    if unsent > max(UNSENT_SHARE * int(ours.sum()), UNSENT_AT_LEAST) and not open_then:
        return (
            f"generator: {unsent} tasks were not sent when the last was due, "
            "and no enqueue call was open"
        )
    return ""


def farthest(samples: int) -> float:
    """The quantile (0.5 to 0.99) by which the generator is judged.

    It is P99, or as far out as ten samples lie beyond: no figure of the cell reaches farther.
    """
    return max(0.5, min(0.99, 1 - 10 / samples))


def wake_lag_ns(book: Ledger, generators: int, since_ns: int = 0) -> Ints:
    """(tasks,) ns: sent - max(due, return of the previous call of that process).

    It is 0 where nothing was sent, and for what was due before the schedule began (`since_ns`).

    Rows of a schedule go to the generators in turn, in order of their due time. The few tasks that
    show that the workers are ready have schedules of their own and stay out.
    """
    lag = np.zeros(len(book.task), np.int64)
    order = np.lexsort((book.task, book.due))
    order = order[
        (book.sent[order] >= 0)
        & (book.due[order] >= since_ns)
        & ((book.task[order] >= 0) | (book.task[order] < READY_TASKS))
    ]
    for number in range(generators):
        mine = order[number::generators]
        mine = mine[np.argsort(book.sent[mine], kind="stable")]
        before = np.concatenate(([0], book.returned[mine][:-1]))
        lag[mine] = book.sent[mine] - np.maximum(book.due[mine], before)
    return np.maximum(lag, 0)


def count(
    cell: StoredCell,
    book: Ledger,
    first: str,
    last: str,
    idle: bool = False,
    retries: Mapping[str, int] | None = None,
) -> str:
    """Push commands counted by the broker between two edges that are not the tasks accepted there.

    Where no worker ran (`idle`) its messages are counted too. With `retries` by type of task, each
    further run is a push of its own.
    """
    try:
        a, b = edge(cell.samples, first), edge(cell.samples, last)
    except KeyError:
        return ""
    within = (book.sent >= a["ns"]) & (book.sent <= b["ns"])
    accepted = int((within & (book.enqueue == ACCEPTED)).sum()) + cell.log.left_out
    if any((retries or {}).values()):
        return _count_with_retries(book, retries or {}, accepted, a, b)
    for column, what in (
        ("broker_pushes", "push commands"),
        *([("broker_messages", "messages more")] if idle else []),
    ):
        counted = b[column] - a[column]
        if not np.isnan(counted) and int(counted) != accepted:
            return f"count: the broker saw {int(counted)} {what} for {accepted} accepted tasks"
    return ""


def _count_with_retries(
    book: Ledger,
    retries: Mapping[str, int],
    accepted: int,
    first: "pd.Series[float]",
    last: "pd.Series[float]",
) -> str:
    """As `count`, between two samples; of a run that has just failed the push may still come."""
    counted = last["broker_pushes"] - first["broker_pushes"]
    least, most = pushed_again(book, retries, int(first["ns"]), int(last["ns"]))
    if np.isnan(counted) or accepted + least <= int(counted) <= accepted + most:
        return ""
    seen = f"{least}" if least == most else f"{least} to {most}"
    return (
        f"count: the broker saw {int(counted)} push commands for {accepted} accepted tasks and "
        f"{seen} runs that were due again"
    )
