"""Cells of a workload, live: what the file says is what came, with retries, types and strikes."""

from pathlib import Path

import numpy as np
import pytest

from bench.measure.goals import goals_of, probes_of
from bench.record import ledger, store
from bench.workload.arrivals import arrive
from bench.workload.draws import draw
from bench.workload.workload_file import WorkloadFile, read_workload
from tests.e2e.test_end_to_end import bench

pytestmark = pytest.mark.e2e
FILE = """
[[task]]
name = "page"
share = 3
sleep_ms = { median = 5, p99 = 20 }

[[task]]
name = "mail"
share = 1
sleep_ms = 20
payload = "2 KiB"
fails = 0.3
retries = 2

[arrivals]
rate = 20
seconds = 12

[objective]
p90_ms = 1000
lost = 0
"""
SYSTEMS = ("celery/default", "rq/default", "huey/default")
BUSY = ("foreign load", "generator", "throttled")  # the machine's doing, not the system's


def written(folder: Path) -> WorkloadFile:
    (folder / "shop.toml").write_text(FILE, encoding="utf-8")
    return read_workload(folder / "shop.toml")


def run_of(folder: Path, *args: str, skipped: tuple[str, ...] = ()) -> store.Run:
    """A smoke run of the load, which some arms do not offer; a busy machine is no fault of it."""
    asked = ("run", "workload", "--workload", "shop.toml", "--size", "smoke", "--workers", "2")
    done = bench(folder, *asked, *args, "--out", "run")
    assert done.returncode in (0, 4), done.stderr + done.stdout
    run = store.open_run(folder / "run")
    for line in run.manifest.cells:
        if line.arm in skipped:
            assert (line.state, line.verdict) == ("skipped", "not_offered"), line
        else:
            assert line.state == "done", line
            assert line.verdict == "ok" or line.reason.startswith(BUSY), line
    return run


def counted(run: store.Run, number: int, metric: str, part: str = "") -> float:
    """A count of a cell, of one type of task or of all; -1 where it has none."""
    rows = run.measures[(run.measures["cell"] == number) & (run.measures["part"] == part)]
    return float(rows.loc[rows["metric"] == metric, "value"].fillna(-1).iloc[0])


@pytest.mark.slow
def test_a_cell_has_the_load_that_its_file_says(tmp_path: Path) -> None:
    file = written(tmp_path)
    arms = [word for arm in (*SYSTEMS, "floor/default") for word in ("--arm", arm)]
    run = run_of(tmp_path, *arms, skipped=("floor/default",))  # it has no retries
    retries = np.array([task.retries for task in file.workload.task])
    for line, cell in run.measured():
        book = ledger.load(cell)
        arrivals = arrive(file.workload, cell.spec.seed)
        draws = draw(file.workload, arrivals.kinds, cell.spec.seed, {})
        ours = book.measured()
        begin = int(cell.log.marks["begin_ns"])
        assert np.array_equal(book.due[ours] - begin, arrivals.due_ns), line
        assert np.array_equal(book.kind[ours], arrivals.kinds) and book.types == ("page", "mail")
        most = retries[arrivals.kinds] + 1
        raised = int(np.minimum(draws.failing_runs, most).sum())
        assert int((book.raised[book.run_task >= 0] >= 0).sum()) == raised > 0, line
        never = int((draws.failing_runs >= most).sum())
        if line.verdict == "ok":
            assert counted(run, line.number, "failed") == never
            assert counted(run, line.number, "failed", "page") == 0
            assert counted(run, line.number, "lost") == 0
        assert cell.log.first_errors["mail"].error.startswith("PlannedFailure")
        assert "page" not in cell.log.first_errors
        assert [each.goal.word for each in goals_of(cell)] == ["p90_ms", "lost"]


@pytest.mark.slow
def test_a_stored_load_is_measured_again_from_its_folder_alone(tmp_path: Path) -> None:
    written(tmp_path)
    run = run_of(tmp_path, "--arm", "huey/default")
    before = (run.path / "measures.csv").read_bytes()
    assert (run.path / "workload" / "shop.toml").read_text(encoding="utf-8") == FILE
    (tmp_path / "shop.toml").unlink()
    done = bench(tmp_path, "measure", "run")
    assert done.returncode in (0, 4), done.stderr
    assert (run.path / "measures.csv").read_bytes() == before


@pytest.mark.slow
def test_probes_have_more_arrivals_or_other_workers(tmp_path: Path) -> None:
    written(tmp_path)
    cases = ("--case", "times=2", "--case", "workers=1")
    run = run_of(tmp_path, "--arm", "huey/default", *cases)
    cells = {line.case: cell for line, cell in run.measured()}
    assert cells["workers=1"].spec.slots == 1 and cells["times=2"].spec.slots == 2
    sent = {case: int(ledger.load(cell).measured().sum()) for case, cell in cells.items()}
    assert 1.5 < sent["times=2"] / sent["workers=1"] < 2.6
    assert {each.goal.word for each in probes_of([cells["times=2"]])} == {"p90_ms", "lost"}


@pytest.mark.slow
@pytest.mark.parametrize("case", ["crash", "deploy", "broker-crash"])
@pytest.mark.parametrize("arm", SYSTEMS)
def test_a_strike_in_the_middle_leaves_each_task_one_fate(
    tmp_path: Path, arm: str, case: str
) -> None:
    written(tmp_path)
    done = bench(
        tmp_path,
        *("run", "workload", "--workload", "shop.toml", "--size", "smoke", "--workers", "2"),
        *("--arm", arm, "--case", case, "--out", "run"),
    )
    # 3: a task that was lost against the guarantee is a finding, and no fault of this test.
    assert done.returncode in (0, 3, 4), done.stderr + done.stdout
    run = store.open_run(tmp_path / "run")
    (line, cell), *_ = run.measured()
    (injection,) = cell.log.injections
    begin, seconds = int(cell.log.marks["begin_ns"]), float(cell.log.marks["load_s"])
    assert 0.3 < (injection.t0_ns - begin) / 1e9 / seconds < 0.8 and injection.victims
    if line.verdict == "invalid":
        assert line.reason.startswith(BUSY), line.reason
        return
    fates = (*("finished", "recovered", "doubled", "failed", "stuck", "lost", "open", "refused"),)
    by_type = {
        part: sum(counted(run, line.number, fate, part) for fate in fates)
        for part in ("", "page", "mail")
    }
    book = ledger.load(cell)
    assert by_type[""] == by_type["page"] + by_type["mail"]
    assert by_type[""] == int((book.measured() & (book.enqueue != ledger.UNSENT)).sum())
    missed = run.measures[run.measures["metric"] == "objective_missed_s"]
    assert set(missed["part"]) == {"", "page", "mail"}
