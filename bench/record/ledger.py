"""The ledger of a cell: what was planned, sent and run, by task id; as it is stored and read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.record.store import Columns, StoredCell

Ints = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
ENQUEUE = ("unsent", "open", "accepted", "error")
UNSENT, OPEN, ACCEPTED, ERROR = range(4)
# Of a thinned ledger, neighbours in a row, so that the time since the previous call of the same
# generator is known; 840 divides by every number of generators up to 8.
STRETCH = 840
TASK_COLUMNS = ("task", "due", "sent", "returned", "enqueue", "kind", "task_host")
RUN_COLUMNS = (
    "run_task",
    "run_pid",
    "run_parent",
    "run_thread",
    "started",
    "finished",
    "import_us",
    "raised",
    "run_host",
    "give_ns",
)


@dataclass(frozen=True)
class Ledger:
    """One row per planned task (sorted by id), one row per run of a task (sorted by start).

    `task` to `enqueue` are (tasks,), `run_task` to `raised` are (runs,). Stamps are ns, -1 where
    there is none; `enqueue` holds an index of ENQUEUE, `import_us` is in µs. A run that ended in an
    exception has a stamp in `raised` and none in `finished`.

    Where a workload ran, `types` are the names of its types of task, and `kind` (tasks,) has an
    index of it, -1 for a task of none, such as one of the warm-up.

    Where a cell ran on several hosts, `hosts` are their labels, and `task_host` (tasks,) and
    `run_host` (runs,) have indexes of them. All stamps are by one clock then, and those of a run
    lie within ± `give_ns` (runs,) of where its task's generator would have seen them.
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
    raised: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    kind: Kinds = field(default_factory=lambda: np.empty(0, np.int16))
    types: tuple[str, ...] = ()
    task_host: Kinds = field(default_factory=lambda: np.empty(0, np.int16))
    run_host: Kinds = field(default_factory=lambda: np.empty(0, np.int16))
    give_ns: Floats = field(default_factory=lambda: np.empty(0))
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Where nothing raised, no task has a type and all is on one host: one number that is read
        # again and again, for a million tasks would take 10 MB each to say so.
        for name, nothing, like in (
            ("raised", np.int64(-1), self.run_task),
            ("kind", np.int16(-1), self.task),
            ("task_host", np.int16(0), self.task),
            ("run_host", np.int16(0), self.run_task),
            ("give_ns", np.float64(0), self.run_task),
        ):
            if not getattr(self, name).size:
                object.__setattr__(self, name, np.broadcast_to(nothing, like.shape))

    def first_finish(self) -> Ints:
        """(tasks,) ns: the first finish of each planned task, or -1."""
        done = self.finished >= 0
        return _first(self.task, self.run_task[done], self.finished[done])

    def first_start(self) -> Ints:
        """(tasks,) ns: the first start of each planned task, or -1."""
        return _first(self.task, self.run_task, self.started)

    def give_of_tasks(self) -> Floats:
        """(tasks,) ns: by how much the stamps of its runs may lie beside where they are placed."""
        give = np.zeros(len(self.task))
        at, known = positions(self.task, self.run_task)
        np.maximum.at(give, at[known], self.give_ns[known])
        return give

    def finishes(self) -> Ints:
        """(tasks,) how many finished runs each planned task has."""
        at, known = positions(self.task, self.run_task[self.finished >= 0])
        return np.bincount(at[known], minlength=len(self.task)).astype(np.int64)

    def measured(self) -> npt.NDArray[np.bool_]:
        """(tasks,) true for the tasks that count: warm-up has negative ids."""
        return self.task >= 0

    def only(self, tasks: npt.NDArray[np.bool_], runs: npt.NDArray[np.bool_]) -> "Ledger":
        """The rows chosen by a (tasks,) and a (runs,) mask."""
        ours = {name: getattr(self, name)[tasks] for name in TASK_COLUMNS}
        theirs = {name: getattr(self, name)[runs] for name in RUN_COLUMNS}
        return Ledger(**ours, **theirs, types=self.types, hosts=self.hosts)

    def without(self, ids: Collection[int]) -> "Ledger":
        """All but these tasks and their runs."""
        left_out = np.array(sorted(ids), np.int64)
        return self.only(~np.isin(self.task, left_out), ~np.isin(self.run_task, left_out))

    def until(self, stamp_ns: int) -> "Ledger":
        """The ledger as it stood at that moment.

        Runs that began later are left out; runs that still went on have no end.
        """
        begun = self.only(np.ones(len(self.task), bool), self.started < stamp_ns)
        return replace(
            begun,
            finished=np.where(begun.finished >= stamp_ns, -1, begun.finished),
            raised=np.where(begun.raised >= stamp_ns, -1, begun.raised),
        )

    def typed(self, kinds: Kinds, types: Sequence[str]) -> "Ledger":
        """The same with types: `kinds` are those of the tasks 0, 1, 2, …, indexes of `types`."""
        kind = np.full(len(self.task), -1, np.int16)
        ours = (self.task >= 0) & (self.task < len(kinds))
        kind[ours] = kinds[self.task[ours]]
        return replace(self, kind=kind, types=tuple(types))

    def of_type(self, name: str) -> npt.NDArray[np.bool_]:
        """(tasks,) true for the tasks of that type."""
        wanted = self.types.index(name) if name in self.types else len(self.types)
        return np.asarray(self.kind == wanted)

    def last_run(self) -> Ints:
        """(tasks,) the row of the last run of each planned task, or -1."""
        at, known = positions(self.task, self.run_task)
        last = np.full(len(self.task), -1)
        # Runs are sorted by their start, and of several values for one place the last one stays.
        last[at[known]] = np.flatnonzero(known)
        return last

    def raised_last(self) -> npt.NDArray[np.bool_]:
        """(tasks,) true where the last run of a task ended in an exception."""
        if not (self.raised >= 0).any():
            return np.zeros(len(self.task), bool)
        last = self.last_run()
        return np.asarray((last >= 0) & (self.raised[last] >= 0))

    def unexpected(self) -> list[int]:
        """Ids that ran and were never planned."""
        return sorted(int(task) for task in np.setdiff1d(self.run_task, self.task))


