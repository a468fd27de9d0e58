"""The event files of so many hosts and tasks that one ledger of them would not fit into memory.

Host after host is read, twice: first for which tasks ran how often, then for how long everything
took. What is kept of a host adds up with that of the others: counts of durations by second, and the
tasks that belong to the thinned sample or are not ordinary, whole, as `ledger.thin` keeps them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.model.cell_log import HostClock
from bench.record import event_files
from bench.record.clock_network import ClockNetwork
from bench.record.duration_counts import SECOND_NS, DurationCounts
from bench.record.far_events import HostEvents
from bench.record.id_bitmaps import Finishes, IdSet, first_sampled
from bench.record.ledger import (
    ACCEPTED,
    ERROR,
    OPEN,
    RUN_COLUMNS,
    UNSENT,
    Floats,
    Ints,
    Kinds,
    Ledger,
    positions,
)
from bench.record.one_clock import beside_their_tasks

MOST_EVENTS = 20_000_000  # tasks of a cell whose events are kept in one ledger
Bools = npt.NDArray[np.bool_]
NAMES = ("latency", "wait", "from_sent", "service", "call")


@dataclass(frozen=True)
class Gathered:
    """What is left of a cell: `sample` is its thinned ledger, each stamp by its own host's clock.

    `left_out` ordinary tasks are not in it, one stretch out of `every` is. `counts` are of all
    tasks that were sent, by name the shortest and the longest that the clocks allow, from
    `begin_ns` of the first sender's clock on; a task that never finished has lasted for ever.
    """

    sample: Ledger
    left_out: int
    every: int
    begin_ns: int
    counts: Mapping[str, tuple[DurationCounts, DurationCounts]]


@dataclass(frozen=True)
class _Sent:
    """What the generators say of the tasks 0, 1, 2, …; (tasks,) each, stamps by their own clock."""

    due: Ints
    sent: Ints
    state: npt.NDArray[np.int8]
    host: Kinds


def gather(
    due_ns: Ints,
    files: Sequence[HostEvents],
    clocks: Mapping[str, HostClock],
    network: ClockNetwork,
    every: int,
) -> Gathered:
    """All of a cell's files: of ordinary tasks one stretch of neighbours out of `every` is kept.

    `due_ns` (tasks,) are those that were planned, by the clock of the first host that sends; it is
    written to, for a copy would not fit either.
    """
    tasks, begin_ns = len(due_ns), int(due_ns.min())
    seconds = int((due_ns.max() - begin_ns) // SECOND_NS) + 2  # clocks may put one behind the end
    rough = np.array([clocks[each.host].offset_ns for each in files])
    counting = _Counting(begin_ns, seconds, rough)
    sent, plain = _sent(due_ns, files, counting)
    ran, finished = _ran(files, tasks)
    plain &= _flags(ran.once - ran.again) & _flags(finished.once)
    kept = ~plain | first_sampled(tasks, every)
    parts = list[Ledger]()
    for number, each in enumerate(files):
        if each.runs is None:
            continue
        book = _of_worker(files, number, each.runs, sent)
        placed = beside_their_tasks(book, clocks, network)
        usual = plain[book.task]
        plain[book.task] &= _in_order(placed)
        counting.add(placed, usual & plain[book.task])
        kept[book.task] |= ~plain[book.task]
        parts.append(book.only(kept[book.task], _of_kept(book, kept)))
    sample = _sample(files, sent, np.flatnonzero(kept), parts)
    # What was never sent has not lasted; whether it should have been sent, others judge.
    counting.add(
        beside_their_tasks(sample, clocks, network),
        ~plain[sample.task] & (sample.enqueue != UNSENT),
    )
    return Gathered(sample, tasks - int(kept.sum()), every, begin_ns, counting.found)


class _Counting:
    """The counts so far; `rough` (hosts,) ns is how far their clocks are before the first's, for
    the second in which a task fell due."""

    def __init__(self, begin_ns: int, seconds: int, rough: Ints) -> None:
        self.begin_ns, self.seconds, self.rough = begin_ns, seconds, rough
        none = DurationCounts.none(seconds)
        self.found = {name: (none, none) for name in NAMES}

    def add(self, book: Ledger, ours: Bools) -> None:
        """The durations of some (tasks,) of a ledger whose runs are beside their tasks."""
        start, finish = book.first_start()[ours], book.first_finish()[ours]
        due, sent, give = book.due[ours], book.sent[ours], book.give_of_tasks()[ours]
        by_first = due - self.rough[book.task_host[ours]]
        for name, ends, begins, give_ns in (
            ("latency", finish, due, give),
            ("wait", start, due, give),
            ("from_sent", finish, sent, give),
            ("service", finish, start, 0.0 * give),
        ):
            there = (begins >= 0) | (name != "service")
            lasted = np.where(ends < 0, np.inf, (ends - begins).astype(float))
            known = np.where(np.isinf(lasted), 0.0, give_ns)
            self.count(name, by_first[there], lasted[there] - known[there], (lasted + known)[there])

    def count(self, name: str, due_ns: Ints, shortest: Floats, longest: Floats) -> None:
        """More of one kind; `due_ns` by the clock of the first host that sends."""
        within = np.clip(due_ns - self.begin_ns, 0, self.seconds * SECOND_NS - 1)
        low, high = self.found[name]
        self.found[name] = (
            low + DurationCounts.of(shortest, within, self.seconds),
            high + DurationCounts.of(longest, within, self.seconds),
        )


def _sent(due_ns: Ints, files: Sequence[HostEvents], counting: _Counting) -> tuple[_Sent, Bools]:
    """(what became of each task's enqueue call, (tasks,) where that was ordinary)."""
    count = len(due_ns)
    first = next(number for number, each in enumerate(files) if each.sent)
    found = _Sent(
        due_ns,
        np.full(count, -1, np.int64),
        np.full(count, UNSENT, np.int8),
        np.full(count, first, np.int16),
    )
    plain = np.zeros(count, bool)
    for number, each, path in _paths(files):
        (ids, stamps, due), (back, returned, flag), _ = event_files.sent_of([path], each.begin)
        ours, theirs = (ids >= 0) & (ids < count), (back >= 0) & (back < count)
        ids, stamps, due = ids[ours], stamps[ours], due[ours]
        found.due[ids], found.sent[ids], found.host[ids] = due, stamps, number
        found.state[ids] = OPEN
        back, returned, flag = back[theirs], returned[theirs], flag[theirs]
        found.state[back] = np.where(flag == 1, ERROR, ACCEPTED)
        lasted = returned - found.sent[back]
        plain[back] = (flag == 0) & (found.due[back] <= found.sent[back]) & (lasted >= 0)
        by_first = found.due[back] - counting.rough[number]
        counting.count("call", by_first, lasted.astype(float), lasted.astype(float))
    return found, plain


def _paths(files: Sequence[HostEvents]) -> Iterator[tuple[int, HostEvents, Path]]:
    """Each file of each host that sends: one generator's at a time is enough."""
    for number, each in enumerate(files):
        for path in each.sent:
            yield number, each, path


def _ran(files: Sequence[HostEvents], tasks: int) -> tuple[Finishes, Finishes]:
    """Which tasks ran, and which finished: at least once, and more often."""
    ran, finished = Finishes.merged([], tasks), Finishes.merged([], tasks)
    for each in files:
        if each.runs is not None:
            (ids, *_, ends, _, _), _ = event_files.runs_of(each.runs, each.begin)
            ran = Finishes.merged([ran, Finishes.of(ids, tasks)], tasks)
            finished = Finishes.merged([finished, Finishes.of(ids[ends >= 0], tasks)], tasks)
    return ran, finished


def _flags(ids: IdSet) -> Bools:
    """(tasks,) whether each is in the set."""
    return np.unpackbits(ids.bits, bitorder="little", count=ids.tasks).astype(bool)


def _of_worker(files: Sequence[HostEvents], number: int, runs: Path, sent: _Sent) -> Ledger:
    """The ledger of what ran on one host, each stamp by its own host's clock."""
    columns, _ = event_files.runs_of(runs, files[number].begin)
    ids = np.unique(columns[0])
    ids = ids[(ids >= 0) & (ids < len(sent.due))]
    return Ledger(
        ids,
        sent.due[ids],
        sent.sent[ids],
        sent.sent[ids],  # when a call returned is read again for what is kept
        sent.state[ids],
        *columns,
        task_host=sent.host[ids],
        run_host=np.full(len(columns[0]), number, np.int16),
        hosts=tuple(each.host for each in files),
    )


def _in_order(book: Ledger) -> Bools:
    """(tasks,) whether each began after it was sent, as well as the clocks can tell, and ended
    after it began."""
    start = book.first_start()
    give = book.give_of_tasks()
    return np.asarray((start >= book.sent - give) & (book.first_finish() >= start))


def _of_kept(book: Ledger, kept: Bools) -> Bools:
    """(runs,) those of the tasks that are kept, and of tasks that nobody planned."""
    planned = (book.run_task >= 0) & (book.run_task < len(kept))
    return ~planned | kept[np.where(planned, book.run_task, 0)]


def _sample(files: Sequence[HostEvents], sent: _Sent, ids: Ints, parts: Sequence[Ledger]) -> Ledger:
    """These tasks and the runs that were kept of them, in order of their start."""
    returned = np.full(len(ids), -1, np.int64)
    for _, each, path in _paths(files):
        _, (back, stamps, _), _ = event_files.sent_of([path], each.begin)
        at, known = positions(ids, back)
        returned[at[known]] = stamps[known]
    by = np.argsort(np.concatenate([part.started for part in parts]), kind="stable")
    task, pid, parent, thread, started, finished, import_us, raised = (
        np.concatenate([getattr(part, name) for part in parts])[by] for name in RUN_COLUMNS[:8]
    )
    return Ledger(
        ids,
        sent.due[ids],
        sent.sent[ids],
        returned,
        sent.state[ids],
        *(task, pid, parent, thread, started, finished, import_us, raised),
        task_host=sent.host[ids],
        run_host=np.concatenate([part.run_host for part in parts])[by],
        hosts=tuple(each.host for each in files),
    )
