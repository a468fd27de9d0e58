"""Event files as they are read, whole records and a count of what is torn; their ledger."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError
from bench.inprocess.event_log import (
    FINISHED,
    MARKER,
    RAISED,
    RECORD,
    RETURNED,
    SENT,
    STARTED,
    header,
)
from bench.record.ledger import ACCEPTED, ERROR, OPEN, UNSENT, Ints, Ledger, positions

EVENT = np.dtype(
    [
        ("marker", "S2"),
        ("kind", "u1"),
        ("flag", "u1"),
        ("pid", "<u4"),
        ("task", "<i8"),
        ("stamp", "<i8"),
        ("a", "<u8"),
        ("b", "<u8"),
    ]
)
assert EVENT.itemsize == RECORD.size
RunColumns = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]
"""The columns of a ledger from `run_task` to `raised`."""


@dataclass(frozen=True)
class Events:
    """The records of one event file, (records,) of EVENT, in the order of writing.

    `torn` counts the pieces inside it that are no record, `tail` says that it ends in one.
    """

    records: npt.NDArray[np.void]
    torn: int = 0
    tail: bool = False


def parse(data: bytes) -> Events:
    """The records in the bytes behind a header; what is torn is skipped and counted."""
    records = np.frombuffer(data, EVENT, len(data) // EVENT.itemsize)
    rest = data[records.nbytes :]
    return (
        Events(records, 0, len(rest) > 0)
        if _valid(records).all() and _begins(rest)
        else _resync(data)
    )


def _begins(data: bytes) -> bool:
    """Whether a record begins here, whole or torn; also true at the end of a file."""
    return MARKER.startswith(data[: len(MARKER)])


def _valid(records: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    return np.asarray(
        (records["marker"] == MARKER)
        & (records["kind"] >= STARTED)
        & (records["kind"] <= RAISED)
        & (records["flag"] <= 1)
    )


def _resync(data: bytes) -> Events:
    kept, torn, at, size = [], 0, 0, EVENT.itemsize
    while at + size <= len(data):
        # A torn piece borrows its missing bytes from its neighbour: only what another record
        # follows is whole. The one byte that may stand between is a piece torn after the first byte
        # of its marker.
        behind = data[at + size : at + size + 1 + len(MARKER)]
        whole = _begins(behind) or (behind[:1] == MARKER[:1] and _begins(behind[1:]))
        if whole and _valid(np.frombuffer(data[at : at + size], EVENT))[0]:
            kept.append(data[at : at + size])
            at += size
        else:
            torn += 1
            marker_at = data.find(MARKER, at + 1)
            at = marker_at if marker_at >= 0 else len(data)
    return Events(np.frombuffer(b"".join(kept), EVENT), torn, at < len(data))


def read(path: Path, begin: bytes | None = None) -> Events:
    """A whole event file; UsageError if it is of another format or of another clock.

    `begin` is its first record, that of this host's files unless told.
    """
    # Unbuffered: a million tasks are 80 MB, once is enough.
    with open(path, "rb", buffering=0) as file:
        if file.read(RECORD.size) != (begin or header()):
            raise UsageError(
                f"{path} was not written by this version of bench in this boot and time namespace: "
                "measure the cell again"
            )
        return parse(file.read())


class FileTail:
    """An event file that grows, read a bit at a time; each `poll` gives the new records."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY)
        self._at = RECORD.size

    def poll(self) -> npt.NDArray[np.void]:
        """The whole records that have come since the last poll."""
        behind = os.fstat(self._fd).st_size - self._at
        data = os.pread(self._fd, max(behind // RECORD.size * RECORD.size, 0), self._at)
        self._at += len(data)
        return parse(data).records

    def count(self) -> int:
        """How many records stand in the file, read or not: as cheap as it gets."""
        return (os.fstat(self._fd).st_size - RECORD.size) // RECORD.size

    def close(self) -> None:
        os.close(self._fd)


def build(
    plan: tuple[Ints, Ints] | None, generators: Collection[Path], runs: Path
) -> tuple[Ledger, int]:
    """(the ledger, how many torn pieces lay inside the files) from the event files of a cell.

    `plan` is (ids, due_ns), both (tasks,), or None where the generator chose as it went; what it
    chose beside a plan is added. One file is held at a time and taken apart by column: a
    million tasks must not cost the instrument its memory.
    """
    sends, returns, torn = sent_of(generators)
    ids, due = with_chosen(plan, sends) if plan is not None else (sends[0], sends[2])
    ids, first = np.unique(ids, return_index=True)
    due = due[first]
    sent_ns, sent_due = placed(ids, sends[0], sends[1]), placed(ids, sends[0], sends[2])
    due = np.where(sent_due >= 0, sent_due, due)
    del sent_due, sends, first
    returned, flag = placed(ids, returns[0], returns[1]), placed(ids, returns[0], returns[2])
    del returns
    state = np.where(
        returned >= 0, np.where(flag == 1, ERROR, ACCEPTED), np.where(sent_ns >= 0, OPEN, UNSENT)
    ).astype(np.int8)
    del flag
    columns, torn_runs = runs_of(runs)
    return Ledger(ids, due, sent_ns, returned, state, *columns), torn + torn_runs


def with_chosen(plan: tuple[Ints, Ints], sends: list[Ints]) -> tuple[Ints, Ints]:
    """(ids, due_ns) of a plan, and of what was sent beside it."""
    chosen = ~np.isin(sends[0], plan[0])
    return np.concatenate((plan[0], sends[0][chosen])), np.concatenate((plan[1], sends[2][chosen]))


def _columns(records: npt.NDArray[np.void], kind: int, names: tuple[str, ...]) -> list[Ints]:
    at = records["kind"] == kind
    return [records[name][at].astype(np.int64) for name in names]


def sent_of(
    generators: Collection[Path], begin: bytes | None = None
) -> tuple[list[Ints], list[Ints], int]:
    """([task, sent, due], [task, returned, flag], torn) of all generators; stamps in ns."""
    sends, returns, torn = [], [], 0
    for path in generators:
        events = read(path, begin)
        torn += events.torn
        sends.append(_columns(events.records, SENT, ("task", "stamp", "a")))
        returns.append(_columns(events.records, RETURNED, ("task", "stamp", "flag")))
    return joined(sends), joined(returns), torn


def joined(parts: list[list[Ints]]) -> list[Ints]:
    """The columns of several files one behind the other."""
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def placed(ids: Ints, tasks: Ints, values: Ints) -> Ints:
    """(ids,) the value of each id, -1 where there is none."""
    result = np.full(len(ids), -1, np.int64)
    at, known = positions(ids, tasks)
    result[at[known]] = values[known]
    return result


def runs_of(path: Path, begin: bytes | None = None) -> tuple[RunColumns, int]:
    """(the run columns of a ledger, how many torn pieces the file has).

    A run is a start and its end, a finish or an exception, if that comes next in the same thread;
    else it was cut off.
    """
    events = read(path, begin)
    records, torn = events.records, events.torn
    # Stable: the order of writing stays.
    order = np.lexsort((records["a"], records["pid"])).astype(np.int32)
    kind, pid, thread, task = (records[name][order] for name in ("kind", "pid", "a", "task"))
    start, raising = kind == STARTED, kind == RAISED
    ends = (kind == FINISHED) | raising
    follows = np.zeros(len(kind), bool)
    follows[:-1] = (
        start[:-1]
        & ends[1:]
        & (pid[1:] == pid[:-1])
        & (thread[1:] == thread[:-1])
        & (task[1:] == task[:-1])
    )
    paired = np.zeros(len(kind), bool)
    paired[1:] = follows[:-1]
    # An end without its start is a run too: it must not vanish, it violates the order.
    at = np.flatnonzero(start | (ends & ~paired))
    task, pid, thread = task[at], pid[at], thread[at]
    stamp, b = records["stamp"][order], records["b"][order[at]]
    del records, events, order, kind, ends
    started = np.where(start[at], stamp[at], -1)
    end = np.where(follows[at], np.minimum(at + 1, max(len(stamp) - 1, 0)), at)
    cut_off = start[at] & ~follows[at]
    finished = np.where(cut_off | raising[end], -1, stamp[end])
    raised = np.where(raising[end], stamp[end], -1) if raising.any() else np.empty(0, np.int64)
    del stamp, at, end
    by = np.argsort(started, kind="stable")
    return (
        task[by],
        pid[by].astype(np.int64),
        (b >> np.uint64(32)).astype(np.int64)[by],
        thread[by].view(np.int64),
        started[by],
        finished[by],
        (b & np.uint64(0xFFFFFFFF)).astype(np.int64)[by],
        raised[by] if len(raised) else raised,
    ), torn