def positions(ids: Ints, wanted: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """(where each of `wanted` stands in the ascending `ids`, whether it stands there at all)."""
    at = np.searchsorted(ids, wanted)
    known = at < len(ids)
    known[known] = ids[at[known]] == wanted[known]
    return at, known


def _first(tasks: Ints, of: Ints, stamps: Ints) -> Ints:
    never = np.iinfo(np.int64).max
    first = np.full(len(tasks), never)
    at, known = positions(tasks, of)
    np.minimum.at(first, at[known], stamps[known])
    return np.where(first == never, -1, first)


def tables(ledger: Ledger, errors: Mapping[int, str]) -> tuple[Columns, Columns]:
    """The columns of tasks.parquet and of runs.parquet; `errors` are texts by task id.

    A task of no workload is of the type "". Where there is one host it is "", and tasks have none.
    """
    codes = {text: code for code, text in enumerate(sorted({"", *errors.values()}))}
    error = np.zeros(len(ledger.task), np.int32)
    error[np.searchsorted(ledger.task, list(errors))] = [codes[text] for text in errors.values()]
    return {
        "task": ledger.task,
        "type": _named(ledger.kind, ledger.types),
        "due_ns": ledger.due,
        "sent_ns": ledger.sent,
        "returned_ns": ledger.returned,
        "enqueue": pa.DictionaryArray.from_arrays(pa.array(ledger.enqueue), list(ENQUEUE)),
        "error": pa.DictionaryArray.from_arrays(pa.array(error), list(codes)),
        **({"host": _hosts(ledger.task_host, ledger.hosts)} if ledger.hosts else {}),
    }, {
        "task": ledger.run_task,
        "host": _hosts(ledger.run_host, ledger.hosts),
        "pid": ledger.run_pid,
        "parent": ledger.run_parent,
        "thread": ledger.run_thread,
        "started_ns": ledger.started,
        "finished_ns": ledger.finished,
        "import_us": ledger.import_us,
        **({"raised_ns": ledger.raised} if ledger.types else {}),
    }


def _hosts(codes: Kinds, hosts: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), list(hosts or [""]))


