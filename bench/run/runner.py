"""Running a plan, cell by cell; every step is on disk before the next begins."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from bench.analysis import stored_measures
from bench.base.errors import EXIT_INTERNAL, NotOffered, Unavailable, UsageError
from bench.brokers import choice
from bench.environments.provision import provision, refuse_other, unlike
from bench.hosts import machine
from bench.model.arm import Arm, missing_packages, refuse_same
from bench.model.cell import Cell
from bench.model.manifest import CalibrationRecord, CellLine, Manifest, State
from bench.model.metric import Measure, MeasureRow, Verdict
from bench.model.scenario import load_scenarios
from bench.record import documents, store
from bench.run import failures, run_start
from bench.run.calibration import calibrate
from bench.run.failures import Halted, deserves_another
from bench.run.plan import Plan, cells
from bench.run.prior_measures import MeasuresSoFar, generators_for
from bench.run.watcher import Watcher
from bench.testbed.testbed import Testbed


@dataclass(frozen=True)
class Outcome:
    """How a cell went: these fields of its line."""

    state: State
    verdict: Verdict
    reason: str = ""


@dataclass
class Runner:
    """Carries a plan out and fills its run folder.

    `manifest` is run.json as it will be stored next; each change puts another in its place.
    """

    plan: Plan
    folder: Path
    servers: choice.Servers = field(default_factory=dict)
    watcher: Watcher = field(default_factory=Watcher)
    estimate: bool = True
    internal: int = 0  # cells that failed by a fault of ours
    again_at_most: int = 1  # for a cell that is unfit for a reason outside it
    # Asked when all planned blocks are done: one more?
    more: Callable[[pd.DataFrame], bool] = lambda measures: False

    def prepare(self) -> None:
        """Check all that can be checked before anything is measured; then write run.json."""
        run_start.left_out(self.plan)
        for arm in self.plan.arms:
            if missing := missing_packages(arm):
                raise UsageError(
                    f"{arm.name} needs {', '.join(missing)}: pip install {' '.join(missing)}"
                )
        self._check_brokers()
        self._provision()
        self.todo = cells(self.plan)
        run_start.make_folder(self.folder)
        name = self.folder.resolve().name
        self.manifest: Manifest = run_start.new_manifest(self.plan, name, self.todo, self.servers)
        disturbances = machine.disturbances(self.manifest.machine, self.folder)
        self._change(warnings=(*disturbances, *unlike(self.plan.arms)))
        self._rows: dict[int, list[MeasureRow]] = {}
        self._save()

    def resume(self) -> None:
        """Take up a stored run: the same machine, the same code, the missing cells only."""
        run_start.left_out(self.plan)
        self.manifest = store.open_run(self.folder).manifest
        run_start.refuse_other_than_begun(self.manifest, self.folder, self.plan, self.servers)
        self._check_brokers()
        self._provision()
        refuse_other(self.folder, self.manifest.arms, self.plan.arms)
        self._change(arms={arm.name: arm.describe(self.plan.workers) for arm in self.plan.arms})
        self.todo = self._missing()
        run = self._run
        self._rows = {
            line.number: stored_measures.rows(run, line, stored_measures.measure_cell(run, line))
            for line in self.manifest.cells
            if line.state in ("done", "skipped")
        }

    def _provision(self) -> None:
        """Give each arm with versions of its own its environment, before anything is measured."""
        arms = provision(self.plan.arms, self.watcher.said, self.plan.passed)
        self.plan = replace(self.plan, arms=arms)
        refuse_same(self.plan.arms)
        choice.check_readings(self.plan.arms, self.servers)

    def _missing(self) -> list[Cell]:
        """The cells that were not finished, and those that were still to be measured once more."""
        planned = {
            (cell.scenario, cell.case, cell.arm.name, cell.block): cell for cell in cells(self.plan)
        }

        def cell_of(line: CellLine) -> Cell:
            # Not by its number: where a run got more blocks as it went, a plan made anew has other
            # numbers.
            return replace(planned[_key(line)], number=line.number)

        lines = self.manifest.cells
        todo = [cell_of(line) for line in lines if line.state not in ("done", "skipped")]
        again = {line.retry_of for line in lines}
        last = [line for line in lines if line.number not in again]
        due = [line for line in last if deserves_another(line, lines)]
        once_more = [self._once_more(cell_of(line)) for line in due]
        return sorted(
            todo + once_more,
            key=lambda cell: cell.case not in load_scenarios()[cell.scenario].prerequisites,
        )

    def _check_brokers(self) -> None:
        choice.check(self.plan.arms, self.servers)

    def carry_out(self) -> int:
        """Run every missing cell and return the exit code; what was measured is always kept."""
        self.watcher.planned(self.todo)
        if self.estimate and self.plan.size != "smoke":
            self._estimate()
        queue, again = list(self.todo), list[Cell]()
        at = 0
        while queue:
            cell = queue.pop(0)
            at += 1
            self.watcher.began(cell, at, at + len(queue) + len(again))
            line = self._carry(cell)
            if deserves_another(line, self.manifest.cells, self.again_at_most):
                # What later cells rest on cannot wait for the end of the block.
                waiting, position = (
                    (queue, 0)
                    if cell.case in load_scenarios()[cell.scenario].prerequisites
                    else (again, len(again))
                )
                waiting.insert(position, self._once_more(cell))
            if not queue or queue[0].block != cell.block:
                queue, again = again + queue, []
            if not queue and self.more(self._frame()):
                queue = self._another_block()
        run = store.open_run(self.folder)
        stored_measures.write(run, self._frame())
        return EXIT_INTERNAL if self.internal else stored_measures.exit_code(run, self._frame())

    def _another_block(self) -> list[Cell]:
        """Plan one block more and return its cells.

        It is as if it had been there from the start: its order and its arrivals are drawn from the
        seed and its number.
        """
        self.plan = replace(self.plan, blocks=self.plan.blocks + 1)
        basis = self._basis_again()
        first = len(self.manifest.cells) + 1
        new = [cell for cell in cells(self.plan) if cell.block == self.plan.blocks - 1]
        added = [replace(cell, number=first + at) for at, cell in enumerate(new)]
        lines = (*self.manifest.cells, *(cell.line() for cell in added))
        self._change(plan=self.plan.record(), cells=lines)
        self._save()
        return basis + added

    def _basis_again(self) -> list[Cell]:
        """The cells that rates rest on and that were invalid so far, to be measured once more.

        Noise in the first minute must not cost all blocks their latency.
        """
        again = []
        for cell in cells(self.plan):
            tried = [
                line
                for line in self.manifest.cells
                if _key(line) == (cell.scenario, cell.case, cell.arm.name, cell.block)
            ]
            if cell.case in load_scenarios()[cell.scenario].prerequisites and all(
                line.verdict == "invalid" for line in tried
            ):
                again.append(self._once_more(replace(cell, number=tried[0].number)))
        return again

    def _basis_of(self, cell: Cell) -> str:
        """The arm whose rates this cell runs at."""
        return self.plan.base or cell.arm.name

    def calibrate(self, arm: Arm) -> CalibrationRecord:
        """The rough rates of one arm, found once and kept in run.json."""
        if arm.name not in self.manifest.calibration:
            self.watcher.progress(f"calibrating {arm.name}", 0, 0)
            folder = self.folder / "calibration"
            rates = calibrate(arm, self.plan.workers, folder, self.servers)
            self._change(calibration={**self.manifest.calibration, arm.name: rates})
            self._save()
        return self.manifest.calibration[arm.name]

    def resize(self, tasks: int) -> None:
        """Plan the run anew with so many tasks; only before anything has been measured."""
        self.plan = replace(self.plan, tasks=tasks)
        self.todo = cells(self.plan)
        self._change(plan=self.plan.record(), cells=tuple(cell.line() for cell in self.todo))
        self._save()

    def _estimate(self) -> None:
        for arm in self.plan.arms:
            self._try_to_calibrate(arm)
        calibrations = self.manifest.calibration
        seconds = 0.0
        for cell in self.todo:
            if (rates := calibrations.get(cell.arm.name)) is None:
                continue
            seconds += min(
                self.plan.time_cap_s,
                load_scenarios()[cell.scenario].seconds(
                    cell.params, cell.case, rates.tasks_per_s, rates.enqueue_per_s
                ),
            )
        self.watcher.estimated(calibrations, seconds)

    def _try_to_calibrate(self, arm: Arm) -> None:
        """Calibrate an arm; what prevents it does not end the run: its cells will fail by it."""
        try:
            self.calibrate(arm)
        except (Unavailable, NotOffered):
            return
        except Exception as error:
            cause = failures.cause(error)
            if failures.ends_the_run(cause):
                raise
            self.watcher.said(f"{arm.name} could not be calibrated: {failures.reason(cause)}")

    def _carry(self, cell: Cell) -> CellLine:
        """Drive a cell, measure it and store both; its line as it is then."""
        began, halted = time.monotonic(), Halted()
        went = self._drive(cell)
        if went.state == "failed" and (throttled := halted.reason()):
            went = replace(went, reason=f"{throttled}; {went.reason}")
        documents.trim_logs(store.cell_folder(self.folder, cell.number) / "logs")
        line = self._note(cell, **vars(went), seconds=round(time.monotonic() - began, 1))
        line, measures = self._measured(cell, line)
        self._keep(line, measures)
        self.watcher.ended(cell, line, self._frame())
        return line

    def _measured(self, cell: Cell, line: CellLine) -> tuple[CellLine, list[Measure]]:
        """The measures of a cell, and its line with the worst of their verdicts."""
        try:
            measures = stored_measures.measure_cell(self._run, line)
        except Exception as error:
            line = self._note(cell, **vars(self._failed(cell, error)))
            return line, stored_measures.measure_cell(self._run, line)
        worst = next(
            (m for verdict in ("wrong", "invalid") for m in measures if m.verdict == verdict), None
        )
        if line.state == "done" and worst:
            line = self._note(cell, verdict=worst.verdict, reason=worst.reason)
        return line, measures

    def _drive(self, cell: Cell) -> Outcome:
        """Carry a cell out, and say how that went."""
        scenario = load_scenarios()[cell.scenario]
        if reason := scenario.skip(cell):
            return Outcome("skipped", "not_offered", reason)
        testbed = Testbed(
            cell,
            store.cell_folder(self.folder, cell.number),
            self.servers,
            self.plan.time_cap_s,
            self.watcher.progress,
        )
        try:
            with testbed.open(generators=self._generators(cell)):
                drive = scenario.part("drive").drive
                log = testbed.finish(drive(cell, testbed, self._measures_so_far(cell)))
        except NotOffered as error:
            return Outcome("skipped", "not_offered", str(error))
        except Unavailable as error:
            return Outcome("skipped", "unavailable", str(error))
        except Exception as error:
            return self._failed(cell, error)
        self._change(
            versions={**self.manifest.versions, cell.arm.name: log.versions},
            brokers={**self.manifest.brokers, cell.arm.broker: log.server},
        )
        return Outcome("done", "ok")

    def _failed(self, cell: Cell, error: Exception) -> Outcome:
        """How a cell failed; the error is raised again where the run cannot go on."""
        cause = failures.cause(error)
        went = Outcome("failed", "invalid", failures.reason(cause))
        if failures.is_ours(cause):
            if os.environ.get("QUEUE_BENCH_TRACEBACK"):
                raise error
            self.internal += 1
            failures.keep(cause, store.cell_folder(self.folder, cell.number) / "logs")
        if failures.ends_the_run(cause):
            line = self._note(cell, **vars(went))
            self._keep(line, stored_measures.measure_cell(self._run, line))
            raise (self._unwritable(cause) if isinstance(cause, OSError) else cause) from None
        return went

    def _keep(self, line: CellLine, measures: list[Measure]) -> None:
        self._rows[line.number] = stored_measures.rows(self._run, line, measures)
        self._save()

    def _measures_so_far(self, cell: Cell) -> MeasuresSoFar:
        """The earlier measures of the arm whose rates this cell runs at."""
        return MeasuresSoFar(self._measures(), self._basis_of(cell))

    def _generators(self, cell: Cell) -> int:
        calibrated = self.manifest.calibration.get(self._basis_of(cell))
        return generators_for(cell, self._measures_so_far(cell), calibrated)

    def _once_more(self, cell: Cell) -> Cell:
        again = replace(cell, number=len(self.manifest.cells) + 1)
        line = again.line(retry_of=self.manifest.cell(cell.number).first)
        self._change(cells=(*self.manifest.cells, line))
        return again

    def _note(self, cell: Cell, **fields: object) -> CellLine:
        """Put a line with these other fields in the place of the cell's; the line."""
        line = self.manifest.cell(cell.number).model_copy(update=fields)
        lines = (line if each.number == line.number else each for each in self.manifest.cells)
        self._change(cells=tuple(lines))
        return line

    def _change(self, **fields: object) -> None:
        """Put a manifest with these other fields in the place of the one there is."""
        self.manifest = self.manifest.model_copy(update=fields)

    @property
    def _run(self) -> store.Run:
        return store.Run(self.folder, self.manifest)

    def _measures(self) -> list[MeasureRow]:
        """The rows of measures.csv in the order of run.json, which `bench measure` writes too.

        The order in which the cells were measured may be another.
        """
        return [row for line in self.manifest.cells for row in self._rows.get(line.number, [])]

    def _frame(self) -> pd.DataFrame:
        return stored_measures.table(self._run, self._measures())

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self.folder} cannot be written ({error.strerror or error}): "
            f"free some space, then go on with --resume {self.folder}"
        )

    def _save(self) -> None:
        try:
            store.write_manifest(self.folder, self.manifest)
        except OSError as error:
            raise self._unwritable(error) from None
        stored_measures.write_measures(self._run, self._frame())


def _key(line: CellLine) -> tuple[str, str, str, int]:
    """(scenario, case, arm, block) of a line: the cell of a plan, whatever its number."""
    return line.scenario, line.case, line.arm, line.block
