"""Running a plan, cell by cell; every step is on disk before the next begins."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.analysis import stored_measures
from bench.base.errors import EXIT_INTERNAL, NotOffered, Unavailable, UsageError
from bench.brokers import choice
from bench.environments.provision import provision, refuse_other, unlike
from bench.hosts import machine
from bench.model.arm import Arm, missing_packages, refuse_same
from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.model.scenario import load_scenarios
from bench.record import documents, store
from bench.run import failures, run_start
from bench.run.calibration import Calibration, calibrate
from bench.run.cell_record import Halted, deserves_another, first_of, line_of
from bench.run.plan import Plan, cells
from bench.run.prior_measures import MeasuresSoFar, generators_for
from bench.run.watcher import Watcher
from bench.testbed.testbed import Testbed


@dataclass
class Runner:
    """Carries a plan out and fills its run folder."""

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
        self.info: dict[str, Any] = run_start.info(
            self.plan, self.folder.resolve().name, self.todo, self.servers
        )
        disturbances = machine.disturbances(self.info["machine"], self.folder)
        self.info["warnings"] = disturbances + unlike(self.plan.arms)
        self._rows: dict[int, list[list[Any]]] = {}
        self._save()

    def resume(self) -> None:
        """Take up a stored run: the same machine, the same code, the missing cells only."""
        run_start.left_out(self.plan)
        run = store.open_run(self.folder)
        self.info = run.info
        run_start.refuse_other_than_begun(self.info, self.folder, self.plan, self.servers)
        self._check_brokers()
        self._provision()
        refuse_other(self.folder, self.info["arms"], self.plan.arms)
        self.info["arms"] = {arm.name: arm.describe(self.plan.workers) for arm in self.plan.arms}
        self.todo = self._missing()
        measured = [line for line in self.info["cells"] if line["state"] in ("done", "skipped")]
        self._rows = {
            line["number"]: stored_measures.rows(run, line, stored_measures.measure_cell(run, line))
            for line in measured
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

        def cell_of(line: dict[str, Any]) -> Cell:
            # Not by its number: where a run got more blocks as it went, a plan made anew has other
            # numbers.
            return replace(planned[_key(line)], number=line["number"])

        todo = [
            cell_of(line) for line in self.info["cells"] if line["state"] not in ("done", "skipped")
        ]
        again = {line["retry_of"] for line in self.info["cells"]}
        lines = [line for line in self.info["cells"] if line["number"] not in again]
        due = [line for line in lines if deserves_another(line, self.info["cells"])]
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
            line = self._line(cell)
            self._carry(cell, line)
            if deserves_another(line, self.info["cells"], self.again_at_most):
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
        first = len(self.info["cells"]) + 1
        new = [cell for cell in cells(self.plan) if cell.block == self.plan.blocks - 1]
        added = [replace(cell, number=first + at) for at, cell in enumerate(new)]
        self.info["plan"] = self.plan.as_json()
        self.info["cells"] += [line_of(cell) for cell in added]
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
                for line in self.info["cells"]
                if _key(line) == (cell.scenario, cell.case, cell.arm.name, cell.block)
            ]
            if cell.case in load_scenarios()[cell.scenario].prerequisites and all(
                line["verdict"] == "invalid" for line in tried
            ):
                again.append(self._once_more(replace(cell, number=tried[0]["number"])))
        return again

    def _basis_of(self, cell: Cell) -> str:
        """The arm whose rates this cell runs at."""
        return self.plan.base or cell.arm.name

    def calibrate(self, arm: Arm) -> Calibration:
        """The rough rates of one arm, found once and kept in run.json."""
        if arm.name not in self.info["calibration"]:
            self.watcher.progress(f"calibrating {arm.name}", 0, 0)
            self.info["calibration"][arm.name] = vars(
                calibrate(arm, self.plan.workers, self.folder / "calibration", self.servers)
            )
            self._save()
        return Calibration(**self.info["calibration"][arm.name])

    def resize(self, tasks: int) -> None:
        """Plan the run anew with so many tasks; only before anything has been measured."""
        self.plan = replace(self.plan, tasks=tasks)
        self.todo = cells(self.plan)
        self.info["plan"] = self.plan.as_json()
        self.info["cells"] = [line_of(cell) for cell in self.todo]
        self._save()

    def _estimate(self) -> None:
        for arm in self.plan.arms:
            self._try_to_calibrate(arm)
        calibrations = {
            name: Calibration(**values) for name, values in self.info["calibration"].items()
        }
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

    def _carry(self, cell: Cell, line: dict[str, Any]) -> None:
        began, halted = time.monotonic(), Halted()
        self._drive(cell, line)
        halted.tell(line)
        documents.trim_logs(store.cell_folder(self.folder, cell.number) / "logs")
        line["seconds"] = round(time.monotonic() - began, 1)
        measures = self._measured(cell, line)
        worst = next(
            (m for verdict in ("wrong", "invalid") for m in measures if m.verdict == verdict), None
        )
        if line["state"] == "done" and worst:
            line.update(verdict=worst.verdict, reason=worst.reason)
        self._rows[cell.number] = stored_measures.rows(
            store.Run(self.folder, self.info), line, measures
        )
        self._save()
        self.watcher.ended(cell, line, self._frame())

    def _measured(self, cell: Cell, line: dict[str, Any]) -> list[Measure]:
        run = store.Run(self.folder, self.info)
        try:
            return stored_measures.measure_cell(run, line)
        except Exception as error:
            self._failed(cell, line, error)
            return stored_measures.measure_cell(run, line)

    def _drive(self, cell: Cell, line: dict[str, Any]) -> None:
        """Carry a cell out, and write into its line how that went."""
        scenario = load_scenarios()[cell.scenario]
        if reason := scenario.skip(cell):
            line.update(state="skipped", verdict="not_offered", reason=reason)
            return
        testbed = Testbed(
            cell,
            store.cell_folder(self.folder, cell.number),
            self.servers,
            self.plan.time_cap_s,
            self.watcher.progress,
        )
        try:
            with testbed.open(generators=self._generators(cell)):
                scenario.part("drive").drive(cell, testbed, self._measures_so_far(cell))
            line.update(state="done", verdict="ok", reason="")
            self.info["versions"][cell.arm.name] = testbed.journal["versions"]
            self.info["brokers"][cell.arm.broker] = testbed.journal["server"]
        except NotOffered as error:
            line.update(state="skipped", verdict="not_offered", reason=str(error))
        except Unavailable as error:
            line.update(state="skipped", verdict="unavailable", reason=str(error))
        except Exception as error:
            self._failed(cell, line, error)

    def _failed(self, cell: Cell, line: dict[str, Any], error: Exception) -> None:
        """Keep why a cell failed; the error is raised again where the run cannot go on."""
        cause = failures.cause(error)
        line.update(state="failed", verdict="invalid", reason=failures.reason(cause))
        if failures.is_ours(cause):
            if os.environ.get("QUEUE_BENCH_TRACEBACK"):
                raise error
            self.internal += 1
            failures.keep(cause, store.cell_folder(self.folder, cell.number) / "logs")
        if failures.ends_the_run(cause):
            run = store.Run(self.folder, self.info)
            self._rows[cell.number] = stored_measures.rows(
                run, line, stored_measures.measure_cell(run, line)
            )
            self._save()
            raise (self._unwritable(cause) if isinstance(cause, OSError) else cause) from None

    def _measures_so_far(self, cell: Cell) -> MeasuresSoFar:
        """The earlier measures of the arm whose rates this cell runs at."""
        return MeasuresSoFar(self._measures(), self._basis_of(cell))

    def _generators(self, cell: Cell) -> int:
        calibrated = self.info["calibration"].get(self._basis_of(cell))
        return generators_for(
            cell, self._measures_so_far(cell), Calibration(**calibrated) if calibrated else None
        )

    def _once_more(self, cell: Cell) -> Cell:
        again = replace(cell, number=len(self.info["cells"]) + 1)
        self.info["cells"].append(line_of(again, retry_of=first_of(self._line(cell))))
        return again

    def _line(self, cell: Cell) -> dict[str, Any]:
        return next(line for line in self.info["cells"] if line["number"] == cell.number)

    def _measures(self) -> list[list[Any]]:
        """The rows of measures.csv in the order of run.json, which `bench measure` writes too.

        The order in which the cells were measured may be another.
        """
        return [row for line in self.info["cells"] for row in self._rows.get(line["number"], [])]

    def _frame(self) -> pd.DataFrame:
        return pd.DataFrame(self._measures(), columns=store.MEASURE_COLUMNS)

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self.folder} cannot be written ({error.strerror or error}): "
            f"free some space, then go on with --resume {self.folder}"
        )

    def _save(self) -> None:
        try:
            documents.write_json(self.folder / "run.json", self.info)
        except OSError as error:
            raise self._unwritable(error) from None
        stored_measures.write_measures(store.Run(self.folder, self.info), self._frame())


def _key(line: dict[str, Any]) -> tuple[str, str, str, int]:
    """(scenario, case, arm, block) of a line: the cell of a plan, whatever its number."""
    return line["scenario"], line["case"], line["arm"], line["block"]
