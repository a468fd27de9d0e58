"""The fates of the tasks that a fault hit, from a stored cell of recovery.

Table, chart and sentence take them from here, so that they say the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from bench.analysis.dataset import Joined, prefix
from bench.measure.figures import fates_of
from bench.measure.injections import MeasuredInjection, book_of, injections_of
from bench.model.cell_log import ManualRecovery
from bench.model.stored import Record
from bench.record.documents import read_json
from bench.record.ledger import Ledger
from bench.record.store import Run, StoredCell

STORED = "evidence.json"  # in a slim run, which has no events
# From what one cannot get over to what is nothing: the worst names the cell of the matrix.
WORST = ("lost", "doubled", "open", "stuck", "failed", "refused", "recovered", "finished")
UNHARMED = ("refused", "finished")  # of what was being enqueued: not hit
RESOLUTION_S = 0.5  # one spacing of the arrivals, one task, one look of the supervisor
ALPHA = 0.05


class Evidence(Record):
    """One cell. `running`, `waiting` and `enqueuing` are numbers of tasks by fate.

    `places` are numbers of tasks by where the broker still held them. `back_s` has the seconds from
    its strike to the finish of each task that was hit, `never_s` how long the others were watched.
    """

    arm: str
    case: str
    cell: str
    strikes: int
    running: Mapping[str, int]
    waiting: Mapping[str, int]
    enqueuing: Mapping[str, int]
    places: Mapping[str, int]
    back_s: tuple[float, ...]
    never_s: tuple[float, ...]
    supervisor: int
    manual_recovery: ManualRecovery | None
    poison_task: str  # the places where the broker holds the poison tasks at the end
    uneven: bool  # the strikes of the cell had unlike fates: what comes out hangs on the moment
    note: str

    @property
    def touched(self) -> Counter[str]:
        """The fates of all that ran, waited or was being enqueued."""
        return Counter(self.running) + Counter(self.waiting) + Counter(self.enqueuing)

    @property
    def hit(self) -> Counter[str]:
        """The fates of all that ran or waited, and of what was being enqueued and came to harm.

        A call that was refused never became a task; what was enqueued during the fault and simply
        finished was not hit.
        """
        sent = {fate: count for fate, count in self.enqueuing.items() if fate not in UNHARMED}
        return Counter(self.running) + Counter(self.waiting) + Counter(sent)

    @property
    def harmless(self) -> float:
        """The share of strikes that does no harm, at least, where none of these did any.

        The one-sided 95 % limit of 0 in n (Clopper & Pearson 1934). The tasks that a strike hits
        share their fate, so n is the strikes and not the tasks. 0 where nothing struck.
        """
        return ALPHA ** (1 / self.strikes) if self.strikes else 0.0

    @property
    def refused(self) -> int:
        """How many enqueue calls raised during the faults: these are in no recovery time."""
        return self.touched["refused"]

    @property
    def worst(self) -> str:
        """The worst fate of a task that was running, waiting or being enqueued.

        `recovered` where nothing was hit.
        """
        return next((fate for fate in WORST if self.touched[fate]), "recovered")


class StoredEvidence(Record):
    """evidence.json of a slim run."""

    cells: tuple[Evidence, ...]


def evidence(joined: Joined, case: str, arm: str) -> Evidence | None:
    """The evidence of the first block's cell; None if it was not measured."""
    place = joined.place("recovery", case, arm)
    if place is not None and joined.runs[place].slim:
        return _stored(joined.runs[place], case, arm, prefix(place, len(joined.runs)))
    for shown in joined.cells("recovery", case, arm, refuse=("invalid",)):
        cell = joined.runs[shown.place].cell(shown.number)
        return _read(cell.folder, arm, case, shown.label)
    return None


def _stored(run: Run, case: str, arm: str, letter: str) -> Evidence | None:
    """The evidence that was stored when the run was exported; UsageError if the file is damaged."""
    path = run.path / STORED
    if not path.is_file():
        return None
    repair = "export the run again from the whole one"
    for each in StoredEvidence.of(read_json(path), str(path), repair).cells:
        if (each.case, each.arm) == (case, arm):
            return each.model_copy(update={"cell": letter + each.cell})
    return None


@lru_cache(maxsize=512)
def _read(folder: Path, arm: str, case: str, label: str) -> Evidence:
    cell = StoredCell(folder)
    book = book_of(cell)
    struck = injections_of(cell, book)
    fate_of = {
        int(task): name for name, ids in fates_of(cell, book).by_name.items() for task in ids
    }
    finish = dict(
        zip(
            (int(task) for task in book.task),
            (int(stamp) for stamp in book.first_finish()),
            strict=True,
        )
    )
    end = int(cell.log.marks["end_ns"])
    back = [
        (finish[task] - strike.timing.t0_ns) / 1e9
        for strike in struck
        for task in strike.hit
        if finish[task] >= 0
    ]
    never = [
        (end - strike.timing.t0_ns) / 1e9
        for strike in struck
        for task in strike.hit
        if finish[task] < 0
    ]
    held = cell.held or {}
    return Evidence(
        arm=arm,
        case=case,
        cell=label,
        strikes=len(struck),
        running=_counted(fate_of, (task for strike in struck for task in strike.seen.running)),
        waiting=_counted(fate_of, (task for strike in struck for task in strike.seen.waiting)),
        enqueuing=_counted(fate_of, _being_sent(book, struck)),
        places=dict(Counter(at.place for task, at in held.items() if task in fate_of)),
        back_s=tuple(sorted(back)),
        never_s=tuple(never),
        supervisor=len(cell.log.restarts),
        manual_recovery=cell.log.manual_recovery,
        poison_task=_end_of_poison_task(cell),
        uneven=_uneven(fate_of, struck),
        note="; ".join(each.note for each in cell.log.injections if each.note),
    )


def _uneven(fate_of: Mapping[int, str], struck: Sequence[MeasuredInjection]) -> bool:
    """Whether what ran, or what waited, met other fates in one strike than in another."""
    groups = [
        tuple(
            frozenset(_counted(fate_of, ids)) for ids in (strike.seen.running, strike.seen.waiting)
        )
        for strike in struck
    ]
    return len(set(groups)) > 1


def _counted(fate_of: Mapping[int, str], tasks: Iterable[int]) -> dict[str, int]:
    return dict(Counter(fate_of.get(int(task), "open") for task in tasks))


def _being_sent(book: Ledger, struck: Sequence[MeasuredInjection]) -> list[int]:
    """The ids of the tasks that were being enqueued during a fault.

    Their call was open when it struck, or was made before what it took away was back.
    """
    being_sent = []
    for strike in struck:
        until = max(strike.timing.serving_from_ns, strike.timing.t0_ns)
        ours = (
            book.measured()
            & (book.sent >= 0)
            & (book.sent <= until)
            & ((book.returned < 0) | (book.returned >= strike.timing.t0_ns))
        )
        being_sent += [int(task) for task in book.task[ours]]
    return being_sent


def _end_of_poison_task(cell: StoredCell) -> str:
    """The places where the broker holds the poison tasks, `nowhere` if it does not."""
    held = cell.held
    if held is None:
        return ""
    return ", ".join(
        held[task].place if task in held else "nowhere" for task in cell.log.poison_tasks
    )


def all_evidence(joined: Joined) -> list[Evidence]:
    """The evidence of every arm in every case of recovery that was measured."""
    every = [
        evidence(joined, case, arm)
        for case in joined.cases("recovery")
        for arm in joined.arms_of("recovery", case)
    ]
    return [each for each in every if each]
