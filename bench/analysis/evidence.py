"""What a stored cell of recovery tells of the tasks that a fault hit: pure, and the same for table, chart and sentence."""

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
from bench.record.ledger import Ledger
from bench.record.store import Run, StoredCell, read_json

STORED = "evidence.json"  # in a slim run: what its events told
# From what one cannot get over to what is nothing: the worst names the cell of the matrix.
WORST = ("lost", "doubled", "open", "stuck", "failed", "refused", "recovered", "finished")
RESOLUTION_S = 0.5  # one spacing of the arrivals, one task, one look of the supervisor
RULE_OF_THREE = (
    3.0  # 0 of n seen: with 95 % confidence less than 3/n happens (Hanley & Lippman-Hand 1983)
)


@dataclass(frozen=True)
class Evidence:
    """One cell. Counts are of tasks.

    `back_s`: seconds after its strike at which a task that was hit had finished; `never_s`: how long the others were watched.
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
        """The worst fate of a task that was running, waiting or being enqueued; `recovered` where nothing was hit."""
        seen = self.hit + Counter(self.enqueuing)
        return next((fate for fate in WORST if seen[fate]), "recovered")


def evidence(joined: Joined, case: str, arm: str) -> Evidence | None:
    """That of the first block's cell; None if it was not measured."""
    place = joined.place("recovery", case, arm)
    if place is not None and joined.runs[place].slim:
        return _stored(joined.runs[place], case, arm, prefix(place, len(joined.runs)))
    shown = joined.cell("recovery", case, arm, refuse=("invalid",))
    return None if shown is None else _read(shown.stored.folder, arm, case, shown.label)


def _stored(run: Run, case: str, arm: str, letter: str) -> Evidence | None:
    """As the events told when the run was exported; UsageError if the file is damaged."""
    path = run.path / STORED
    if not path.is_file():
        return None
    found = read_json(path)
    try:
        mine = found.get(f"{case} {arm}")
        return None if mine is None else Evidence(**{**mine, "cell": letter + mine["cell"]})
    except (AttributeError, KeyError, TypeError):
        raise UsageError(f"{path} is damaged: export the run again from the whole one") from None


@lru_cache(maxsize=512)
def _read(folder: Path, arm: str, case: str, label: str) -> Evidence:
    cell = StoredCell(folder)
    book = book_of(cell)
    struck = injections_of(cell, book)
    told = {int(task): name for name, ids in fates_of(cell, book).by_name.items() for task in ids}
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
        _counted(told, (task for strike in struck for task in strike.seen.running)),
        _counted(told, (task for strike in struck for task in strike.seen.waiting)),
        _counted(told, _being_sent(book, struck)),
        dict(Counter(str(place["place"]) for task, place in held.items() if int(task) in told)),
        sorted(back),
        never,
        len(cell.journal["restarts"]),
        cell.journal.get("freed"),
        _end_of_poison_task(cell),
        _uneven(told, struck),
        "; ".join(str(fault["note"]) for fault in cell.journal["faults"] if fault["note"]),
    )


def _uneven(told: Mapping[int, str], struck: Sequence[MeasuredInjection]) -> bool:
    """Whether what ran, or what waited, met other fates in one strike than in another."""
    groups = [
        tuple(frozenset(_counted(told, ids)) for ids in (strike.seen.running, strike.seen.waiting))
        for strike in struck
    ]
    return len(set(groups)) > 1


def _counted(told: Mapping[int, str], tasks: Any) -> dict[str, int]:
    return dict(Counter(told.get(int(task), "open") for task in tasks))


def _being_sent(book: Ledger, struck: Sequence[MeasuredInjection]) -> list[int]:
    """The tasks whose enqueue call was open when a fault struck, or was made before what it took away was back."""
    found = []
    for strike in struck:
        until = max(strike.timing.serving_from_ns, strike.timing.t0_ns)
        ours = (
            book.measured()
            & (book.sent >= 0)
            & (book.sent <= until)
            & ((book.returned < 0) | (book.returned >= strike.timing.t0_ns))
        )
        found += [int(task) for task in book.task[ours]]
    return found


def _end_of_poison_task(cell: StoredCell) -> str:
    """Where the poison task ended."""
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
    """Every cell that was measured, fault by fault."""
    found = [
        evidence(joined, case, arm)
        for case in joined.cases("recovery")
        for arm in joined.arms_of("recovery", case)
    ]
    return [each for each in found if each]
