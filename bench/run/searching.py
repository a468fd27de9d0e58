"""A search within a run: which probe of which arm comes next, from what the run has stored.

Every probe is a cell of the case `times=X` or `workers=N`; those of the same probe differ by block.
Nothing else is kept, so a run that was cut off goes on where it was.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from bench.base.errors import EXIT_INVALID, EXIT_OK
from bench.measure.figures import fates_of
from bench.measure.goals import MeasuredLoad, ProbedGoal, measured_load, probed, verdict_of
from bench.model.cell import Cell
from bench.model.manifest import CellLine
from bench.record import documents, ledger
from bench.record.store import Run, StoredCell
from bench.run.plan import Plan, cell_at
from bench.run.search_plan import MINUTES, PREFIX, SCENARIO, case_of, load_size, search_for
from bench.workload.bracket import SearchPoint
from bench.workload.kept_files import FOLDER
from bench.workload.search import Kind, Search
from bench.workload.search_answer import SearchAnswer, answer

FILE = "search.json"
AROUND_S = 10.0  # what a cell takes beside its load, before any was measured


@dataclass
class Searches:
    """The searches of all arms of a plan, in turns: the arm with the fewest cells is next."""

    plan: Plan
    kind: Kind
    search: Search
    _points: dict[tuple[int, ...], SearchPoint] = field(default_factory=dict)
    _told: set[tuple[int, ...]] = field(default_factory=set)

    def step(self, run: Run, say: Callable[[str], None]) -> Cell | None:
        """Tell what is new, keep the answers so far, and give the next cell.

        None where every search is over; then the answers are told.
        """
        for line in self.news(run):
            say(line)
        found = self.store(run)
        cell = self.next(run)
        if cell is None:
            for arm, each in found.items():
                say(f"{arm}: {each.sentence()}")
        return cell

    def next(self, run: Run) -> Cell | None:
        """The next cell; None where every search is over."""
        lines = {arm.name: self._lines(run, arm.name) for arm in self.plan.arms}
        for arm in sorted(self._order(lines), key=lambda name: len(lines[name])):
            if _kept_out(lines[arm]):
                continue
            at = self.search.next(
                self._of_arm(run, lines[arm]), _spent_s(lines[arm]), self._around_s(lines[arm])
            )
            if at is not None:
                return self._cell(arm, at, lines[arm], len(run.manifest.cells) + 1)
        return None

    def news(self, run: Run) -> Iterator[str]:
        """What each probe has shown that was not told yet, in words."""
        for arm in self.plan.arms:
            for case, lines in self._by_case(self._lines(run, arm.name)).items():
                point = self._point(run, case, lines)
                numbers = tuple(line.number for line in lines)
                if numbers not in self._told:
                    self._told.add(numbers)
                    yield f"{arm.name} {case}: {point.words}"

    def answers(self, run: Run) -> dict[str, SearchAnswer]:
        """The answer for each arm, as far as it is known."""
        found = {}
        for arm in self.plan.arms:
            lines = self._lines(run, arm.name)
            points = [] if _kept_out(lines) else self._of_arm(run, lines)
            found[arm.name] = answer(
                self.search, points, _spent_s(lines), len(lines), _kept_out(lines)
            )
        return found

    def store(self, run: Run) -> dict[str, SearchAnswer]:
        """Keep the answers in the run folder, and give them."""
        found = self.answers(run)
        document = {
            "kind": self.kind,
            "minutes": self.search.limit_s / 60,
            "answers": {arm: each.as_json() for arm, each in found.items()},
        }
        (run.path / FOLDER).mkdir(exist_ok=True)
        documents.write_json(run.path / FOLDER / FILE, document)
        return found

    def exit_code(self, run: Run, code: int) -> int:
        """The code of the run: where every arm has its answer, cells that were unfit cost none."""
        if code != EXIT_INVALID:
            return code
        unknown = any(
            each.found == "unknown" and not each.why for each in self.answers(run).values()
        )
        return EXIT_INVALID if unknown else EXIT_OK

    def _lines(self, run: Run, arm: str) -> list[CellLine]:
        """The probes of an arm that were carried out."""
        return [
            line
            for line in run.manifest.cells
            if line.arm == arm
            and line.scenario == SCENARIO
            and line.case.startswith(PREFIX[self.kind])
            and line.state != "planned"
        ]

    def _order(self, lines: Mapping[str, Sequence[CellLine]]) -> list[str]:
        """The arms in an order that is another in each round, and the same after a resume."""
        arms = list(lines)
        rounds = max(map(len, lines.values()))
        random.Random(f"{self.plan.seed}/search/{rounds}").shuffle(arms)
        return arms

    def _by_case(self, lines: Sequence[CellLine]) -> dict[str, list[CellLine]]:
        by_case: dict[str, list[CellLine]] = {}
        for line in lines:
            by_case.setdefault(line.case, []).append(line)
        return by_case

    def _of_arm(self, run: Run, lines: Sequence[CellLine]) -> list[SearchPoint]:
        return [self._point(run, case, ours) for case, ours in self._by_case(lines).items()]

    def _point(self, run: Run, case: str, lines: Sequence[CellLine]) -> SearchPoint:
        """What the cells of one probe have shown, read once."""
        numbers = tuple(line.number for line in lines)
        if numbers not in self._points:
            self._points[numbers] = self._read(run, float(case.partition("=")[2]), lines)
        return self._points[numbers]

    def _read(self, run: Run, at: float, lines: Sequence[CellLine]) -> SearchPoint:
        standing = run.manifest.standing()
        valid = [
            run.cell(line.number)
            for line in lines
            if line.number in standing and line.state == "done" and line.verdict != "invalid"
        ]
        if not valid:
            tried = len({line.block for line in lines})
            return SearchPoint(at, "invalid", tried, words=f"invalid: {lines[-1].reason}")
        loads, busy, begun = zip(*map(_shown, valid), strict=True)
        told = probed(loads)
        guess = self.search.guess(at, fmean(busy), fmean(begun))
        return SearchPoint(at, verdict_of(told), len(valid), guess, _words(told))

    def _around_s(self, lines: Sequence[CellLine]) -> float:
        """What cells took beside their load."""
        beside = [
            max(0.0, line.seconds - self.search.size.seconds_at(self._times(line)))
            for line in lines
            if line.seconds and line.state == "done"
        ]
        return fmean(beside) if beside else AROUND_S

    def _times(self, line: CellLine) -> float:
        return self.search.times(float(line.case.partition("=")[2]))

    def _cell(self, arm: str, at: float, lines: Sequence[CellLine], number: int) -> Cell:
        case = case_of(self.kind, at)
        block = 1 + max((line.block for line in lines if line.case == case), default=-1)
        return cell_at(
            self.plan,
            CellLine(number=number, scenario=SCENARIO, case=case, arm=arm, block=block),
        )


def begun(plan: Plan) -> Searches | None:
    """The searches that a plan asks for, if it does."""
    if plan.search is None or plan.workload is None:
        return None
    size = load_size(plan.workload, plan.seed)
    minutes = plan.search.minutes or MINUTES["full"]
    kind = plan.search.kind
    return Searches(plan, kind, search_for(kind, size, plan.workers, minutes))


def _kept_out(lines: Sequence[CellLine]) -> str:
    """Why an arm does not offer the load, or cannot be had here."""
    return next((line.reason for line in lines if line.state == "skipped"), "")


def _spent_s(lines: Sequence[CellLine]) -> float:
    return sum(line.seconds or 0.0 for line in lines)


def _shown(cell: StoredCell) -> tuple[MeasuredLoad, float, float]:
    """(the load, the share of the slots' time that was busy, the share of tasks that had begun),
    both until the last arrival."""
    book = ledger.load(cell)
    load = measured_load(cell, book, fates_of(cell, book))
    first, last = load.begin_ns, load.begin_ns + round(load.seconds * 1e9)
    ended = np.maximum(np.maximum(book.finished, book.raised), book.started)
    ran = np.clip(ended, first, last) - np.clip(book.started, first, last)
    due = load.outcomes.due_ns <= last
    began = (load.outcomes.started_ns >= 0) & (load.outcomes.started_ns <= last)
    busy = float(ran.sum()) / max(1, cell.spec.slots * (last - first))
    return load, min(1.0, busy), float(began[due].mean()) if due.any() else 1.0


def _words(told: Sequence[ProbedGoal]) -> str:
    """Each goal that does not hold; the first where all do."""
    off = [each for each in told if each.verdict != "holds"] or list(told[:1])
    return "; ".join(
        f"{each.goal.label}: {each.probe.sentence() if each.probe else each.verdict}"
        for each in off
    )
