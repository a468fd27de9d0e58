"""A search within a run: arms in turns, one stored cell at a time, and the same after a cut."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.model.cell import Cell
from bench.model.manifest import CellLine, Manifest
from bench.model.systems import load_adapters
from bench.record.store import Run
from bench.run import runner, searching
from bench.run.plan import Plan, cells, make_plan
from bench.run.runner import Runner
from bench.run.search_plan import MOST_ARRIVALS, case_of, load_size, search_for
from bench.run.searching import Searches, begun
from bench.workload.bracket import SearchPoint
from bench.workload.workload_file import WorkloadFile, read_workload
from bench.workload.workload_record import SearchRecord

BORDER = {"floor/default": 11.0, "huey/default": 3.0}  # times the arrivals
CELL_S = 40.0


def load(folder: Path, arrivals: str = "rate = 100\nseconds = 30") -> WorkloadFile:
    path = folder / "load.toml"
    path.write_text(
        '[[task]]\nname = "a"\nshare = 3\n[[task]]\nname = "b"\nshare = 1\n'
        f"[arrivals]\n{arrivals}\n"
        "[objective]\np90_ms = 100\nlost = 0\n[objective.task.b]\np50_ms = 50\n",
        encoding="utf-8",
    )
    return read_workload(path)


def planned(folder: Path, kind: str = "rate", first: float = 1.0, minutes: float = 10) -> Plan:
    return make_plan(
        ["workload"],
        list(BORDER),
        [case_of(kind, first)],
        load_adapters(),
        seed=5,
        workers=4,
        size="quick",
        workload=load(folder),
        search=SearchRecord(kind=kind, minutes=minutes),
    )


def shown(self: Searches, run: Run, at: float, lines: Sequence[CellLine]) -> SearchPoint:
    """In the place of what is read from the cells: a border that is known."""
    if all(line.verdict == "invalid" for line in lines):
        return SearchPoint(at, "invalid", len(lines), words="invalid: foreign load")
    border = BORDER[lines[0].arm]
    verdict = "holds" if at < 0.97 * border else "misses" if at > 1.03 * border else "unclear"
    return SearchPoint(at, verdict, len(lines), border, verdict)


def begin(folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> tuple[Runner, list[str]]:
    said: list[str] = []
    made = Runner(plan, folder, estimate=False)
    made.watcher.said = said.append
    made.todo = cells(plan)
    lines = tuple(cell.line() for cell in made.todo)
    made.manifest = Manifest.model_construct(plan=plan.record(), cells=lines, seed=plan.seed)
    monkeypatch.setattr(Searches, "_read", shown)
    monkeypatch.setattr(made, "_save", lambda: None)
    monkeypatch.setattr(made, "_frame", lambda: None)
    monkeypatch.setattr(
        made, "_carry", lambda cell: made._note(cell, state="done", verdict="ok", seconds=CELL_S)
    )
    monkeypatch.setattr(runner.store, "open_run", lambda path: Run(path, made.manifest))
    monkeypatch.setattr(runner.stored_measures, "write", lambda run, frame: None)
    monkeypatch.setattr(runner.stored_measures, "exit_code", lambda run, frame: 4)
    return made, said


def placed(made: Runner) -> list[tuple[str, str, int]]:
    return [(line.arm, line.case, line.block) for line in made.manifest.cells]


def test_arms_take_turns_and_each_gets_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, said = begin(tmp_path, planned(tmp_path), monkeypatch)
    assert made.carry_out() == 0, "an unfit cell costs nothing where every arm has its answer"
    lines = made.manifest.cells
    turns = [line.arm for line in lines]
    both = 2 * min(turns.count(arm) for arm in BORDER)
    assert all(set(turns[at : at + 2]) == set(BORDER) for at in range(0, both, 2))
    assert len(set(placed(made))) == len(lines), "cells of one probe differ by block"
    stored = json.loads((tmp_path / "workload" / "search.json").read_text(encoding="utf-8"))
    for arm, border in BORDER.items():
        found = stored["answers"][arm]
        assert found["found"] == "between" and found["holds"] < border < found["misses"]
        assert found["misses"] / found["holds"] < 1.3 and found["over"]
        assert f"{arm}: {found['sentence']}" in said
    repeated = [place for place in placed(made) if place[2]]
    assert repeated and all(
        abs(float(case[6:]) / BORDER[arm] - 1) < 0.05 for arm, case, _ in repeated
    )


def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = begin(tmp_path, planned(tmp_path), monkeypatch)
    whole.carry_out()
    for kept in (2, 3, 7):
        cut, _ = begin(tmp_path, planned(tmp_path), monkeypatch)
        done = whole.manifest.cells[:kept]
        begun_one = whole.manifest.cells[kept].model_copy(
            update={"state": "planned", "verdict": "", "seconds": None}
        )
        cut._change(cells=(*done, begun_one))
        cut.todo = cut._missing()
        assert [(cell.number, cell.case) for cell in cut.todo] == [
            (begun_one.number, begun_one.case)
        ]
        cut.carry_out()
        assert placed(cut) == placed(whole)


def test_what_a_probe_draws_hangs_on_its_place_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path)
    searches = begun(plan)
    assert searches
    one, other = (searches._cell(arm, 2.5, [], 7) for arm in BORDER)
    assert (one.case, one.params["times"], one.seed) == ("times=2.5", 2.5, other.seed)
    again = searches._cell("floor/default", 2.5, [one.line()], 9)
    assert again.block == 1 and again.seed != one.seed


def test_the_time_of_each_arm_ends_its_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, said = begin(tmp_path, planned(tmp_path, minutes=4 * CELL_S / 60), monkeypatch)
    made.carry_out()
    counts = [sum(line.arm == arm for line in made.manifest.cells) for arm in BORDER]
    assert counts == [4, 4]
    assert any("the time was over before the search was" in line for line in said)


def test_an_arm_that_does_not_offer_the_load_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, said = begin(tmp_path, planned(tmp_path), monkeypatch)
    carry = made._carry

    def carried(cell: Cell) -> CellLine:
        if cell.arm.name == "floor/default":
            why = {"verdict": "not_offered", "reason": "it has no retries"}
            return made._note(cell, state="skipped", seconds=0.0, **why)
        return carry(cell)

    monkeypatch.setattr(made, "_carry", carried)
    assert made.carry_out() == 0
    assert sum(line.arm == "floor/default" for line in made.manifest.cells) == 1
    assert any("floor/default: no answer: it has no retries" in line for line in said)


def test_an_arm_that_is_never_valid_ends_soon_and_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = begin(tmp_path, planned(tmp_path), monkeypatch)

    def carried(cell: Cell) -> CellLine:
        broken = {"verdict": "invalid", "reason": "a worker ended"}
        return made._note(cell, state="failed", seconds=1.0, **broken)

    monkeypatch.setattr(made, "_carry", carried)
    assert made.carry_out() == 4
    assert len(made.manifest.cells) == 4, "each probe was tried twice"


def test_the_fewest_workers_are_looked_for_at_the_file_s_arrivals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_number(self: Searches, run: Run, at: float, lines: Sequence[CellLine]) -> SearchPoint:
        return SearchPoint(at, "holds" if at >= 3 else "misses", len(lines))

    made, said = begin(tmp_path, planned(tmp_path, "workers", 4.0), monkeypatch)
    monkeypatch.setattr(Searches, "_read", by_number)
    made.carry_out()
    assert sum("3 workers hold the objective, 2 do not" in line for line in said) == 2
    assert {line.case for line in made.manifest.cells} >= {"workers=4", "workers=3", "workers=2"}
    assert {cell.slots for cell in made.todo} == {4}


def test_the_size_of_a_load_is_that_of_its_goals(tmp_path: Path) -> None:
    size = load_size(load(tmp_path), 1)
    assert size.seconds == 30 and abs(size.arrivals - 3000) < 300 and not size.shrinks
    assert [goal.spared for goal in size.goals] == [10, 50], "counts are not estimated"
    assert size.goals[0].tasks == size.arrivals
    assert size.goals[1].tasks == pytest.approx(size.arrivals / 4, rel=0.15)
    (tmp_path / "t.csv").write_text("0,a\n1.5,b\n2,a\n", encoding="utf-8")
    trace = load_size(load(tmp_path, 'trace = "t.csv"'), 1)
    assert trace.shrinks and trace.arrivals == 3 and trace.seconds == 2
    assert search_for("rate", size, 4, 1).most * size.arrivals == pytest.approx(MOST_ARRIVALS)


def test_a_plan_without_a_search_has_none(tmp_path: Path) -> None:
    plan = make_plan(["burst"], ["floor"], [], load_adapters(), seed=1, workers=2)
    assert searching.begun(plan) is None
