"""bench advise --workload: the objective is what is asked for, and unlike loads are refused."""

import json
from pathlib import Path

import pytest

from bench.advise.ranking import EXCLUDED, MEETS
from bench.advise.workload_advice import advice
from bench.analysis.dataset import join
from bench.base.errors import UsageError
from bench.record.store import Run
from bench.workload.workload_record import SearchRecord
from tests.fixture_run import write_run
from tests.pure.test_cli import bench
from tests.workload_runs import FILE, NOT_OFFERED, Behaviour, write_workload_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_workload_run(tmp_path_factory.mktemp("runs") / "shop")


def test_arms_are_held_against_the_objective(run: Run) -> None:
    found = advice(join([run]))
    assert found.objective == (
        "p99_ms ≤ 500",
        "failed ≤ 0",
        "backlog ≤ 100",
        "p90_ms of quick ≤ 100",
    )
    states = {each.arm: each.state for each in found.arms}
    assert states == {
        "huey/default": MEETS,
        "celery/default": EXCLUDED,
        "rq/default": EXCLUDED,
    }, "the floor is no choice"
    huey = found.arms[0]
    assert huey.place == 1 and huey.headroom == pytest.approx(4.2, rel=0.1)
    assert [check.met for check in huey.checks] == [True] * 4
    rq = next(each for each in found.arms if each.arm == "rq/default")
    (missed,) = (check for check in rq.checks if check.met is False)
    assert missed.requirement == "p99_ms ≤ 500" and missed.text.startswith("missed with ")


def test_each_arm_is_told_with_its_cost(run: Run) -> None:
    remarks = advice(join([run])).remarks
    assert all(told[0].startswith("1,000 tasks cost ") for told in remarks.values())


def test_the_roomier_arm_stands_first_and_ties_share_a_place(tmp_path: Path) -> None:
    behaviours = {
        "celery": Behaviour(quick_ms=40.0),
        "rq": Behaviour(quick_ms=10.0),
        "huey": Behaviour(quick_ms=10.2),
    }
    run = write_workload_run(
        tmp_path / "run", systems=("celery", "rq", "huey"), behaviours=behaviours
    )
    places = {each.arm: each.place for each in advice(join([run])).arms}
    assert places == {"rq/default": 1, "huey/default": 1, "celery/default": 3}


def test_what_is_not_offered_is_excluded_with_its_reason(tmp_path: Path) -> None:
    run = write_workload_run(tmp_path / "run", systems=("celery", "huey"), lacking="huey")
    huey = next(each for each in advice(join([run])).arms if each.arm == "huey/default")
    assert huey.state == EXCLUDED and huey.checks[0].text == NOT_OFFERED


def test_a_search_is_told_and_its_plain_probe_is_judged(tmp_path: Path) -> None:
    run = write_workload_run(
        tmp_path / "run",
        ("times=1", "times=4"),
        ("huey",),
        search=SearchRecord(kind="rate", minutes=5.0),
    )
    found = advice(join([run]))
    assert [each.state for each in found.arms] == [MEETS]
    assert any("and is missed at 4 times" in text for text in found.remarks["huey/default"])


def test_unlike_loads_and_other_runs_are_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    other = write_workload_run(tmp_path / "other", text=FILE.replace("rate = 40", "rate = 41"))
    with pytest.raises(UsageError, match="unlike loads") as refused:
        advice(join([run, other]))
    assert "\n" not in str(refused.value)
    burst = write_run(tmp_path / "burst", {"burst": ("-",)}, ("huey",))
    with pytest.raises(UsageError, match="ran no load of your own"):
        advice(join([burst]))
    nothing = write_workload_run(tmp_path / "none", text=FILE.partition("[objective]")[0])
    with pytest.raises(UsageError, match="has no \\[objective\\]"):
        advice(join([nothing]))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--rate", "100"], "leave --rate out"),
        (["--no-loss"], "leave --no-loss out"),
        (["--need", "flow.chord"], "leave --need out"),
        (["--published-tree"], "leave --published-tree out"),
    ],
)
def test_what_else_is_asked_is_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    args: list[str],
    words: str,
) -> None:
    code, _, err = bench(capsys, monkeypatch, "advise", str(run.path), "--workload", *args)
    assert code == 64 and words in err and "Traceback" not in err


def test_the_answer_as_text_and_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    code, out, _ = bench(capsys, monkeypatch, "advise", str(run.path), "--workload")
    assert code == 0
    assert "asked: p99_ms ≤ 500, failed ≤ 0" in out and "1. huey/default  (meets" in out
    assert "1,000 tasks cost" in out
    code, out, _ = bench(capsys, monkeypatch, "advise", str(run.path), "--workload", "--json")
    document = json.loads(out)
    assert document["workload"] == "shop.toml"
    assert document["arms"][0]["arm"] == "huey/default"
    assert document["arms"][0]["remarks"]
