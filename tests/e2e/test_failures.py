"""A cell that fails: its reason is kept, the run goes on, and nothing is left."""

import errno
import io
from pathlib import Path
from typing import Any

import pytest
import redis

from bench.analysis import stored_measures
from bench.base.errors import BenchError, CellFailed, UsageError
from bench.model.scenario import load_scenarios
from bench.model.systems import load_adapters
from bench.record import store
from bench.run import failures
from bench.run.plan import make_plan
from bench.run.runner import Runner
from tests.failing.adapter import PLACES

FOLDER = Path(__file__).resolve().parents[1] / "failing"


def runner_of(folder: Path, *arms: str) -> Runner:
    how = {"size": "smoke", "tasks": 20, "workers": 1, "time_cap_s": 3.0}
    plan = make_plan(["burst"], arms, ["-"], load_adapters([FOLDER]), **how)
    return Runner(plan, folder, estimate=False)


def test_a_program_that_is_not_there_is_found_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="program-of-nobody is not installed"):
        runner_of(tmp_path / "run", "failing/program", "floor").prepare()
    assert not (tmp_path / "run").exists()


@pytest.mark.e2e
def test_wherever_a_cell_fails_its_reason_stays_and_the_run_goes_on(tmp_path: Path) -> None:
    arms = [f"failing/{place}" for place in PLACES]
    runner = runner_of(tmp_path / "run", *arms, "floor")
    runner.prepare()
    code = runner.carry_out()
    run = store.open_run(tmp_path / "run")
    lines = {line.arm: line for line in run.manifest.cells}
    assert lines["floor/default"].state == "done", "one bad cell must not end the run"
    reasons = {place: lines[f"failing/{place}"].reason for place in PLACES}
    assert {lines[arm].verdict for arm in arms} == {"invalid"}
    assert "the worker's own reason" in reasons["worker"]
    assert "the generator's own reason" in reasons["generator"]
    assert code == 4


@pytest.mark.e2e
@pytest.mark.parametrize("step", ["drive", "measure"])
def test_a_fault_of_ours_ends_its_cell_only_and_is_said_by_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    part = load_scenarios()["burst"].part(step)
    done = getattr(part, step)

    def faulty(cell: Any, *args: Any) -> Any:
        first = cell.spec.number == 1 if step == "measure" else cell.number == 1
        return 1 // 0 if first else done(cell, *args)

    monkeypatch.setattr(part, step, faulty)
    runner = runner_of(tmp_path / "run", "floor", "floor{again}")
    runner.prepare()
    code = runner.carry_out()
    monkeypatch.undo()
    run = store.open_run(tmp_path / "run")
    first, second = run.manifest.cells
    assert code == 70 and (first.state, second.state) == ("failed", "done")
    assert first.reason.startswith("internal error: ZeroDivisionError")
    log = store.cell_folder(run.path, 1) / "logs" / "internal-error.log"
    assert "in faulty" in log.read_text(encoding="utf-8")
    again = io.StringIO()
    stored_measures.measure_run(run).to_csv(again, index=False, float_format="%.9g")
    assert again.getvalue() == (run.path / "measures.csv").read_text(encoding="utf-8")


def test_what_went_wrong_first_is_kept() -> None:
    try:
        try:
            raise CellFailed("a worker ended with status 3")
        finally:
            raise redis.ConnectionError("gone while it was cleaned up")
    except redis.ConnectionError as error:
        assert failures.reason(failures.cause(error)) == "a worker ended with status 3"


@pytest.mark.parametrize(
    ("error", "ours", "ends", "words"),
    [
        (CellFailed("not ready"), False, False, "not ready"),
        (UsageError("free some space"), False, True, "free some space"),
        (BenchError("processes outlived their cell"), False, True, "outlived"),
        (OSError(errno.ENOSPC, "No space left"), False, True, "the machine refuses"),
        (OSError(errno.EAGAIN, "no more processes"), False, False, "the machine refuses"),
        (redis.ResponseError("NOPERM"), False, False, "the broker does not answer as it should"),
        (KeyError("x"), True, False, "internal error: KeyError"),
    ],
)
def test_whose_fault_it_is(error: Exception, ours: bool, ends: bool, words: str) -> None:
    assert (failures.is_ours(error), failures.ends_the_run(error)) == (ours, ends)
    assert words in failures.reason(error)
