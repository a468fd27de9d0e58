"""Events to ledger to fates: what was planned, sent and run, joined by task id."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.errors import UsageError
from bench.probe.events import FINISHED, MARKER, RECORD, RETURNED, SENT, STARTED, header
from bench.store import StoredCell

Ints = npt.NDArray[np.int64]
EVENT = np.dtype([("marker", "S2"), ("kind", "u1"), ("flag", "u1"), ("pid", "<u4"), ("task", "<i8"), ("stamp", "<i8"), ("a", "<u8"), ("b", "<u8")])
ENQUEUE = ("unsent", "open", "accepted", "error")
UNSENT, OPEN, ACCEPTED, ERROR = range(4)
assert EVENT.itemsize == RECORD.size


@dataclass(frozen=True)
class Events:
    """The records of one event file; `torn` counts pieces inside it that are no record, `tail` says that it ends in one."""

    records: npt.NDArray[Any]
    torn: int = 0
    tail: bool = False


def parse(data: bytes) -> Events:
    """The records in the bytes behind a header; what is torn is skipped and counted."""
    records = np.frombuffer(data, EVENT, len(data) // EVENT.itemsize)
    rest = data[records.nbytes :]
    return Events(records, 0, len(rest) > 0) if _valid(records).all() and _begins(rest) else _resync(data)


def _begins(data: bytes) -> bool:
    """Whether a record begins here, whole or torn; also true at the end of a file."""
    return MARKER.startswith(data[: len(MARKER)])


def _valid(records: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    good: npt.NDArray[np.bool_] = (records["marker"] == MARKER) & (records["kind"] >= STARTED) & (records["kind"] <= 6) & (records["flag"] <= 1)
    return good


def _resync(data: bytes) -> Events:
    kept, torn, at, size = [], 0, 0, EVENT.itemsize
    while at + size <= len(data):
        # A torn piece borrows its missing bytes from its neighbour: only what another record follows is whole.
        # The one byte that may stand between is a piece torn after the first byte of its marker.
        behind = data[at + size : at + size + 1 + len(MARKER)]
        whole = _begins(behind) or (behind[:1] == MARKER[:1] and _begins(behind[1:]))
        if whole and _valid(np.frombuffer(data[at : at + size], EVENT))[0]:
            kept.append(data[at : at + size])
            at += size
            continue
        torn += 1
        found = data.find(MARKER, at + 1)
        at = found if found >= 0 else len(data)
    return Events(np.frombuffer(b"".join(kept), EVENT), torn, at < len(data))


def read(path: Path) -> Events:
    """A whole event file; UsageError if it is of another format or of another boot."""
    with open(path, "rb") as file:
        if file.read(RECORD.size) != header():
            raise UsageError(f"{path} was not written by this version of bench in this boot: measure the cell again")
        # Straight into an array: a million tasks are 80 MB, once is enough.
        records = np.fromfile(file, EVENT)
        file.seek(RECORD.size + records.nbytes)
        rest = file.read()
        if _valid(records).all() and _begins(rest):
            return Events(records, 0, len(rest) > 0)
        file.seek(RECORD.size)
        return _resync(file.read())


class Tail:
    """An event file that grows, read a bit at a time; each `poll` gives the new records."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY)
        self._at = RECORD.size

    def poll(self) -> npt.NDArray[Any]:
        """The whole records that have come since the last poll."""
        size = os.fstat(self._fd).st_size
        length = (size - self._at) // RECORD.size * RECORD.size
        data = os.pread(self._fd, max(length, 0), self._at)
        self._at += len(data)
        return parse(data).records

    def count(self) -> int:
        """How many records stand in the file, read or not: as cheap as it gets."""
        return (os.fstat(self._fd).st_size - RECORD.size) // RECORD.size

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


