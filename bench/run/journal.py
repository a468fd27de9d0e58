"""run.json and measures.csv of a run as it goes: which cells there are, and what became of each."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from bench.analysis import stored_measures
from bench.base.errors import UsageError
from bench.base.typed import typed
from bench.model.cell import Cell
from bench.model.manifest import CellLine, Manifest
from bench.model.metric import Measure
from bench.model.scenario import load_scenarios
from bench.record import store
from bench.run.failures import deserves_another
from bench.run.plan import Plan, cell_at, cells


@dataclass
class Journal:
    """The cells of a plan, and what has become of each so far.

    `manifest` is run.json as it will be stored next; each change puts another in its place.
    `measures` are those of each cell that was carried out, by its number.
    """

    plan: Plan
    folder: Path
    manifest: Manifest = field(init=False)
    todo: list[Cell] = field(init=False)
    measures: dict[int, list[Measure]] = field(init=False, default_factory=dict)

    def resize(self, tasks: int) -> None:
        """Plan the run anew with so many tasks; only before anything has been measured."""
        self.plan = replace(self.plan, tasks=tasks)
        self.todo = cells(self.plan)
        self._change(plan=self.plan.record(), cells=tuple(cell.line() for cell in self.todo))
        self._save()

    def _missing(self) -> list[Cell]:
        """The cells that were not finished, and those that were still to be measured once more."""
        # Each from its line, never from a plan made anew: that has other numbers where a run got
        # more blocks as it went, and no probes of a search.
        lines = self.manifest.cells
        again = {line.retry_of for line in lines}
        missing = [
            cell_at(self.plan, line) for line in lines if line.state not in ("done", "skipped")
        ]
        missing += [
            self._once_more(cell_at(self.plan, line))
            for line in lines
            if line.number not in again and deserves_another(line, lines)
        ]
        return sorted(missing, key=lambda cell: not is_basis(cell))

    def _another_block(self) -> list[Cell]:
        """Plan one block more and return its cells.

        It is as if it had been there from the start: its order and its arrivals are drawn from the
        seed and its number.
        """
        self.plan = replace(self.plan, blocks=self.plan.blocks + 1)
        basis = self._basis_again()
        new = [cell for cell in cells(self.plan) if cell.block == self.plan.blocks - 1]
        added = [
            replace(cell, number=number)
            for number, cell in enumerate(new, len(self.manifest.cells) + 1)
        ]
        self._change(
            plan=self.plan.record(),
            cells=(*self.manifest.cells, *(cell.line() for cell in added)),
        )
        self._save()
        return basis + added

    def _another_cell(self, cell: Cell) -> list[Cell]:
        """Put a cell that no plan had from the start at the end of the run; it alone."""
        self._change(cells=(*self.manifest.cells, cell.line()))
        self._save()
        return [cell]

    def _basis_again(self) -> list[Cell]:
        """The cells that rates rest on and that were invalid so far, to be measured once more.

        Noise in the first minute must not cost all blocks their latency.
        """
        tries = [
            (cell, [line for line in self.manifest.cells if line.place == cell.line().place])
            for cell in cells(self.plan)
            if is_basis(cell)
        ]
        return [
            self._once_more(replace(cell, number=lines[0].number))
            for cell, lines in tries
            if all(line.verdict == "invalid" for line in lines)
        ]

    def _once_more(self, cell: Cell) -> Cell:
        again = replace(cell, number=len(self.manifest.cells) + 1)
        line = again.line(retry_of=self.manifest.cell(cell.number).first)
        self._change(cells=(*self.manifest.cells, line))
        return again

    def _note(self, cell: Cell, **fields: str | float | None) -> CellLine:
        """Put a line with these other fields in the place of the cell's; the line."""
        line = self.manifest.cell(cell.number).model_copy(update=fields)
        self._change(
            cells=tuple(
                line if each.number == line.number else each for each in self.manifest.cells
            )
        )
        return line

    def _change(self, **fields: object) -> None:
        """Put a manifest with these other fields in the place of the one there is."""
        self.manifest = self.manifest.model_copy(update=fields)

    def _keep(self, line: CellLine, measures: list[Measure]) -> None:
        self.measures[line.number] = measures
        self._save()

    def _save(self) -> None:
        try:
            store.write_manifest(self.folder, self.manifest)
        except OSError as error:
            raise self._unwritable(error) from None
        stored_measures.write_measures(self._run, self._frame())

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self.folder} cannot be written ({error.strerror or error}): "
            f"free some space, then go on with --resume {typed(self.folder)}"
        )

    @property
    def _run(self) -> store.Run:
        return store.Run(self.folder, self.manifest)

    def _frame(self) -> pd.DataFrame:
        return stored_measures.table(self._run, self.measures)


def is_basis(cell: Cell) -> bool:
    """Whether the rates of other cells rest on this one."""
    return cell.case in load_scenarios()[cell.scenario].prerequisites
