"""The curves of a cell for the charts: made from its events, or read where a slim run has none."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.dataset import Joined, Shown, join
from bench.model.scenario import Scenario, load_scenarios
from bench.record.store import Run
from bench.record.stored_curves import Curves, Floats


@dataclass(frozen=True)
class Drawn:
    """A cell that a chart draws, and how the page names it."""

    label: str
    arm: str
    curves: Curves

    def curve(self, name: str) -> tuple[Floats, Floats]:
        """(x, y) of one curve, empty where the cell has none of that name."""
        return self.curves.get(name, (np.empty(0), np.empty(0)))


def drawn(joined: Joined, scenario: str, case: str, arm: str) -> Drawn | None:
    """The first block's cell that has curves and is fit to be drawn, or None."""
    return next(all_drawn(joined, scenario, case, arm), None)


def all_drawn(joined: Joined, scenario: str, case: str, arm: str) -> Iterator[Drawn]:
    """Every cell of an arm whose curves can be had, by block."""
    for shown in _fit(joined, scenario, case, arm):
        run = joined.runs[shown.place]
        if not run.slim or run.cell(shown.number).has_events:
            yield Drawn(shown.label, arm, _made(run, scenario, shown.number))
        elif shown.number in run.curves:
            yield Drawn(shown.label, arm, run.curves[shown.number])


def all_curves(run: Run) -> dict[int, Curves]:
    """The curves of every cell of a whole run that a chart may draw, by cell.

    Of an arm and a case the first block that is fit; each, where the scenario has `EVERY_BLOCK`.
    """
    joined = join([run])
    return {
        shown.number: _made(run, name, shown.number)
        for name, scenario in load_scenarios().items()
        if scenario.has("curves")
        for case in joined.cases(name)
        for arm in joined.arms_of(name, case)
        for shown in list(_fit(joined, name, case, arm))[: _kept(scenario)]
    }


def _kept(scenario: Scenario) -> int | None:
    return None if getattr(scenario.part("curves"), "EVERY_BLOCK", False) else 1


def _fit(joined: Joined, scenario: str, case: str, arm: str) -> Iterator[Shown]:
    return joined.cells(scenario, case, arm, load_scenarios()[scenario].part("curves").UNFIT)


def _made(run: Run, scenario: str, number: int) -> Curves:
    curves: Curves = load_scenarios()[scenario].part("curves").curves(run.cell(number))
    return curves
