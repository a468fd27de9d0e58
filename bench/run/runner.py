"""Running a plan, cell by cell; every step is on disk before the next begins."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from bench.analysis import stored_measures
from bench.base.errors import EXIT_INTERNAL, NotOffered, Unavailable, UsageError
from bench.brokers import choice
from bench.environments.provision import refuse_other, unlike
from bench.environments.user_code import provisioned, refuse_unusable_code
from bench.hosts import machine
from bench.model.arm import Arm, missing_packages, refuse_same
from bench.model.cell import Cell
from bench.model.manifest import CalibrationRecord, CellLine, HostRecord, State
from bench.model.metric import Measure, Verdict
from bench.model.scenario import PriorMeasures, load_scenarios
from bench.record import documents, store
from bench.run import failures, run_start
from bench.run.calibration import calibrate, generators_for
from bench.run.failures import Halted, deserves_another
from bench.run.journal import Journal, is_basis
from bench.run.plan import cells
from bench.run.searching import Searches, begun
from bench.testbed.stage import Placing, here
from bench.testbed.testbed import Testbed


@dataclass
class Watcher:
    """Callbacks that a runner makes as it goes; the defaults do nothing."""

    planned: Callable[[list[Cell]], None] = lambda todo: None
    estimated: Callable[[Mapping[str, CalibrationRecord], float], None] = lambda rates, s: None
    began: Callable[[Cell, int, int], None] = lambda cell, at, of: None
    progress: Callable[[str, int, int], None] = lambda phase, done, of: None
    said: Callable[[str], None] = lambda line: None
    ended: Callable[[Cell, CellLine, pd.DataFrame], None] = lambda cell, line, measures: None


@dataclass
class Runner(Journal):
    """Carries a plan out and fills its run folder."""

    servers: choice.Servers = field(default_factory=dict)
    watcher: Watcher = field(default_factory=Watcher)
    place: Placing = here  # on which hosts the cells run
    estimate: bool = True
    internal: int = 0  # cells that failed by a fault of ours
    again_at_most: int = 1  # for a cell that is unfit for a reason outside it
    searches: Searches | None = field(init=False, default=None)  # what the plan looks for
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
        self._provision()
        self.todo = cells(self.plan)
        run_start.make_folder(self.folder)
        run_start.keep_workload(self.plan, self.folder)
        self.manifest = run_start.new_manifest(
            self.plan, self.folder.resolve().name, self.todo, self.servers
        )
        disturbances = machine.disturbances(self.manifest.machine, self.folder)
        self._change(warnings=(*disturbances, *unlike(self.plan.arms)))
        self._save()

    def resume(self) -> None:
        """Take up a stored run: the same machine, the same code, the missing cells only."""
        run_start.left_out(self.plan)
        self.manifest = store.open_run(self.folder).manifest
        run_start.refuse_other_than_begun(self.manifest, self.folder, self.plan, self.servers)
        self._provision()
        refuse_other(self.folder, self.manifest.arms, self.plan.arms)
        self._change(arms={arm.name: arm.describe(self.plan.workers) for arm in self.plan.arms})
        self.todo = self._missing()
        self.measures = {
            line.number: stored_measures.measure_cell(self._run, line)
            for line in self.manifest.cells
            if line.state in ("done", "skipped")
        }

    def settle(self, place: Placing, hosts: tuple[HostRecord, ...], warning: str) -> None:
        """All cells from now on run there."""
        self.place = place
        others = (each for each in self.manifest.warnings if each != warning)
        self._change(hosts=hosts, warnings=(*others, *([warning] if warning else [])))
        self._save()

    def _provision(self) -> None:
        """Check the brokers, and give each arm with versions of its own its environment, before
        anything is measured."""
        choice.check(self.plan.arms, self.servers)
        plan = self.plan
        arms = provisioned(plan.arms, plan.workload, self.watcher.said, plan.passed)
        self.plan = replace(self.plan, arms=arms)
        refuse_same(self.plan.arms)
        if self.plan.workload:
            refuse_unusable_code(self.plan.arms, self.plan.workload, self.plan.passed)
        choice.check_readings(self.plan.arms, self.servers)

    def carry_out(self) -> int:
        """Run every missing cell and return the exit code; what was measured is always kept."""
        self.searches = begun(self.plan)
        self.watcher.planned(self.todo)
        if self.estimate and self.plan.size != "smoke":
            self._estimate()
        queue, again = list(self.todo), list[Cell]()
        at = 0
        while queue or (queue := self._further()):
            cell = queue.pop(0)
            at += 1
            self.watcher.began(cell, at, at + len(queue) + len(again))
            line = self._carry(cell)
            if deserves_another(line, self.manifest.cells, self.again_at_most):
                # What later cells rest on cannot wait for the end of the block.
                waiting, position = (queue, 0) if is_basis(cell) else (again, len(again))
                waiting.insert(position, self._once_more(cell))
            if not queue or queue[0].block != cell.block:
                queue, again = again + queue, []
        run = store.open_run(self.folder)
        stored_measures.write(run, self._frame())
        code = stored_measures.exit_code(run, self._frame())
        if self.searches:
            code = self.searches.exit_code(run, code)
        return EXIT_INTERNAL if self.internal else code

    def _further(self) -> list[Cell]:
        """What follows where nothing planned is left: a probe of a search, or a block more."""
        if self.searches is None:
            return self._another_block() if self.more(self._frame()) else []
        try:
            cell = self.searches.step(self._run, self.watcher.said)
        except OSError as error:
            raise self._unwritable(error) from None
        return self._another_cell(cell) if cell else []

    def calibrate(self, arm: Arm) -> CalibrationRecord:
        """The rough rates of one arm, found once and kept in run.json."""
        if arm.name not in self.manifest.calibration:
            self.watcher.progress(f"calibrating {arm.name}", 0, 0)
            folder, passed = self.folder / "calibration", self.plan.passed
            rates = calibrate(arm, self.plan.workers, folder, self.servers, passed, self.place)
            self._change(calibration={**self.manifest.calibration, arm.name: rates})
            self._save()
        return self.manifest.calibration[arm.name]

    def _estimate(self) -> None:
        for arm in self.plan.arms:
            # What prevents it does not end the run: the cells of the arm will fail by it.
            try:
                self.calibrate(arm)
            except (Unavailable, NotOffered):
                continue
            except Exception as error:
                cause = failures.cause(error)
                if failures.ends_the_run(cause):
                    raise
                self.watcher.said(f"{arm.name} could not be calibrated: {failures.reason(cause)}")
        calibrations = self.manifest.calibration
        calibrated = [cell for cell in self.todo if cell.arm.name in calibrations]
        seconds = sum(map(self._seconds, calibrated))
        if self.searches:  # at most: what is planned is a part of it
            seconds = self.searches.search.limit_s * len(self.plan.arms)
        self.watcher.estimated(calibrations, seconds)

    def _seconds(self, cell: Cell) -> float:
        """About how long a cell of a calibrated arm will take."""
        rates = self.manifest.calibration[cell.arm.name]
        return min(
            self.plan.time_cap_s,
            load_scenarios()[cell.scenario].seconds(
                cell.params, cell.case, rates.tasks_per_s, rates.enqueue_per_s
            ),
        )

    def _carry(self, cell: Cell) -> CellLine:
        """Drive a cell, measure it and store both; its line as it is then."""
        began, halted = time.monotonic(), Halted()
        line = self._drive(cell)
        if line.state == "failed" and (throttled := halted.reason()):
            self._note(cell, reason=f"{throttled}; {line.reason}")
        documents.trim_logs(store.cell_folder(self.folder, cell.number) / "logs")
        line = self._note(cell, seconds=round(time.monotonic() - began, 1))
        line, measures = self._measured(cell, line)
        self._keep(line, measures)
        self.watcher.ended(cell, line, self._frame())
        return line

    def _measured(self, cell: Cell, line: CellLine) -> tuple[CellLine, list[Measure]]:
        """The measures of a cell, and its line with the worst of their verdicts."""
        try:
            measures = stored_measures.measure_cell(self._run, line)
        except Exception as error:
            line = self._failed(cell, error)
            return line, stored_measures.measure_cell(self._run, line)
        worst = next(
            (m for verdict in ("wrong", "invalid") for m in measures if m.verdict == verdict), None
        )
        if line.state == "done" and worst:
            line = self._note(cell, verdict=worst.verdict, reason=worst.reason)
        return line, measures

    def _drive(self, cell: Cell) -> CellLine:
        """Carry a cell out; its line says how that went."""
        scenario = load_scenarios()[cell.scenario]
        if reason := scenario.skip(cell):
            return self._ended(cell, "skipped", "not_offered", reason)
        testbed = Testbed(
            cell,
            store.cell_folder(self.folder, cell.number),
            self.servers,
            self.plan.time_cap_s,
            self.watcher.progress,
            self.place,
        )
        basis = self.plan.base or cell.arm.name  # the arm whose rates this cell runs at
        prior = PriorMeasures(self.manifest.cells, self.measures, basis)
        try:
            generators = generators_for(cell, prior, self.manifest.calibration.get(basis))
            with testbed.open(generators):
                log = testbed.finish(scenario.part("drive").drive(cell, testbed, prior))
        except NotOffered as error:
            return self._ended(cell, "skipped", "not_offered", str(error))
        except Unavailable as error:
            return self._ended(cell, "skipped", "unavailable", str(error))
        except Exception as error:
            return self._failed(cell, error)
        self._change(
            versions={**self.manifest.versions, cell.arm.name: log.versions},
            brokers={**self.manifest.brokers, cell.arm.broker: log.server},
        )
        return self._ended(cell, "done", "ok")

    def _ended(self, cell: Cell, state: State, verdict: Verdict, reason: str = "") -> CellLine:
        return self._note(cell, state=state, verdict=verdict, reason=reason)

    def _failed(self, cell: Cell, error: Exception) -> CellLine:
        """Note how a cell failed; the error is raised again where the run cannot go on."""
        cause = failures.cause(error)
        if failures.is_ours(cause):
            if os.environ.get("QUEUE_BENCH_TRACEBACK"):
                raise error
            self.internal += 1
            failures.keep(cause, store.cell_folder(self.folder, cell.number) / "logs")
        line = self._ended(cell, "failed", "invalid", failures.reason(cause))
        if failures.ends_the_run(cause):
            self._keep(line, stored_measures.measure_cell(self._run, line))
            raise (self._unwritable(cause) if isinstance(cause, OSError) else cause) from None
        return line
