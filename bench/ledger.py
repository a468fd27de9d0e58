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
    whole = len(data) - len(data) % EVENT.itemsize
    records = np.frombuffer(data[:whole] if whole < len(data) else data, EVENT)
    good = _valid(records)
    if good.all():
        return Events(records, 0, whole < len(data))
    return _resync(data)


def _valid(records: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return (records["marker"] == MARKER) & (records["kind"] >= STARTED) & (records["kind"] <= 6) & (records["flag"] <= 1)


def _resync(data: bytes) -> Events:
    kept, torn, at, size = [], 0, 0, EVENT.itemsize
    while at + size <= len(data):
        if _valid(np.frombuffer(data[at : at + size], EVENT))[0]:
            kept.append(data[at : at + size])
            at += size
            continue
        torn += 1
        found = data.find(MARKER, at + 1)
        at = found if found >= 0 else len(data)
    return Events(np.frombuffer(b"".join(kept), EVENT), torn, at < len(data))


def read(path: Path) -> Events:
    """A whole event file; UsageError if it is of another format or of another boot."""
    data = path.read_bytes()
    if data[: RECORD.size] != header():
        raise UsageError(f"{path} was not written by this version of bench in this boot: measure the cell again")
    return parse(data[RECORD.size :])


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
    order = np.lexsort((stamps, of))
    ids, at = np.unique(of[order], return_index=True)
    result = np.full(len(tasks), -1, np.int64)
    if len(ids):
        spot = np.minimum(np.searchsorted(ids, tasks), len(ids) - 1)
        hit = ids[spot] == tasks
        result[hit] = stamps[order][at[spot[hit]]]
    return result


def build(plan: tuple[Ints, Ints] | None, generators: Collection[Events], runs: Events) -> Ledger:
    """Join the files of a cell. `plan` is (ids, due_ns); where the generator chose as it went it is None."""
    events = np.concatenate([e.records for e in generators]) if generators else np.empty(0, EVENT)
    sends, returns = events[events["kind"] == SENT], events[events["kind"] == RETURNED]
    ids, due = plan if plan is not None else (sends["task"].astype(np.int64), sends["a"].astype(np.int64))
    ids, first = np.unique(ids, return_index=True)
    due = due[first]
    sent, sent_due = _placed(ids, sends, "stamp"), _placed(ids, sends, "a")
    returned, flag = _placed(ids, returns, "stamp"), _placed(ids, returns, "flag")
    state = np.where(returned >= 0, np.where(flag == 1, ERROR, ACCEPTED), np.where(sent >= 0, OPEN, UNSENT)).astype(np.int8)
    return Ledger(ids, np.where(sent_due >= 0, sent_due, due), sent, returned, state, *_pair(runs.records))


def _placed(ids: Ints, records: npt.NDArray[Any], name: str) -> Ints:
    result = np.full(len(ids), -1, np.int64)
    if len(ids) and len(records):
        spot = np.minimum(np.searchsorted(ids, records["task"]), len(ids) - 1)
        hit = ids[spot] == records["task"]
        result[spot[hit]] = records[name][hit].astype(np.int64)
    return result


def _pair(records: npt.NDArray[Any]) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints]:
    """A start and the record that follows it in the same thread: its finish, or that run was cut off."""
    records = records[np.lexsort((records["a"], records["pid"]))]  # stable: the order of writing stays
    start = records["kind"] == STARTED
    follows = np.zeros(len(records), bool)
    same = (records["pid"][1:] == records["pid"][:-1]) & (records["a"][1:] == records["a"][:-1]) & (records["task"][1:] == records["task"][:-1])
    follows[:-1] = start[:-1] & (records["kind"][1:] == FINISHED) & same
    at = np.flatnonzero(start)
    ended = np.where(follows[at], records["stamp"][np.minimum(at + 1, max(len(records) - 1, 0))], -1) if len(at) else at
    # A finish without its start is a run too: it must not vanish, it violates the order.
    orphan = (records["kind"] == FINISHED) & ~np.concatenate(([False], follows[:-1]) if len(records) else ([],)).astype(bool)
    extra = np.flatnonzero(orphan)
    both = np.concatenate((at, extra))
    started = np.concatenate((records["stamp"][at], np.full(len(extra), -1, np.int64))).astype(np.int64)
    finished = np.concatenate((ended, records["stamp"][extra])).astype(np.int64)
    order = np.argsort(started, kind="stable")
    both, started, finished = both[order], started[order], finished[order]
    b = records["b"][both]
    columns = [records[name][both].astype(np.int64) for name in ("task", "pid")]
    return columns[0], columns[1], (b >> np.uint64(32)).astype(np.int64), records["a"][both].view(np.int64), started, finished, (b & np.uint64(0xFFFFFFFF)).astype(np.int64)


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
    runs = {"task": ledger.run_task, "pid": ledger.run_pid, "parent": ledger.run_parent, "thread": ledger.run_thread, "started_ns": ledger.started, "finished_ns": ledger.finished, "import_us": ledger.import_us}
    return tasks, runs


def load(cell: StoredCell) -> Ledger:
    """The ledger of a stored cell."""
    tasks, runs = cell.tasks, cell.runs
    columns = {name: tasks[name].to_numpy() for name in ("task", "due_ns", "sent_ns", "returned_ns")}
    state = tasks["enqueue"].combine_chunks()
    words = state.dictionary.to_pylist() if pa.types.is_dictionary(state.type) else list(ENQUEUE)
    codes = state.indices.to_numpy() if pa.types.is_dictionary(state.type) else np.array([ENQUEUE.index(word) for word in state.to_pylist()], np.int8)
    translate = np.array([ENQUEUE.index(word) for word in words], np.int8)
    names = ("task", "pid", "parent", "thread", "started_ns", "finished_ns", "import_us")
    return Ledger(*columns.values(), translate[codes] if len(codes) else codes.astype(np.int8), *(runs[name].to_numpy() for name in names))
