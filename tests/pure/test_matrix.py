"""The fault matrix says what the stored cells say, and where that differs from predictions."""

from pathlib import Path

import pytest

from bench.analysis.dataset import Joined, join
from bench.analysis.evidence import all_evidence, evidence
from bench.record.store import open_run
from bench.report.headline import HIT
from bench.report.style import Palette, drawing
from scenarios.recovery import matrix
from scenarios.recovery.section import SECTION
from tests.fixture_run import write_run

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
OUTAGE = "broker-crash"


@pytest.fixture(scope="module")
def stored() -> Joined:
    return join([open_run(REFERENCE / name) for name in ("core-default", "core-durable")])


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


def test_refused_calls_stand_beside_the_time_and_the_fates(stored: Joined) -> None:
    """Who rejects an outage must not look quicker than who rides it out."""
    rows = {
        fault: dict(zip(stored.arms_of("recovery"), places, strict=True))
        for fault, _, places in matrix.matrix(stored)
    }
    outage = {arm: place.text for arm, place in rows[OUTAGE].items()}
    assert outage["huey/durable@redis-always"] == "187 refused, 3.52 s"
    assert outage["rq/durable@redis-always"] == "181 refused, 4.43 s"
    assert outage["celery/durable@redis-always"] == "6 refused, 7.46 s"
    assert outage["celery/durable@rabbitmq"] == "6 doubled, 16 refused, 13.6 s"
    assert outage["rq/default"] == "20 lost, 181 refused"
    said = {text.partition(":")[0]: text for text in matrix.sentences(stored)}
    assert f"enqueue calls refused: 181 in {OUTAGE}" in said["rq/durable@redis-always"]
    assert "refused" not in said["huey/default@sqlite"]
    seen = {(each.fault, each.arm): each.seen for each in matrix.predictions(stored)}
    assert seen[OUTAGE, "rq/durable@redis-always"].endswith("; 181 calls refused")


def test_refused_calls_stand_in_the_table_of_times_and_below_the_survival(stored: Joined) -> None:
    times = next(each for each in SECTION.tables(stored) if each.caption.startswith("Time from"))
    column = [heading for heading, _ in times.columns].index("Calls refused")
    group = [each for each in times.groups if each.title.startswith(OUTAGE)]
    shown = {row.arm: row.figures[column].text for each in group for row in each.rows}
    assert shown["huey/default"] == "180" and shown["celery/default"] == "4"
    with drawing():
        drawn = SECTION.charts(stored, Palette(stored.systems))
    caption = {each.title: each.caption for each in drawn}
    assert (
        "187 by huey/durable@redis-always"
        in caption[f"Tasks hit by {OUTAGE} that have not finished"]
    )
    assert "refused" not in caption["Tasks hit by deploy that have not finished"]


def test_what_was_hit_is_counted_alike_everywhere(stored: Joined) -> None:
    """Headline, advice, claims and matrix: by the fates of the cell, and by its evidence."""
    found = all_evidence(stored)
    assert len(found) == 28
    for each in found:
        fates = [stored.rows("recovery", each.case, each.arm, name) for name in HIT]
        assert sum(each.hit.values()) == sum(rows["value"].sum() for rows in fates), each
        refused = stored.rows("recovery", each.case, each.arm, "refused")
        assert each.refused == refused["value"].sum(), each
    crash = next(e for e in found if (e.case, e.arm) == ("worker-crash", "celery/default"))
    assert (sum(crash.hit.values()), crash.hit["lost"], crash.hit["stuck"]) == (23, 6, 9)