@dataclass(frozen=True)
class Ledger:
    """One row per planned task (sorted by id), one row per run of a task (sorted by start)."""

    task: Ints
    due: Ints
    sent: Ints
    returned: Ints
    enqueue: npt.NDArray[np.int8]
    run_task: Ints
    run_pid: Ints
    run_parent: Ints
    run_thread: Ints
    started: Ints
    finished: Ints
    import_us: Ints

    def first_finish(self) -> Ints:
        """For each planned task the stamp of its first finish, or -1."""
        done = self.finished >= 0
        return _first(self.task, self.run_task[done], self.finished[done])

    def first_start(self) -> Ints:
        """For each planned task the stamp of its first start, or -1."""
        return _first(self.task, self.run_task, self.started)

    def finishes(self) -> Ints:
        """How many finished runs each planned task has."""
        done = self.run_task[self.finished >= 0]
        at = np.searchsorted(self.task, done)
        at = at[(at < len(self.task)) & (self.task[np.minimum(at, len(self.task) - 1)] == done)] if len(self.task) else at[:0]
        return np.bincount(at, minlength=len(self.task)).astype(np.int64)

    def measured(self) -> npt.NDArray[np.bool_]:
        """The tasks that count: warm-up has negative ids."""
        return self.task >= 0

    def unexpected(self) -> list[int]:
        """Ids that ran and were never planned."""
        return sorted(int(task) for task in np.setdiff1d(self.run_task, self.task))


def _first(tasks: Ints, of: Ints, stamps: Ints) -> Ints:
    result = np.full(len(tasks), np.iinfo(np.int64).max)
    if len(tasks):
        spot = np.minimum(np.searchsorted(tasks, of), len(tasks) - 1)
        hit = tasks[spot] == of
        np.minimum.at(result, spot[hit], stamps[hit])
    result[result == np.iinfo(np.int64).max] = -1
    return result


def build(plan: tuple[Ints, Ints] | None, generators: Collection[Path], runs: Path) -> tuple[Ledger, int]:
    """Join the event files of a cell: the ledger, and how many torn pieces lay inside the files.

    `plan` is (ids, due_ns); where the generator chose as it went it is None. One file is held at a
    time and taken apart by column: a million tasks must not cost the instrument its memory.
    """
    sends, returns, torn = _sent(generators)
    ids, due = plan if plan is not None else (sends[0], sends[2])
    ids, first = np.unique(ids, return_index=True)
    due = due[first]
    sent_ns, sent_due = _placed(ids, sends[0], sends[1]), _placed(ids, sends[0], sends[2])
    due = np.where(sent_due >= 0, sent_due, due)
    del sent_due, sends, first
    returned, flag = _placed(ids, returns[0], returns[1]), _placed(ids, returns[0], returns[2])
    del returns
    state = np.where(returned >= 0, np.where(flag == 1, ERROR, ACCEPTED), np.where(sent_ns >= 0, OPEN, UNSENT)).astype(np.int8)
    del flag
    columns, torn_runs = _pair(runs)
    return Ledger(ids, due, sent_ns, returned, state, *columns), torn + torn_runs


def _columns(records: npt.NDArray[Any], kind: int, names: tuple[str, ...]) -> list[Ints]:
    at = records["kind"] == kind
    return [records[name][at].astype(np.int64) for name in names]


def _sent(generators: Collection[Path]) -> tuple[list[Ints], list[Ints], int]:
    """([task, sent, due], [task, returned, flag], torn) of all generators."""
    sends, returns, torn = [], [], 0
    for path in generators:
        events = read(path)
        torn += events.torn
        sends.append(_columns(events.records, SENT, ("task", "stamp", "a")))
        returns.append(_columns(events.records, RETURNED, ("task", "stamp", "flag")))
    return _joined(sends), _joined(returns), torn


def _joined(parts: list[list[Ints]]) -> list[Ints]:
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)] if parts else [np.empty(0, np.int64)] * 3


