"""The fates of the tasks that a fault hit, from a stored cell of recovery.

Table, chart and sentence take them from here, so that they say the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.analysis.dataset import Joined, prefix
from bench.base.errors import UsageError
from bench.measure.figures import fates_of
from bench.measure.injections import MeasuredInjection, book_of, injections_of, poison_tasks
from bench.record.documents import read_json
from bench.record.ledger import Ledger
from bench.record.store import Run, StoredCell

STORED = "evidence.json"  # in a slim run, which has no events
# From what one cannot get over to what is nothing: the worst names the cell of the matrix.
WORST = ("lost", "doubled", "open", "stuck", "failed", "refused", "recovered", "finished")
RESOLUTION_S = 0.5  # one spacing of the arrivals, one task, one look of the supervisor
# Of an event that came 0 times of n: with 95 % confidence its rate is less than 3/n (Hanley &
# Lippman-Hand 1983).
RULE_OF_THREE = 3.0


@dataclass(frozen=True)
class Evidence:
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
    back_s: Sequence[float]
    never_s: Sequence[float]
    supervisor: int
    freed: Mapping[str, Any] | None
    culprit: str
    uneven: bool  # the strikes of the cell had unlike fates: what comes out hangs on the moment
    note: str

    @property
    def hit(self) -> Counter[str]:
        """The fates of all that ran or waited."""
        return Counter(self.running) + Counter(self.waiting)

    @property
    def worst(self) -> str:
        """The worst fate of a task that was running, waiting or being enqueued.

        `recovered` where nothing was hit.
        """
        touched = self.hit + Counter(self.enqueuing)
        return next((fate for fate in WORST if touched[fate]), "recovered")


def evidence(joined: Joined, case: str, arm: str) -> Evidence | None:
    """The evidence of the first block's cell; None if it was not measured."""
    place = joined.place("recovery", case, arm)
    if place is not None and joined.runs[place].slim:
        return _stored(joined.runs[place], case, arm, prefix(place, len(joined.runs)))
    shown = joined.cell("recovery", case, arm, refuse=("invalid",))
    return None if shown is None else _read(shown.stored.folder, arm, case, shown.label)


def _stored(run: Run, case: str, arm: str, letter: str) -> Evidence | None:
    """The evidence that was stored when the run was exported; UsageError if the file is damaged."""
    path = run.path / STORED
    if not path.is_file():
        return None
    stored = read_json(path)
    try:
        mine = stored.get(f"{case} {arm}")
        return None if mine is None else Evidence(**{**mine, "cell": letter + mine["cell"]})
    except (AttributeError, KeyError, TypeError):
        raise UsageError(f"{path} is damaged: export the run again from the whole one") from None


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
    end = int(cell.journal["marks"]["end_ns"])
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
    held = cell.journal["held"] or {}
    return Evidence(
        arm,
        case,
        label,
        len(struck),
        _counted(fate_of, (task for strike in struck for task in strike.seen.running)),
        _counted(fate_of, (task for strike in struck for task in strike.seen.waiting)),
        _counted(fate_of, _being_sent(book, struck)),
        dict(Counter(str(at["place"]) for task, at in held.items() if int(task) in fate_of)),
        sorted(back),
        never,
        len(cell.journal["restarts"]),
        cell.journal.get("freed"),
        _end_of_poison_task(cell),
        _uneven(fate_of, struck),
        "; ".join(str(fault["note"]) for fault in cell.journal["faults"] if fault["note"]),
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


def _counted(fate_of: Mapping[int, str], tasks: Any) -> dict[str, int]:
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
    places = (
        [
            cell.journal["held"].get(str(task), {}).get("place", "nowhere")
            for task in poison_tasks(cell.journal)
        ]
        if cell.journal["held"] is not None
        else []
    )
    return ", ".join(places)


def all_evidence(joined: Joined) -> list[Evidence]:
    """The evidence of every arm in every case of recovery that was measured."""
    every = [
        evidence(joined, case, arm)
        for case in joined.cases("recovery")
        for arm in joined.arms_of("recovery", case)
    ]
    return [each for each in every if each]
