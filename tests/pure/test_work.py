"""work, result and soak on made-up cells: every number against the cell's own arithmetic."""

from pathlib import Path

import numpy as np
import pytest

from bench.analysis import stored_measures
from bench.base.errors import UsageError
from bench.inprocess import body
from bench.model.arm import parse_arm
from bench.model.cell import Cell
from bench.model.scenario import load_scenarios, main_scenarios
from bench.model.systems import load_adapters
from bench.record import documents, ledger, store
from bench.record.ledger import STRETCH, thin
from bench.run.plan import cells, make_plan
from scenarios.work import Work, ceiling
from scenarios.work.drive import PAYLOAD_BYTES, _padding
from tests.fixture_run import HANDOVER_MS, MORE, RATES, SOAK_RATE, WORK_CASES, write_run

ADAPTERS = load_adapters()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> store.Run:
    return write_run(tmp_path_factory.mktemp("more") / "run", MORE)


def value(run: store.Run, scenario: str, case: str, system: str, metric: str) -> float:
    m = run.measures
    row = m[
        (m["scenario"] == scenario)
        & (m["case"] == case)
        & (m["system"] == system)
        & (m["metric"] == metric)
    ].iloc[0]
    assert row["verdict"] == "ok", row["reason"]
    return float(row["value"])


@pytest.mark.parametrize("system", ["celery", "rq", "huey", "floor"])
def test_the_share_of_the_ceiling_is_what_the_slots_own_time_leaves(
    run: store.Run, system: str
) -> None:
    own_ms = 2000 / RATES[system]
    for case in ("sleep/1", "sleep/N", "sleep/4N", "cpu/N", "cpu/4N"):
        assert value(run, "work", case, system, "ceiling_share") == pytest.approx(
            100 * 10 / (10 + own_ms), rel=0.02
        ), case
    assert value(run, "work", "sleep/4N", system, "throughput") == pytest.approx(
        4 * value(run, "work", "sleep/N", system, "throughput"), rel=0.02
    )


def test_computing_has_no_more_slots_than_cores_and_a_payload_has_no_ceiling(
    run: store.Run,
) -> None:
    assert (
        ceiling("cpu/4N", 8, 2) == 200
        and ceiling("sleep/4N", 8, 2) == 800
        and ceiling("cpu/1", 1, 2) == 100
        and ceiling("payload/N", 2, 2) is None
    )
    payload = run.measures[run.measures["case"].str.startswith("payload")]
    assert "ceiling_share" not in set(payload["metric"]) and "broker_bytes_per_task" in set(
        payload["metric"]
    )


def test_memory_per_slot_is_the_peak_by_the_slots(run: store.Run) -> None:
    for case, slots in (("sleep/1", 1), ("sleep/N", 2), ("sleep/4N", 8)):
        peak = value(run, "work", case, "huey", "worker_memory_peak_bytes")
        assert value(run, "work", case, "huey", "worker_memory_per_slot_bytes") == pytest.approx(
            peak / slots
        )


def test_a_drain_that_time_ended_is_beyond_and_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"work": ("sleep/N",)}, ("huey",))
    path = run.path / "cells" / "001" / "phases.json"
    log = documents.read_json(path)
    log["marks"]["out_of_time"] = 1
    documents.write_json(path, log)
    found = {
        m.metric: m
        for m in stored_measures.measure_cell(store.open_run(run.path), run.manifest.cells[0])
    }
    assert (
        found["throughput"].verdict == found["ceiling_share"].verdict == "beyond"
        and "time" in found["throughput"].reason
    )


def test_a_round_trip_and_what_of_it_comes_after_the_task(run: store.Run) -> None:
    for system, handover in HANDOVER_MS.items():
        assert value(run, "result", "-", system, "round_trip_p50_ms") == pytest.approx(
            1 + handover, rel=0.01
        )
        assert value(run, "result", "-", system, "handover_p50_ms") == pytest.approx(
            handover, rel=0.02
        )
    m = run.measures
    assert set(m[m["metric"] == "round_trip_p99_ms"]["verdict"]) == {"withheld"}, (
        "500 answers leave 5 beyond P99"
    )


