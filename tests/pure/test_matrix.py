"""The fault matrix says what the stored cells say, and where that differs from predictions."""

from pathlib import Path

import pytest

from bench.analysis.dataset import join
from bench.analysis.evidence import evidence
from scenarios.recovery import matrix
from tests.fixture_run import write_run


@pytest.fixture
def joined(tmp_path: Path):  # type: ignore[no-untyped-def]
    return join([write_run(tmp_path / "run", {"recovery": ("worker-crash", "deploy")})])


def test_each_place_has_the_worst_fate_and_its_count(
    joined,  # type: ignore[no-untyped-def]
) -> None:
    rows = {
        fault: dict(zip(joined.arms_of("recovery"), places, strict=True))
        for fault, _, places in matrix.matrix(joined)
    }
    crash = rows["worker-crash"]
    assert {arm: (p.fate, p.text) for arm, p in crash.items()} == {
        "celery/default": ("recovered", "9.00 s"),
        "rq/default": ("stuck", "2 stuck"),
        "huey/default": ("lost", "2 lost"),
        "floor/default": ("lost", "2 lost"),
    }
    assert any("no documented command" in line for line in crash["rq/default"].lines)
    assert any("held: 2 in started registry" in line for line in crash["rq/default"].lines)
    assert any(
        line.startswith("0 of ") and "95 % confidence" in line
        for line in crash["celery/default"].lines
    )


def test_below_a_deploy_stands_the_signal_that_the_documentation_gives(
    joined,  # type: ignore[no-untyped-def]
) -> None:
    rows = {
        fault: {place: told.aside for place, told in zip(joined.arms, places, strict=True)}
        for fault, _, places in matrix.matrix(joined)
    }
    assert rows["deploy"] == {
        "celery/default": "graceful stop: SIGTERM",
        "rq/default": "graceful stop: SIGTERM",
        "huey/default": "graceful stop: SIGINT",
        "floor/default": "",
    }
    assert set(rows["worker-crash"].values()) == {""}


def test_running_and_waiting_are_told_apart(joined) -> None:  # type: ignore[no-untyped-def]
    found = evidence(joined, "worker-crash", "huey/default")
    assert (
        found is not None and found.running == {"lost": 2} and set(found.waiting) == {"recovered"}
    )
    assert len(found.never_s) == 2 and len(found.back_s) == sum(found.waiting.values())


def test_a_prediction_that_does_not_hold_is_named(joined) -> None:  # type: ignore[no-untyped-def]
    rows = {(row.arm, row.fault): row for row in matrix.predictions(joined)}
    assert rows["huey/default", "worker-crash"].differs == ""
    assert rows["rq/default", "worker-crash"].differs == "running tasks were predicted to be lost"
    assert ("celery/default", "worker-crash") not in rows


def test_a_sentence_for_each_arm(joined) -> None:  # type: ignore[no-untyped-def]
    said = {text.partition(":")[0]: text for text in matrix.sentences(joined)}
    assert "2 lost of" in said["huey/default"] and "by itself" in said["celery/default"]
