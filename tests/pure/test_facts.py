"""The facts of the advice: each measure by its own name, and none beside one that is unlike it."""

from pathlib import Path
from typing import Any

import pytest

from bench.advise.facts import facts
from bench.analysis.dataset import join
from bench.record.store import Run
from tests.fixture_run import TASKS, altered, rewrite_measures, write_run


def only_arm(*runs: Run) -> Any:
    """What is known of huey/default, the only arm of these runs."""
    (arm,) = facts(join(runs), None)["arms"]
    return arm


@pytest.fixture
def burst(tmp_path: Path) -> Run:
    return write_run(tmp_path / "burst", {"burst": ("-", "bulk")}, systems=("huey",))


@pytest.fixture
def latency(tmp_path: Path) -> Run:
    cases = ("capacity", "load=0.7", "rate=30")
    return write_run(tmp_path / "latency", {"latency": cases}, systems=("huey",))


def planned(run: Run, **changes: int) -> Run:
    """The run as if it had been planned otherwise."""
    return altered(run, lambda document: document["plan"].update(changes))


def test_every_backlog_stands_by_its_size_with_what_was_measured_at_it(burst: Run) -> None:
    larger = planned(burst, tasks=5000)
    points = only_arm(burst, larger)["backlogs"]
    assert [(point["tasks"], point["cells"][:2]) for point in points] == [
        (TASKS, "A·"),
        (5000, "B·"),
    ]
    names = ("drain", "workers_mb", "broker_mb")
    assert all(point[name] for point in points for name in names)
    assert points[0]["cpu_ms"] is None, "withheld: the drain is too short for it"


def test_the_memory_is_asked_at_the_backlog_that_most_arms_have(tmp_path: Path, burst: Run) -> None:
    larger = planned(burst, tasks=5000)
    assert facts(join([burst]), None)["backlog"] == TASKS
    assert facts(join([burst, larger]), None)["backlog"] == 5000, "of two the larger"
    other = write_run(tmp_path / "other", {"burst": ("-",)}, systems=("rq",))
    assert facts(join([burst, larger, other]), None)["backlog"] == TASKS
    assert facts(join([write_run(tmp_path / "none", {"soak": ("-",)})]), None)["backlog"] is None


def test_a_drain_is_no_capacity(burst: Run, latency: Run) -> None:
    assert only_arm(burst)["capacity"] is None
    arm = only_arm(burst, latency)
    assert arm["capacity"]["value"] > 0 and arm["capacity"]["cells"] == "B·001"


def test_a_load_is_no_rate_at_which_arms_meet(latency: Run) -> None:
    assert [point["rate"] for point in only_arm(latency)["p99"]] == [30.0]


def test_a_withheld_percentile_keeps_its_reason(latency: Run) -> None:
    def withhold(frame: Any) -> None:
        rows = (frame["metric"] == "latency_p99_ms") & (frame["case"] == "rate=30")
        frame.loc[rows, ["verdict", "reason"]] = ["withheld", "one spell holds all of it"]
        frame.loc[rows, "value"] = float("nan")

    (point,) = only_arm(rewrite_measures(latency, withhold))["p99"]
    assert (point["p99"], point["grew"]) == (None, False)
    assert point["withheld"] == "one spell holds all of it"


def test_what_another_number_of_workers_did_is_left_out(burst: Run, latency: Run) -> None:
    arm = only_arm(burst, planned(latency, workers=4))
    assert arm["capacity"] is None and arm["p99"] == [] and len(arm["backlogs"]) == 1
    arm = only_arm(planned(latency, workers=4), burst)
    assert arm["capacity"] and arm["backlogs"] == [], "the run that was named first decides"
