"""bench compare over workloads: a row for each type of task, and unlike loads are refused."""

from pathlib import Path

import pytest

from bench.analysis.comparison_result import Change, Changes
from bench.base.errors import UsageError
from bench.compare.comparison import compare
from bench.compare.sides import Side
from bench.formats import points
from bench.record.store import Run
from tests.workload_runs import BEHAVIOURS, FILE, Behaviour, write_workload_run

SLOW = {**BEHAVIOURS, "huey": Behaviour(slow_ms=120.0)}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "base"
    return write_workload_run(folder, systems=("huey", "floor"), blocks=5)


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory, base: Run) -> Changes:
    folder = tmp_path_factory.mktemp("runs") / "head"
    head = write_workload_run(folder, systems=("huey", "floor"), blocks=5, behaviours=SLOW, seed=8)
    return compare(Side(base), Side(head))


def line(changes: Changes, part: str, arm: str = "huey/default") -> Change:
    return next(
        each
        for each in changes.lines
        if (each.metric, each.part, each.head) == ("latency_p50_ms", part, arm)
    )


def test_a_type_that_is_twice_as_slow_is_found_in_its_own_row(changes: Changes) -> None:
    slow = line(changes, "slow")
    assert slow.says == "regression" and slow.ratio == pytest.approx(2.0, rel=0.05)
    assert slow.label == "Latency P50 of slow (workload)"
    assert slow.id == "workload/-/latency_p50_ms/slow"
    assert line(changes, "quick").says != "regression"
    assert line(changes, "slow", "floor/default").says != "regression"
    assert line(changes, "").label == "Latency P50 (workload)"


def test_unlike_loads_are_refused_in_one_line_unless_forced(base: Run, tmp_path: Path) -> None:
    text = FILE.replace("share = 80", "share = 70")
    other = write_workload_run(tmp_path / "other", systems=("huey", "floor"), text=text, blocks=5)
    with pytest.raises(UsageError, match="workload: the workload file") as refused:
        compare(Side(base), Side(other))
    assert "\n" not in str(refused.value) and "base.toml and other.toml" in str(refused.value)
    assert "FORCED, though unlike" in compare(Side(base), Side(other), force=True).notes[0]


def test_types_have_points_of_their_own_for_other_tools(base: Run) -> None:
    found = {
        (each.benchmark, each.arm): each.value
        for each in points.of_run(base)
        if each.metric == "latency_p50_ms"
    }
    slow, whole = (found[name, "huey/default"] for name in ("workload/-/slow", "workload/-"))
    assert slow > 2 * whole
