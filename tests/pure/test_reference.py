"""The committed runs: readable, reproducible, made by the code that stands here, and small."""

import hashlib
import io
import time
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from bench.analysis import stored_measures
from bench.analysis.comparisons import compare_arms
from bench.analysis.dataset import join
from bench.model.fault import CORE, FURTHER
from bench.model.scenario import load_scenarios
from bench.record import documents, store
from bench.report.appendix import before_line

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "results" / "reference"
RUNS = sorted(path.parent.name for path in REFERENCE.glob("*/run.json"))


@pytest.mark.parametrize("name", RUNS)
def test_the_stored_events_give_the_stored_numbers_again(name: str) -> None:
    """Byte for byte, of every cell whose events are kept; what has none is held by its sum."""
    run = store.open_run(REFERENCE / name)
    began = time.monotonic()
    again = {
        line.number: stored_measures.measure_cell(run, line)
        for line, cell in run.measured()
        if cell.has_events
    }
    assert time.monotonic() - began < 15
    text = io.StringIO()
    stored_measures.table(run, again).to_csv(text, index=False, float_format="%.9g")
    head, *lines = (REFERENCE / name / "measures.csv").read_text(encoding="utf-8").splitlines()
    kept = {f"{run.id},{number}," for number in again}
    assert kept and text.getvalue().splitlines() == [
        head,
        *(line for line in lines if line.startswith(tuple(kept))),
    ]


@pytest.mark.parametrize("name", RUNS)
def test_the_stored_comparisons_follow_from_the_stored_numbers(name: str) -> None:
    run = store.open_run(REFERENCE / name)
    guarantees = {arm: about.guarantee for arm, about in run.manifest.arms.items()}
    again = compare_arms(run.measures, run.manifest.plan.size, guarantees)
    # They were computed before measures.csv was rounded to nine digits.
    stored = pd.read_csv(REFERENCE / name / "comparisons.csv")
    pd.testing.assert_frame_equal(again, stored, check_dtype=False, rtol=1e-6, atol=1e-6)


def test_some_cells_of_every_scenario_keep_their_events() -> None:
    runs = [store.open_run(REFERENCE / name) for name in RUNS]
    whole = {
        (line.scenario, line.arm.partition("/")[0])
        for run in runs
        for line, cell in run.measured()
        if cell.has_events
    }
    by_file = {name for name, each in load_scenarios().items() if each.by_file}
    assert {scenario for scenario, _ in whole} | by_file == set(load_scenarios())
    three = {"celery", "rq", "huey"}
    assert all({(name, system) for system in three} <= whole for name in ("burst", "recovery"))
    assert {("latency", system) for system in three} <= whole


def test_the_stored_numbers_are_those_that_were_written_down() -> None:
    """Stored events and figures could change together; their sums are changed by hand alone."""
    lines = (ROOT / "results" / "measures.sha256").read_text(encoding="utf-8").splitlines()
    sums = {path: digest for digest, path in (line.split() for line in lines)}
    tables = sorted((ROOT / "results").glob("*/*/measures.csv"))
    assert sums == {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tables
    }


def test_the_page_says_in_one_line_which_parts_were_measured_by_0_1() -> None:
    joined = join([store.open_run(REFERENCE / name) for name in RUNS])
    assert all(run.manifest.code is None for run in joined.runs)
    page = (ROOT / "reports" / "reference.html").read_text(encoding="utf-8")
    assert (
        before_line(joined).startswith("All was measured by version 0.1")
        and before_line(joined) in page
    )


def test_the_reference_is_complete() -> None:
    if not RUNS:
        pytest.skip("no reference run is stored")
    runs = [store.open_run(REFERENCE / name) for name in RUNS]
    measured: dict[str, set[str]] = {}
    for run in runs:
        for line in run.manifest.cells:
            measured.setdefault(line.scenario, set()).add(line.arm)
        again = {
            line.retry_of
            for line in run.manifest.cells
            if line.state == "done" and line.verdict == "ok"
        }
        # What was measured again may be left out of a reference, which has to stay small.
        # So may cells that are named as such: the floor's events at three loads alone would be
        # 3 MB.
        out = {
            line.number
            for line in run.manifest.cells
            if line.arm == "floor/default" and "left out of this copy" in line.reason
        }
        assert all(
            line.state in ("done", "skipped") or line.number in again | out
            for line in run.manifest.cells
        )
    for broker in ("redis-everysec", "redis-always", "rabbitmq"):
        assert f"celery/default@{broker}" in measured["burst"] & measured["latency"]
    for scenario in ("burst", "latency", "recovery"):
        assert {f"{system}/default" for system in ("celery", "rq", "huey")} <= measured[scenario]
    assert {"celery/tuned", "rq/tuned", "huey/tuned", "floor/default"} <= measured["burst"]
    for scenario in ("work", "result", "soak"):
        assert {f"{system}/default" for system in ("celery", "rq", "huey")} <= measured[scenario]
    assert {"celery/threads", "celery/gevent", "huey/greenlet"} <= measured["work"]