def _named(kind: Kinds, types: Sequence[str]) -> pa.DictionaryArray:
    codes = pa.array(kind.astype(np.int32) + 1)
    return pa.DictionaryArray.from_arrays(codes, ["", *types])


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
    kind, types = _kinds(cell)
    run_task, pid, parent, thread, started, finished, import_us = (
        _ints(cell.runs(name))
        for name in ("task", "pid", "parent", "thread", "started_ns", "finished_ns", "import_us")
    )
    # The column is there only where a workload ran.
    raised = _ints(cell.runs("raised_ns")) if types else np.empty(0, np.int64)
    runs = run_task, pid, parent, thread, started, finished, import_us, raised
    book = Ledger(task, due, sent, returned, codes, *runs, kind=kind, types=types)
    return book if not cell.log.hosts else _of_hosts(book, cell)


def _of_hosts(book: Ledger, cell: StoredCell) -> Ledger:
    """The stored stamps of several hosts by one clock."""
    # Here: of cells on one host, which is most of them, nothing more is imported.
    from bench.record.one_clock import on_one_clock
    from bench.record.stored_pings import read_network

    hosts = tuple(cell.log.hosts)
    task_host, run_host = (_coded(column("host"), hosts) for column in (cell.tasks, cell.runs))
    placed = replace(book, task_host=task_host, run_host=run_host, hosts=hosts)
    return on_one_clock(placed, cell.log.hosts, read_network(cell.folder))


def _coded(column: pa.ChunkedArray, words: Sequence[str]) -> Kinds:
    """(n,) the index of each word."""
    stored = column.combine_chunks()
    translate = np.array([words.index(each) for each in stored.dictionary.to_pylist()], np.int16)
    return translate[stored.indices.to_numpy()] if len(stored) else np.empty(0, np.int16)


def _kinds(cell: StoredCell) -> tuple[Kinds, tuple[str, ...]]:
    """(kind, types) as a ledger has them, both empty where no task has a type."""
    stored = cell.tasks("type").combine_chunks()
    if not pa.types.is_dictionary(stored.type):  # as in cells that are older than types
        stored = stored.dictionary_encode()
    names: list[str] = stored.dictionary.to_pylist()
    types = tuple(name for name in names if name)
    if not types:
        return np.empty(0, np.int16), ()
    translate = np.array([types.index(name) if name else -1 for name in names], np.int16)
    return translate[stored.indices.to_numpy()], types


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


def thin(book: Ledger, every: int) -> tuple[Ledger, int]:
    """(the thinned ledger, how many measured tasks it leaves out): a long cell is stored so.

    It keeps every `every`-th stretch of the measured tasks in order of their due time, and every
    task that is not ordinary.
    """
    rank = np.full(len(book.task), -1)
    ours = np.flatnonzero(book.measured())
    rank[ours[np.argsort(book.due[ours], kind="stable")]] = np.arange(len(ours))
    kept = ~_ordinary(book) | ((rank >= 0) & ((rank // STRETCH) % every == 0))
    left_out = int((~kept & book.measured()).sum())
    return book.only(kept, ~np.isin(book.run_task, book.task[~kept])), left_out


def _ordinary(book: Ledger) -> npt.NDArray[np.bool_]:
    """(tasks,) true where a task was accepted, ran once, finished, and its stamps are in order."""
    start, finish = book.first_start(), book.first_finish()
    at, known = positions(book.task, book.run_task)
    runs = np.bincount(at[known], minlength=len(book.task))
    return np.asarray(
        (book.enqueue == ACCEPTED)
        & (runs == 1)
        & (book.due <= book.sent)
        & (book.sent <= book.returned)
        & (book.sent <= start)
        & (start <= finish)
    )
