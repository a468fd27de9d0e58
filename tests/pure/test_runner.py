"""What a run does next is decided from what is on disk."""

from pathlib import Path
from typing import Any

import pytest

from bench.model.cell import Cell
from bench.model.manifest import CalibrationRecord, CellLine, Manifest
from bench.model.metric import Measure
from bench.model.scenario import PriorMeasures
from bench.model.systems import load_adapters
from bench.run import runner
from bench.run.calibration import MOST_GENERATORS, generators_for
from bench.run.plan import Plan, cells, make_plan
from bench.run.runner import Runner
from tests.fixture_run import arm_of


def stored(tmp_path: Path, **changes: dict[str, Any]) -> Runner:
    """A run of three cells, some of them changed by name `c1` … `c3`."""
    plan = make_plan(
        ["burst"], ["floor", "huey", "rq"], ["-"], load_adapters(), seed=1, workers=2, size="quick"
    )
    made = Runner(plan, tmp_path)
    begin(made, plan)
    for cell in cells(plan):
        went = {"state": "done", "verdict": "ok"} | changes.get(f"c{cell.number}", {})
        made._note(cell, **went)
    return made


def begin(made: Runner, plan: Plan) -> None:
    """Give it the cells of its plan, as if it had been prepared."""
    made.todo = cells(plan)
    lines = tuple(cell.line() for cell in made.todo)
    made.manifest = Manifest.model_construct(plan=plan.record(), cells=lines)


def noted(made: Runner, cell: Cell, unfit: bool) -> CellLine:
    """What carrying a cell out leaves in its line."""
    if unfit:
        return made._note(cell, state="done", verdict="invalid", reason="foreign load: 9 %")
    return made._note(cell, state="done", verdict="ok", reason="")


def test_a_finished_run_has_nothing_left(tmp_path: Path) -> None:
    assert stored(tmp_path)._missing() == []


def test_the_cells_that_were_not_finished_are_missing(tmp_path: Path) -> None:
    made = stored(
        tmp_path,
        c2={"state": "planned"},
        c3={"state": "failed", "verdict": "invalid", "reason": "a worker ended"},
    )
    assert [cell.number for cell in made._missing()] == [2, 3]


def test_an_unfit_cell_is_measured_once_more_and_only_once(tmp_path: Path) -> None:
    unfit = {"verdict": "invalid", "reason": "foreign load: 9.0% of the machine"}
    made = stored(tmp_path, c2=unfit, c3={"verdict": "invalid", "reason": "events: torn"})
    first = made._missing()
    assert [(cell.number, cell.arm.name) for cell in first] == [(4, made.manifest.cell(2).arm)]
    assert made.manifest.cell(4).retry_of == 2
    assert [cell.number for cell in made._missing()] == [4], "it was announced and did not run"
    made._note(first[0], state="done", **unfit)
    assert made._missing() == []


def test_what_later_cells_rest_on_is_measured_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(
        ["latency"],
        ["floor"],
        ["capacity", "load=0.5", "rate=30"],
        load_adapters(),
        seed=1,
        workers=2,
        size="smoke",
    )
    made = Runner(plan, tmp_path)
    begin(made, plan)
    order: list[tuple[int, str]] = []

    def carry(cell: Cell) -> CellLine:
        order.append((cell.number, cell.case))
        return noted(made, cell, cell.number in (1, 3))

    monkeypatch.setattr(made, "_carry", carry)
    monkeypatch.setattr(runner.store, "open_run", lambda folder: None)
    monkeypatch.setattr(runner.stored_measures, "write", lambda run, frame: None)
    monkeypatch.setattr(runner.stored_measures, "exit_code", lambda run, frame: 0)
    made.carry_out()
    assert order == [
        (1, "capacity"),
        (4, "capacity"),
        (2, "load=0.5"),
        (3, "rate=30"),
        (5, "rate=30"),
    ]


def test_the_rows_stand_in_the_order_of_run_json(tmp_path: Path) -> None:
    made = stored(tmp_path)
    names = {cell.arm.name for cell in made.todo}
    arms = {name: arm_of(name.partition("/")[0]) for name in names}
    made.manifest = made.manifest.model_copy(update={"run": "r", "arms": arms})
    made.measures = {3: [Measure("lost", 3.0)], 1: [Measure("lost", 1.0), Measure("stuck", 2.0)]}
    rows = made._frame()
    assert rows[["cell", "metric", "value"]].to_numpy().tolist() == [
        [1, "lost", 1.0],
        [1, "stuck", 2.0],
        [3, "lost", 3.0],
    ]
    assert list(rows["stands"]) == [1, 1, 1]