def rewritten(run: store.Run, column: str, values: list[object]) -> "dict[str, object]":
    """The measures of cell 1 with one column of its tasks changed from the first row on."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = run.path / "cells" / "001" / "tasks.parquet"
    table = pq.read_table(path)
    old = table[column].to_pylist()
    new = pa.array([*values, *old[len(values) :]])
    table = table.set_column(
        table.schema.get_field_index(column),
        column,
        new.dictionary_encode() if isinstance(old[0], str) else new,
    )
    documents.write_parquet(path, table)
    return {
        m.metric: m
        for m in stored_measures.measure_cell(store.open_run(run.path), run.manifest.cells[0])
    }


def test_a_wrong_answer_gives_no_speed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"result": ("-",)}, ("huey",))
    rewritten(run, "error", ["ValueError: the result of task 0 was 7"])
    found = rewritten(run, "enqueue", ["error"])
    assert (
        found["round_trip_p50_ms"].verdict == "wrong" and found["round_trip_p50_ms"].value is None
    )
    assert "task 0 was 7" in found["round_trip_p50_ms"].reason


def test_percentiles_of_answers_that_never_came_have_their_rows(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"result": ("-",)}, ("huey",))
    measured = {m.metric for m in stored_measures.measure_cell(run, run.manifest.cells[0])}
    answers = len(run.cell(1).tasks("enqueue"))
    assert rewritten(run, "enqueue", ["error"] * answers).keys() == measured


def test_an_answer_before_its_task_has_finished_is_a_fault_of_the_events(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"result": ("-",)}, ("huey",))
    sent = int(run.cell(1).tasks("sent_ns")[0].as_py())
    found = rewritten(run, "returned_ns", [sent + 1000])
    assert (
        found["round_trip_p50_ms"].verdict == "invalid"
        and "before its task" in found["round_trip_p50_ms"].reason
    )


def test_growth_is_told_per_thousand_tasks_and_per_hour(run: store.Run) -> None:
    assert value(run, "soak", "-", "huey", "worker_growth_bytes_per_1000") == pytest.approx(
        1e7, rel=0.01
    )
    assert value(run, "soak", "-", "huey", "worker_growth_bytes_per_hour") == pytest.approx(
        1e4 * SOAK_RATE * 3600, rel=0.01
    )
    assert abs(value(run, "soak", "-", "huey", "broker_growth_bytes_per_1000")) < 1000
    assert value(run, "soak", "-", "huey", "idle_worker_cpu_ms_per_s") == pytest.approx(
        900, rel=0.01
    )
    m = run.measures
    told = m[(m["metric"] == "worker_growth_bytes_per_1000") & (m["system"] == "huey")].iloc[0][
        "reason"
    ]
    assert told.startswith("95 %: ")


def test_a_thinned_cell_keeps_what_is_odd_and_the_same_fates(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"soak": ("-",)}, ("huey",))
    book = ledger.load(run.cell(1))
    book.finished[7] = -1  # cut off
    book.returned[11] = book.sent[11] - 1  # against the order
    thinned, left_out = thin(book, 2)
    assert {7, 11} <= set(thinned.task.tolist()) and left_out == len(book.task) - len(thinned.task)
    assert thinned.task.tolist() == list(range(STRETCH)) + list(range(2 * STRETCH, 3 * STRETCH))
    later, _ = thin(book, 4)
    assert len(later.task) == STRETCH and set(later.run_task) == set(later.task)
    book.finished[STRETCH + 5] = -1
    kept, gone = thin(book, 4)
    assert STRETCH + 5 in kept.task and gone == len(book.task) - STRETCH - 1
    assert (kept.first_finish()[kept.task == STRETCH + 5] == -1).all()


def test_tasks_that_are_left_out_count_as_accepted_and_as_finished(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"soak": ("-",)}, ("huey",))
    path = run.path / "cells" / "001" / "phases.json"
    log = documents.read_json(path)
    documents.write_json(path, log | {"left_out": 1000})
    found = {
        m.metric: m
        for m in stored_measures.measure_cell(store.open_run(run.path), run.manifest.cells[0])
    }
    assert (
        found["finished"].verdict == "invalid"
        and "3000 push commands for 4000" in found["finished"].reason
    )
    samples = run.cell(1).samples
    samples.loc[samples["edge"] == "drained", "broker_pushes"] += 1000
    samples.to_parquet(run.path / "cells" / "001" / "samples.parquet")
    found = {
        m.metric: m
        for m in stored_measures.measure_cell(store.open_run(run.path), run.manifest.cells[0])
    }
    assert found["finished"].verdict == "ok" and found["finished"].value == 4000


@pytest.mark.parametrize(
    ("case", "slots"),
    [("sleep/1", 1), ("sleep/N", 3), ("sleep/4N", 12), ("sleep/100", 100), ("payload/4N", 12)],
)
def test_the_slots_follow_from_the_case_and_the_plan(case: str, slots: int) -> None:
    made = make_plan(["work"], ["huey"], [case], ADAPTERS, seed=1, workers=3)
    assert [(cell.case, cell.slots) for cell in cells(made)] == [(case, slots)]
    assert [
        cell.slots
        for cell in cells(make_plan(["burst"], ["huey"], ["-"], ADAPTERS, seed=1, workers=3))
    ] == [3]


def test_many_workers_only_where_they_are_threads_or_greenlets() -> None:
    def skipped(arm: str) -> bool:
        return bool(Work().skip(Cell(1, "work", "sleep/100", parse_arm(arm, ADAPTERS), 0, 100, 1)))

    assert [
        name
        for name in ("celery/default", "rq/default", "huey/process", "floor", "celery/solo")
        if not skipped(name)
    ] == []
    assert [
        name
        for name in (
            "celery/threads",
            "celery/gevent",
            "huey/default",
            "huey/thread",
            "huey/greenlet",
        )
        if skipped(name)
    ] == []


def test_new_scenarios_run_only_by_name_and_minutes_only_where_they_count() -> None:
    assert (
        tuple(make_plan([], [], [], ADAPTERS, seed=1).scenarios)
        == main_scenarios()
        == ("burst", "latency", "recovery")
    )
    assert set(load_scenarios()) == {*main_scenarios(), "work", "result", "soak", "workload"}
    plan = make_plan(["soak"], ["huey"], [], ADAPTERS, seed=1, minutes=30.0)
    assert [cell.params["minutes"] for cell in cells(plan)] == [30.0] and plan.time_cap_s >= 1800
    assert [
        cell.params["minutes"]
        for cell in cells(make_plan(["soak"], ["huey"], [], ADAPTERS, seed=1))
    ] == [10.0]
    with pytest.raises(UsageError, match="bench run soak"):
        make_plan(["burst"], [], [], ADAPTERS, seed=1, minutes=3.0)
    with pytest.raises(UsageError, match="above 0"):
        make_plan(["soak"], [], [], ADAPTERS, seed=1, minutes=-3.0)


def test_results_are_asked_for_only_where_they_are_kept() -> None:
    result = load_scenarios()["result"]
    skips = {
        name: result.skip(Cell(1, "result", "-", parse_arm(name, ADAPTERS), 0, 2, 1))
        for name in ("celery/default", "rq/tuned", "huey/tuned", "floor", "huey/default")
    }
    assert (
        not skips["celery/default"]
        and not skips["huey/default"]
        and not skips["rq/tuned"]
        and "no results" in skips["huey/tuned"]
        and "no call" in skips["floor"]
    )


def test_the_padding_is_ten_kib_that_do_not_shrink_to_nothing() -> None:
    import zlib

    text = _padding()
    assert (
        len(text) == PAYLOAD_BYTES
        and text == _padding()
        and len(zlib.compress(text.encode())) > 0.7 * PAYLOAD_BYTES
    )


def test_the_body_computes_by_the_clock_of_its_own_thread() -> None:
    import time

    began = time.thread_time()
    body._do("cpu:10")
    assert 0.010 <= time.thread_time() - began < 0.1
    body._do(_padding())
    with pytest.raises(ValueError, match="unknown work"):
        body._do("dance:1")


def test_work_cases_of_the_fixture_are_those_of_the_scenario() -> None:
    assert set(WORK_CASES) <= set(Work().all_cases())


def test_slope_of_theil_and_sen_is_not_moved_by_spikes() -> None:
    from bench.measure.order_statistics import slope

    x = np.arange(0, 600, 0.4)
    y = 1e8 + 50.0 * x + np.random.default_rng(1).normal(0, 1000, len(x))
    y[::17] += 3e7  # a fork that was caught now and then
    found = slope(x, y)
    assert (
        found is not None
        and found.per_s == pytest.approx(50, rel=0.2)
        and found.low <= 50 <= found.high
    )
    flat = slope(x, np.full(len(x), 7.0))
    assert flat is not None and flat.per_s == flat.low == flat.high == 0
    assert slope(x[:5], y[:5]) is None and slope([], []) is None


def test_the_interval_of_the_slope_holds_the_truth_about_95_times_of_100() -> None:
    from bench.measure.order_statistics import slope

    rng, x = np.random.default_rng(2), np.arange(0, 60, 0.4)
    found = [slope(x, rng.normal(0, 1, len(x))) for _ in range(300)]
    held = sum(each is not None and each.low <= 0 <= each.high for each in found)
    assert 0.91 <= held / 300 <= 0.99


def test_it_agrees_with_scipy() -> None:
    from scipy.stats import theilslopes

    from bench.measure.order_statistics import slope

    rng, x = np.random.default_rng(3), np.arange(30.0)
    y = 2 * x + rng.normal(0, 3, 30)
    found = slope(x, y)
    theirs = theilslopes(y, x)
    assert found is not None and found.per_s == pytest.approx(theirs.slope)
    assert (found.low, found.high) == pytest.approx((theirs.low_slope, theirs.high_slope), rel=0.05)


def test_the_report_shows_all_three_with_their_charts(run: store.Run, tmp_path: Path) -> None:
    from bench.report.page import build_page

    page = build_page([run])
    for name in ("work", "result", "soak"):
        assert f'<section id="{name}">' in page
    titles = (
        "Throughput against workers: 10 ms of waiting",
        "From the send until the caller has the result, P50",
        "Worker memory under a steady load",
    )
    assert all(f'aria-label="{title}"' in page for title in titles)
    assert page == build_page([run])
    assert 'title="95 %: ' in page
    without = build_page([write_run(tmp_path / "burst", {"burst": ("-",)})])
    assert '<section id="work">' not in without and '<section id="latency">' in without, (
        "only the main job is named where it was not measured"
    )


def test_advice_is_read_from_the_measured_numbers_of_workers(
    run: store.Run, tmp_path: Path
) -> None:
    from bench.advise.asked import checked
    from bench.advise.facts import facts
    from bench.advise.ranking import MEETS, answer
    from bench.analysis.dataset import join

    known = facts(join([write_run(tmp_path / "burst", {"burst": ("-",)}), run]), None)
    huey = next(arm for arm in known["arms"] if arm["arm"] == "huey/default")
    points = huey["work"]["io"]
    assert [point["workers"] for point in points] == [1, 2, 8] and known["work_ms"] == 10
    assert all(point["workers_mb"] and point["cells"].startswith("B·") for point in points)
    meets = {
        each.arm
        for each in answer(checked({"rate": 600, "task_ms": 10}), known)
        if each.state == MEETS
    }
    assert meets == {"celery/default", "huey/default"}, "RQ's 8 slots of 15 ms and 10 end at 316/s"