def _placed(ids: Ints, tasks: Ints, values: Ints) -> Ints:
    result = np.full(len(ids), -1, np.int64)
    if len(ids) and len(tasks):
        spot = np.minimum(np.searchsorted(ids, tasks), len(ids) - 1)
        hit = ids[spot] == tasks
        result[spot[hit]] = values[hit]
    return result


def _pair(path: Path) -> tuple[tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints], int]:
    """A start and the record that follows it in the same thread: its finish, or that run was cut off. Last, the torn pieces."""
    events = read(path)
    records, torn = events.records, events.torn
    order = np.lexsort((records["a"], records["pid"])).astype(np.int32)  # stable: the order of writing stays
    kind, pid, thread, task = (records[name][order] for name in ("kind", "pid", "a", "task"))
    start = kind == STARTED
    follows = np.zeros(len(kind), bool)
    follows[:-1] = start[:-1] & (kind[1:] == FINISHED) & (pid[1:] == pid[:-1]) & (thread[1:] == thread[:-1]) & (task[1:] == task[:-1])
    paired = np.zeros(len(kind), bool)
    paired[1:] = follows[:-1]
    # A finish without its start is a run too: it must not vanish, it violates the order.
    at = np.flatnonzero(start | ((kind == FINISHED) & ~paired))
    task, pid, thread = task[at], pid[at], thread[at]
    stamp, b = records["stamp"][order], records["b"][order[at]]
    del records, events, order, kind
    started = np.where(start[at], stamp[at], -1)
    finished = np.where(follows[at], stamp[np.minimum(at + 1, max(len(stamp) - 1, 0))], np.where(start[at], -1, stamp[at]))
    del stamp, at
    by = np.argsort(started, kind="stable")
    import_us, parent = (b & np.uint64(0xFFFFFFFF)).astype(np.int64), (b >> np.uint64(32)).astype(np.int64)
    return (task[by], pid[by].astype(np.int64), parent[by], thread[by].view(np.int64), started[by], finished[by], import_us[by]), torn


def tables(ledger: Ledger, errors: Mapping[int, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of tasks.parquet and runs.parquet."""
    state = pa.DictionaryArray.from_arrays(pa.array(ledger.enqueue), list(ENQUEUE))
    texts = ["", *sorted(set(errors.values()))]
    place = {text: number for number, text in enumerate(texts)}
    code = np.zeros(len(ledger.task), np.int32)
    for task, text in errors.items():
        code[np.searchsorted(ledger.task, task)] = place[text]
    error = pa.DictionaryArray.from_arrays(pa.array(code), texts)
    tasks = {"task": ledger.task, "due_ns": ledger.due, "sent_ns": ledger.sent, "returned_ns": ledger.returned, "enqueue": state, "error": error}
    runs = {
        "task": ledger.run_task,
        "pid": ledger.run_pid,
        "parent": ledger.run_parent,
        "thread": ledger.run_thread,
        "started_ns": ledger.started,
        "finished_ns": ledger.finished,
        "import_us": ledger.import_us,
    }
    return tasks, runs


def load(cell: StoredCell) -> Ledger:
    """The ledger of a stored cell."""
    tasks = cell.tasks
    state = tasks["enqueue"].combine_chunks()
    translate = np.array([ENQUEUE.index(word) for word in state.dictionary.to_pylist()], np.int8)
    codes = translate[state.indices.to_numpy()] if len(state) else np.empty(0, np.int8)
    task, due, sent, returned = (_column(tasks, name) for name in ("task", "due_ns", "sent_ns", "returned_ns"))
    runs = cell.runs
    return Ledger(
        task, due, sent, returned, codes, *(_column(runs, name) for name in ("task", "pid", "parent", "thread", "started_ns", "finished_ns", "import_us"))
    )


def _column(table: pa.Table, name: str) -> Ints:
    column = table[name]
    # One chunk can be looked at where it lies.
    return np.asarray(column.chunk(0).to_numpy() if column.num_chunks == 1 else column.to_numpy(), np.int64)