def test_only_a_good_value_is_known_and_of_several_the_newest() -> None:
    place = {"scenario": "latency", "case": "capacity", "arm": "a", "block": 0}
    lines = [CellLine(number=number, **place) for number in (1, 2, 3)]
    measures = {
        1: [Measure("capacity", 9.0)],
        2: [Measure("boot_s", 1.0), Measure("capacity", 10.0)],
        3: [Measure("capacity", None, "invalid")],
    }
    wanted = ("latency", "capacity", "capacity")
    assert PriorMeasures(lines, measures, "a").value(*wanted) == 10.0
    assert PriorMeasures(lines, measures, "b").value(*wanted) is None
    assert PriorMeasures([], {}, "a").value(*wanted) is None


@pytest.mark.parametrize(
    ("rate", "calls_per_s", "wanted"),
    [(300.0, 1000.0, 1), (900.0, 1000.0, 2), (100_000.0, 1000.0, MOST_GENERATORS)],
)
def test_each_generator_spends_less_than_half_its_time_in_calls(
    rate: float, calls_per_s: float, wanted: int
) -> None:
    plan = make_plan(["latency"], ["floor"], [f"rate={rate:g}"], load_adapters(), seed=1, workers=2)
    rates = CalibrationRecord(tasks_per_s=1.0, enqueue_per_s=calls_per_s, seconds=1.0)
    prior = PriorMeasures([], {}, "floor/default")
    assert generators_for(cells(plan)[-1], prior, rates) == wanted


def test_blocks_are_added_while_they_are_wanted_and_a_resumed_run_knows_their_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(
        ["burst"],
        ["floor", "huey"],
        ["-"],
        load_adapters(),
        seed=1,
        workers=2,
        size="gate",
        base="floor/default",
    )
    made = Runner(plan, tmp_path, estimate=False)
    asked: list[int] = []

    def more(measures: Any) -> bool:
        asked.append(len(measures))
        return len(asked) < 3

    made.more = more
    begin(made, plan)
    monkeypatch.setattr(made, "_carry", lambda cell: noted(made, cell, cell.number == 1))
    monkeypatch.setattr(made, "_save", lambda: None)
    monkeypatch.setattr(runner.store, "open_run", lambda folder: None)
    monkeypatch.setattr(runner.stored_measures, "write", lambda run, frame: None)
    monkeypatch.setattr(runner.stored_measures, "exit_code", lambda run, frame: 0)
    made.carry_out()
    lines = made.manifest.cells
    assert [(line.number, line.block) for line in lines] == [
        (1, 0),
        (2, 0),
        (3, 0),
        (4, 1),
        (5, 1),
        (6, 2),
        (7, 2),
    ]
    assert lines[2].retry_of == 1 and made.manifest.plan.blocks == 3 and len(asked) == 3
    by_place = {(cell.block, cell.arm.name): cell.seed for cell in cells(made.plan)}
    arm = lines[5].arm
    unfinished = lines[5].model_copy(update={"state": "planned"})
    cut_off = (*lines[:5], unfinished, *lines[6:])
    made.manifest = made.manifest.model_copy(update={"cells": cut_off})
    missing = made._missing()
    assert [(cell.number, cell.block, cell.arm.name) for cell in missing] == [(6, 2, arm)]
    assert missing[0].seed == by_place[2, arm]


def test_a_capacity_that_could_not_be_measured_is_measured_again_with_the_next_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(
        ["latency"],
        ["floor", "huey"],
        [],
        load_adapters(),
        seed=1,
        workers=2,
        size="gate",
        base="floor/default",
    )
    made = Runner(plan, tmp_path, estimate=False, more=lambda measures: made.plan.blocks < 3)
    begin(made, plan)
    order: list[tuple[int, str]] = []

    def carry(cell: Cell) -> CellLine:
        order.append((cell.block, cell.case))
        return noted(made, cell, order.count((0, "capacity")) < 3 and cell.case == "capacity")

    monkeypatch.setattr(made, "_carry", carry)
    monkeypatch.setattr(made, "_save", lambda: None)
    monkeypatch.setattr(runner.store, "open_run", lambda folder: None)
    monkeypatch.setattr(runner.stored_measures, "write", lambda run, frame: None)
    monkeypatch.setattr(runner.stored_measures, "exit_code", lambda run, frame: 0)
    made.carry_out()
    tail = [(1, "load=0.5"), (1, "load=0.5"), (2, "load=0.5"), (2, "load=0.5")]
    assert order == [
        (0, "capacity"),
        (0, "capacity"),
        (0, "load=0.5"),
        (0, "load=0.5"),
        (0, "capacity"),
        *tail,
    ]