def row(path: Path, first: str) -> list[str]:
    """The cells behind the first one, of the first line of a table that begins with it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def counted(run: str, arm: str, case: str, metric: str) -> str:
    frame = store.open_run(REFERENCE / run).standing
    keys = (frame["arm"] == arm) & (frame["case"] == case) & (frame["metric"] == metric)
    return f"{frame.loc[keys, 'value'].item():.0f}"


def test_the_readmes_have_the_refused_calls_beside_the_fates() -> None:
    """They are copied by hand: what stands there is what is stored."""

    def counts(metric: str) -> list[str]:
        arms = ("celery/default", "rq/default", "huey/default")
        return [counted("core-default", arm, "broker-crash", metric) for arm in arms]

    readme, page = ROOT / "README.md", REFERENCE / "README.md"
    assert row(readme, "enqueue calls refused meanwhile") == [*counts("refused"), ""]
    crashes = row(readme, "three broker crashes, nothing saved: work they hit")
    assert [text.split()[0] for text in crashes[:3]] == counts("lost")
    defaults = [row(page, f"{system}/default")[-1] for system in ("celery", "rq", "huey")]
    assert defaults == counts("refused")
    durable = {
        "celery/durable, Redis †": "celery/durable@redis-always",
        "celery/durable, RabbitMQ †": "celery/durable@rabbitmq",
        "rq/durable": "rq/durable@redis-always",
        "huey/durable": "huey/durable@redis-always",
    }
    for name, arm in durable.items():
        assert row(page, name)[-1] == counted("core-durable", arm, "broker-crash", "refused"), name
    assert row(page, "huey/default, SQLite †")[-1] == ""
    lost = counted("core-durable", "huey/durable@redis-always", "worker-crash", "lost")
    assert row(page, "huey/durable")[0] == f"**{lost} of 24 lost**"


def test_the_fault_matrix_is_whole() -> None:
    """Core faults for the default and durable arms, the further ones for the durable ones.

    Each was measured, or refused for a reason.
    """
    lines = [
        line
        for name in RUNS
        for line in store.open_run(REFERENCE / name).manifest.cells
        if line.scenario == "recovery"
    ]
    told = {
        (line.case, line.arm)
        for line in lines
        if line.state == "done" or line.verdict in ("not_offered", "unavailable")
    }
    durable = (
        "celery/durable@redis-always",
        "rq/durable@redis-always",
        "huey/durable@redis-always",
        "celery/durable@rabbitmq",
    )
    core = (*durable, "celery/default", "rq/default", "huey/default", "huey/default@sqlite")
    assert told >= {(fault, arm) for fault in CORE for arm in core} | {
        (fault, arm) for fault in FURTHER for arm in durable
    }


def test_the_instrument_was_proven_three_times_in_a_row() -> None:
    stored = [documents.read_json(path) for path in sorted(REFERENCE.glob("selftest-*.json"))]
    assert len(stored) == 3 and not any(each["quick"] for each in stored)
    assert all(each["passed"] and all(line["passed"] for line in each["lines"]) for each in stored)
    assert {line["item"] for each in stored for line in each["lines"]} == set(range(1, 11))
    ends = [
        datetime.fromisoformat(each["created"]) + timedelta(seconds=each["seconds"])
        for each in stored
    ]
    begins = [datetime.fromisoformat(each["created"]) for each in stored]
    assert all(
        0 <= (begin - end).total_seconds() < 60
        for end, begin in zip(ends, begins[1:], strict=False)
    ), "one after the other, none left out"


def test_the_reference_is_small() -> None:
    stored = [path for path in REFERENCE.parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in stored) <= 12_000_000
    page = REFERENCE.parent.parent / "reports" / "reference.html"
    assert not RUNS or page.stat().st_size <= 2_000_000


def test_measures_name_every_cell() -> None:
    for name in RUNS:
        run = store.open_run(REFERENCE / name)
        columns = ("cell", "scenario", "case", "arm", "block")
        measured = set(zip(*(run.measures[name] for name in columns), strict=True))
        cells = {
            (line.number, line.scenario, line.case, line.arm, line.block)
            for line in run.manifest.cells
            if line.state != "planned"
        }
        assert measured == cells
        assert set(run.standing["cell"]) == run.manifest.standing()
        assert not pd.isna(run.measures[run.measures["verdict"] == "ok"]["value"]).any()
