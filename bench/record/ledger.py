"""Events to ledger to fates: what was planned, sent and run, joined by task id."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.inprocess.event_log import FINISHED, RETURNED, SENT, STARTED
from bench.record.event_files import read
from bench.record.store import StoredCell

Ints = npt.NDArray[np.int64]
ENQUEUE = ("unsent", "open", "accepted", "error")
UNSENT, OPEN, ACCEPTED, ERROR = range(4)
RUN_COLUMNS = (
    "run_task",
    "run_pid",
    "run_parent",
    "run_thread",
    "started",
    "finished",
    "import_us",
)


@dataclass(frozen=True)
class Ledger:
    """One row per planned task (sorted by id), one row per run of a task (sorted by start).

    `task` to `enqueue` are (tasks,), `run_task` to `import_us` are (runs,). Stamps are ns, -1 where
    there is none; `enqueue` holds an index of ENQUEUE, `import_us` is in µs.
    """

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
        """(tasks,) ns: the first finish of each planned task, or -1."""
        done = self.finished >= 0
        return _first(self.task, self.run_task[done], self.finished[done])

    def first_start(self) -> Ints:
        """(tasks,) ns: the first start of each planned task, or -1."""
        return _first(self.task, self.run_task, self.started)

    def finishes(self) -> Ints:
        """(tasks,) how many finished runs each planned task has."""
        done = self.run_task[self.finished >= 0]
        at = np.searchsorted(self.task, done)
        at = (
            at[(at < len(self.task)) & (self.task[np.minimum(at, len(self.task) - 1)] == done)]
            if len(self.task)
            else at[:0]
        )
        return np.bincount(at, minlength=len(self.task)).astype(np.int64)

    def measured(self) -> npt.NDArray[np.bool_]:
        """(tasks,) true for the tasks that count: warm-up has negative ids."""
        return self.task >= 0

    def only(self, tasks: npt.NDArray[np.bool_], runs: npt.NDArray[np.bool_]) -> "Ledger":
        """The rows chosen by a (tasks,) and a (runs,) mask."""
        ours = {
            name: getattr(self, name)[tasks]
            for name in ("task", "due", "sent", "returned", "enqueue")
        }
        return Ledger(**ours, **{name: getattr(self, name)[runs] for name in RUN_COLUMNS})

    def without(self, ids: Collection[int]) -> "Ledger":
        """All but these tasks and their runs."""
        left_out = np.array(sorted(ids), np.int64)
        return self.only(~np.isin(self.task, left_out), ~np.isin(self.run_task, left_out))

    def until(self, stamp_ns: int) -> "Ledger":
        """The ledger as it stood at that moment.

        Runs that began later are left out; runs that still went on have no finish.
        """
        begun = self.only(np.ones(len(self.task), bool), self.started < stamp_ns)
        return replace(begun, finished=np.where(begun.finished >= stamp_ns, -1, begun.finished))

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


def build(
    plan: tuple[Ints, Ints] | None, generators: Collection[Path], runs: Path
) -> tuple[Ledger, int]:
    """(the ledger, how many torn pieces lay inside the files) from the event files of a cell.

    `plan` is (ids, due_ns), both (tasks,), or None where the generator chose as it went; what it
    chose beside a plan is added. One file is held at a time and taken apart by column: a
    million tasks must not cost the instrument its memory.
    """
    sends, returns, torn = _sent(generators)
    ids, due = _with_chosen(plan, sends) if plan is not None else (sends[0], sends[2])
    ids, first = np.unique(ids, return_index=True)
    due = due[first]
    sent_ns, sent_due = _placed(ids, sends[0], sends[1]), _placed(ids, sends[0], sends[2])
    due = np.where(sent_due >= 0, sent_due, due)
    del sent_due, sends, first
    returned, flag = _placed(ids, returns[0], returns[1]), _placed(ids, returns[0], returns[2])
    del returns
    state = np.where(
        returned >= 0, np.where(flag == 1, ERROR, ACCEPTED), np.where(sent_ns >= 0, OPEN, UNSENT)
    ).astype(np.int8)
    del flag
    columns, torn_runs = _pair(runs)
    return Ledger(ids, due, sent_ns, returned, state, *columns), torn + torn_runs


def _with_chosen(plan: tuple[Ints, Ints], sends: list[Ints]) -> tuple[Ints, Ints]:
    chosen = ~np.isin(sends[0], plan[0])
    return np.concatenate((plan[0], sends[0][chosen])), np.concatenate((plan[1], sends[2][chosen]))


def _columns(records: npt.NDArray[Any], kind: int, names: tuple[str, ...]) -> list[Ints]:
    at = records["kind"] == kind
    return [records[name][at].astype(np.int64) for name in names]


def _sent(generators: Collection[Path]) -> tuple[list[Ints], list[Ints], int]:
    """([task, sent, due], [task, returned, flag], torn) of all generators; stamps in ns."""
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
    return (
        [np.concatenate(columns) for columns in zip(*parts, strict=True)]
        if parts
        else [np.empty(0, np.int64)] * 3
    )


def _placed(ids: Ints, tasks: Ints, values: Ints) -> Ints:
    result = np.full(len(ids), -1, np.int64)
    if len(ids) and len(tasks):
        spot = np.minimum(np.searchsorted(ids, tasks), len(ids) - 1)
        hit = ids[spot] == tasks
        result[spot[hit]] = values[hit]
    return result


def _pair(path: Path) -> tuple[tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints], int]:
    """(the run columns of a ledger, how many torn pieces the file has).

    A run is a start and its finish if that comes next in the same thread; else it was cut off.
    """
    events = read(path)
    records, torn = events.records, events.torn
    # Stable: the order of writing stays.
    order = np.lexsort((records["a"], records["pid"])).astype(np.int32)
    kind, pid, thread, task = (records[name][order] for name in ("kind", "pid", "a", "task"))
    start = kind == STARTED
    follows = np.zeros(len(kind), bool)
    follows[:-1] = (
        start[:-1]
        & (kind[1:] == FINISHED)
        & (pid[1:] == pid[:-1])
        & (thread[1:] == thread[:-1])
        & (task[1:] == task[:-1])
    )
    paired = np.zeros(len(kind), bool)
    paired[1:] = follows[:-1]
    # A finish without its start is a run too: it must not vanish, it violates the order.
    at = np.flatnonzero(start | ((kind == FINISHED) & ~paired))
    task, pid, thread = task[at], pid[at], thread[at]
    stamp, b = records["stamp"][order], records["b"][order[at]]
    del records, events, order, kind
    started = np.where(start[at], stamp[at], -1)
    finished = np.where(
        follows[at],
        stamp[np.minimum(at + 1, max(len(stamp) - 1, 0))],
        np.where(start[at], -1, stamp[at]),
    )
    del stamp, at
    by = np.argsort(started, kind="stable")
    import_us = (b & np.uint64(0xFFFFFFFF)).astype(np.int64)
    parent = (b >> np.uint64(32)).astype(np.int64)
    return (
        task[by],
        pid[by].astype(np.int64),
        parent[by],
        thread[by].view(np.int64),
        started[by],
        finished[by],
        import_us[by],
    ), torn


def tables(
    ledger: Ledger, errors: Mapping[int, str]
) -> tuple[dict[str, object], dict[str, object]]:
    """The columns of tasks.parquet and of runs.parquet; `errors` are texts by task id.

    All tasks are of the type "", all runs on the host "": the only one.
    """
    state = pa.DictionaryArray.from_arrays(pa.array(ledger.enqueue), list(ENQUEUE))
    texts = ["", *sorted(set(errors.values()))]
    code_of = {text: number for number, text in enumerate(texts)}
    code = np.zeros(len(ledger.task), np.int32)
    for task, text in errors.items():
        code[np.searchsorted(ledger.task, task)] = code_of[text]
    error = pa.DictionaryArray.from_arrays(pa.array(code), texts)
    tasks: dict[str, object] = {
        "task": ledger.task,
        "type": _alike(len(ledger.task)),
        "due_ns": ledger.due,
        "sent_ns": ledger.sent,
        "returned_ns": ledger.returned,
        "enqueue": state,
        "error": error,
    }
    runs: dict[str, object] = {
        "task": ledger.run_task,
        "host": _alike(len(ledger.run_task)),
        "pid": ledger.run_pid,
        "parent": ledger.run_parent,
        "thread": ledger.run_thread,
        "started_ns": ledger.started,
        "finished_ns": ledger.finished,
        "import_us": ledger.import_us,
    }
    return tasks, runs


def _alike(count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [""])


def load(cell: StoredCell) -> Ledger:
    """Read a stored cell back; UsageError if one of its files is missing or damaged."""
    state = cell.tasks("enqueue").combine_chunks()
    translate = np.array([ENQUEUE.index(word) for word in state.dictionary.to_pylist()], np.int8)
    codes = translate[state.indices.to_numpy()] if len(state) else np.empty(0, np.int8)
    del state
    # Column by column: a million tasks would stand in memory twice.
    task, due, sent, returned = (
        _ints(cell.tasks(name)) for name in ("task", "due_ns", "sent_ns", "returned_ns")
    )
    runs = (
        _ints(cell.runs(name))
        for name in ("task", "pid", "parent", "thread", "started_ns", "finished_ns", "import_us")
    )
    return Ledger(task, due, sent, returned, codes, *runs)


def first_finishes(cell: StoredCell) -> Ints:
    """(finished tasks,) ns, ascending: the first finish of each measured task of a stored cell.

    It reads three columns and not the whole ledger.
    """
    task, of, finished = (
        _ints(cell.tasks("task")),
        _ints(cell.runs("task")),
        _ints(cell.runs("finished_ns")),
    )
    first = _first(task[task >= 0], of[finished >= 0], finished[finished >= 0])
    return np.sort(first[first >= 0])


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.array(column.to_numpy(), np.int64)
