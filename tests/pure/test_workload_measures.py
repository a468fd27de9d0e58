"""The figures of a workload: of all tasks and of each type, with gates, goals and probes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.analysis import stored_measures
from bench.analysis.comparisons import compare_arms
from bench.base.errors import UsageError
from bench.measure.goals import goals_of, load_of, probed, probes_of, standing_goal, verdict_of
from bench.measure.order_statistics import percentile
from bench.model.metric import METRICS, Measure
from bench.record import store
from bench.record.ledger import ERROR, Ledger, tables
from bench.workload.workload_form import Objective
from scenarios.workload.measure import measure
from tests.fixture_run import write_load, write_run
from tests.made_up_load import (
    COUNT,
    MS,
    SECOND,
    SECONDS,
    START,
    WORKLOAD,
    MadeLoad,
    made_up_load,
    strike_ns,
)

CORES = 2
Rows = dict[tuple[str, str], Measure]


def rows(cell: store.StoredCell) -> Rows:
    """(type or "", metric) → the measure; each is there once."""
    found = measure(cell, CORES)
    by_name = {(each.part, each.metric): each for each in found}
    assert len(by_name) == len(found)
    return by_name


def of(folder: Path, **how: object) -> Rows:
    """The measures of a made-up load, always drawn from the same seed."""
    case = str(how.get("case", "-"))
    made = made_up_load(np.random.default_rng(5), **how)  # type: ignore[arg-type]
    return rows(write_load(folder, made, case))


def changed(folder: Path, made: MadeLoad, change: Callable[[Ledger], Ledger]) -> Rows:
    return rows(write_load(folder, replace(made, book=change(made.book))))


def verdict(found: Rows) -> tuple[str, str]:
    """Verdict and reason of the whole cell."""
    told = found["", "load_rate"]
    return told.verdict, told.reason


def test_every_measure_is_known_and_a_fit_cell_has_its_figures(tmp_path: Path) -> None:
    found = of(tmp_path / "cell", raising_once=range(0, COUNT, 50))
    assert {metric for _, metric in found} <= set(METRICS)
    assert {part for part, _ in found} == {"", "thumbnail", "mail"}
    assert found["", "load_rate"].value == COUNT / SECONDS
    assert found["", "finished"].value == COUNT
    assert found["", "lost"].value == found["mail", "failed"].value == 0
    assert found["", "latency_p99_ms"].verdict == "ok"
    # Nine mails lie beyond their P99, and ten are wanted.
    assert found["mail", "latency_p99_ms"].verdict == "withheld"
    assert found["", "worker_memory_peak_bytes"].value
    assert found["", "import_ms"].verdict == "not_offered"
    counts = [found[name, "finished"].value or 0 for name in WORKLOAD.names]
    assert sum(counts) == COUNT


def test_a_type_has_the_percentiles_of_its_own_tasks(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5))
    found = rows(write_load(tmp_path / "cell", made))
    latency = (made.book.first_finish() - made.book.due) / MS
    for name in WORKLOAD.names:
        ours = latency[made.book.of_type(name)]
        assert found[name, "latency_p50_ms"].value == pytest.approx(percentile(ours, 50))
        assert found[name, "latency_p90_ms"].value == pytest.approx(percentile(ours, 90))


def test_a_type_that_is_twice_as_slow_shows_in_its_own_row_and_in_no_other(tmp_path: Path) -> None:
    plain = of(tmp_path / "plain")
    slow = of(tmp_path / "slow", slow={"mail": 2.0})
    assert {key for key in plain if key[0] == "thumbnail" and plain[key] != slow[key]} == set()
    for metric in ("latency_p50_ms", "latency_p90_ms"):
        ratio = (slow["mail", metric].value or 0) / (plain["mail", metric].value or 1)
        assert ratio == pytest.approx(2.0, rel=0.05)
    # Of all tasks, a tenth are mails that are slower than any thumbnail.
    assert slow["", "latency_p90_ms"] != plain["", "latency_p90_ms"]


def test_late_tasks_and_missed_seconds_are_counted_by_the_goal_that_stands(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5), slow={"mail": 6.0})
    found = rows(write_load(tmp_path / "cell", made))
    latency = (made.book.first_finish() - made.book.due) / MS
    mail, thumbnail = (made.book.of_type(name) for name in ("mail", "thumbnail"))
    assert found["", "late"].value == (latency > 500).sum() > 0
    assert found["mail", "late"].value == (latency[mail] > 500).sum()
    # Its own goal, and not that over all tasks.
    assert found["thumbnail", "late"].value == (latency[thumbnail] > 60).sum() > 0
    second = ((made.book.due - START) // SECOND).astype(int)
    due, late = np.bincount(second), np.bincount(second[latency > 500], minlength=SECONDS)
    assert found["", "objective_missed_s"].value == (100 * late > due).sum() > 0


def test_the_goal_that_stands() -> None:
    given = {"p50_ms": 5, "p90_ms": 9, "task": {"a": {"max_ms": 70, "lost": 0}}}
    objective = Objective.model_validate(given)
    told = {name: standing_goal(objective, name) for name in ("", "a", "b")}
    words = {name: (goal.task, goal.word, goal.limit) for name, goal in told.items() if goal}
    assert words == {"": ("", "p90_ms", 9), "a": ("a", "max_ms", 70), "b": ("b", "p90_ms", 9)}
    assert standing_goal(Objective.model_validate({"lost": 0})) is None


def test_without_a_limit_no_task_is_late(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5))
    bare = WORKLOAD.model_copy(update={"objective": Objective()})
    made.fields["workload"] = bare
    cell = write_load(tmp_path / "cell", made)
    assert not {metric for _, metric in rows(cell)} & {"late", "objective_missed_s"}
    assert goals_of(cell) == [] and probes_of([cell]) == []


def test_fates_are_told_by_type(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5))
    mails = np.flatnonzero(made.book.of_type("mail"))[:4].tolist()
    thumbnails = np.flatnonzero(made.book.of_type("thumbnail"))[:3].tolist()
    found = of(
        tmp_path / "cell", failing=(*mails[:3], thumbnails[0]), lost=(mails[3], *thumbnails[1:])
    )
    counted = {
        (name, fate): found[name, fate].value
        for name in ("", "mail", "thumbnail")
        for fate in ("failed", "lost", "doubled", "stuck")
    }
    assert counted == {
        ("", "failed"): 4,
        ("", "lost"): 3,
        ("mail", "failed"): 3,
        ("mail", "lost"): 1,
        ("thumbnail", "failed"): 1,
        ("thumbnail", "lost"): 2,
        **{(n, f): 0 for n in ("", "mail", "thumbnail") for f in ("doubled", "stuck")},
    }
    assert ("mail", "unexpected") not in found and found["", "unexpected"].value == 0
    # Nothing was struck: a task that is gone is wrong, and a wrong cell gives no speed.
    assert verdict(found)[0] == "wrong"
    assert found["mail", "latency_p50_ms"] == Measure(
        "latency_p50_ms", None, "wrong", verdict(found)[1], "mail"
    )


def test_a_task_that_fails_is_no_fault_of_the_system(tmp_path: Path) -> None:
    found = of(tmp_path / "cell", failing=(3, 4))
    assert verdict(found) == ("ok", "") and found["", "failed"].value == 2
    # It never finished: it is later than any limit.
    assert found["", "late"].value == 2


def test_the_backlog_at_its_peak(tmp_path: Path) -> None:
    def jammed(book: Ledger) -> Ledger:
        from_ns, to_ns = START + 10 * SECOND, START + 12 * SECOND
        wait = np.where((book.started > from_ns) & (book.started < to_ns), to_ns - book.started, 0)
        return replace(book, started=book.started + wait, finished=book.finished + wait)

    made = made_up_load(np.random.default_rng(5))
    found = changed(tmp_path / "jammed", made, jammed)
    held = (made.book.started > START + 10 * SECOND) & (made.book.due < START + 12 * SECOND)
    expected = int((held & (made.book.started < START + 12 * SECOND)).sum())
    assert found["", "backlog_peak"].value == pytest.approx(expected, abs=1)
    parts = [found[name, "backlog_peak"].value or 0 for name in WORKLOAD.names]
    assert all(part < (found["", "backlog_peak"].value or 0) for part in parts)


def test_a_backlog_that_grows_to_the_end_leaves_no_percentile(tmp_path: Path) -> None:
    def sinking(book: Ledger) -> Ledger:
        wait = (book.started - START) // 2
        return replace(book, started=book.started + wait, finished=book.finished + wait)

    found = changed(tmp_path / "cell", made_up_load(np.random.default_rng(5)), sinking)
    for part in ("", "mail"):
        assert found[part, "latency_p50_ms"].verdict == "unbounded"
    assert (found["", "late"].value or 0) > COUNT / 2


def test_cost_is_told_per_1000_tasks(tmp_path: Path) -> None:
    found = of(tmp_path / "cell")
    # Two commands to send a task and three to run it, as the samples were made up.
    assert found["", "broker_commands_per_1000"].value == pytest.approx(5000)
    seconds = SECONDS + 3  # from the begin of the warm-up to about the last finish
    # Broker: 20 µs a command; what it spends by the clock is no task's.
    expected = (0.9 * seconds + 20e-6 * 5 * COUNT) / COUNT * 1000
    assert found["", "cpu_s_per_1000"].value == pytest.approx(expected, rel=0.02)
    assert ("mail", "cpu_s_per_1000") not in found


def test_a_strike_in_the_middle(tmp_path: Path) -> None:
    calm = of(tmp_path / "calm")
    struck = of(tmp_path / "struck", case="crash")
    assert verdict(struck)[0] == "ok", "what a fault takes is no wrong cell under at most once"
    assert struck["", "lost"].value == 2
    assert (struck["", "recovered"].value or 0) > 20 and ("", "recovered") not in calm
    missed = struck["", "objective_missed_s"].value or 0
    assert 3 <= missed <= 6 and calm["", "objective_missed_s"].value == 0
    by_type = [struck[name, "recovered"].value or 0 for name in WORKLOAD.names]
    assert sum(by_type) == struck["", "recovered"].value and min(by_type) > 0
    # A worker that was killed takes its CPU time with it.
    assert ("", "cpu_s_per_1000") not in struck
    assert struck["", "supervisor_starts"].value == 1


def test_a_late_generator_closes_its_gate(tmp_path: Path) -> None:
    def lagging(book: Ledger) -> Ledger:
        every = np.where(np.arange(len(book.sent)) % 10 == 0, 30 * MS, 0)
        late = {"sent": book.sent + every, "returned": book.returned + every}
        runs = every[book.run_task]
        moved = {"started": book.started + runs, "finished": book.finished + runs}
        return replace(book, **late, **moved)

    found = changed(tmp_path / "cell", made_up_load(np.random.default_rng(5)), lagging)
    assert verdict(found)[0] == "invalid" and verdict(found)[1].startswith("generator:")
    assert found["mail", "latency_p50_ms"].verdict == "invalid"


def test_after_a_strike_the_generator_is_not_judged(tmp_path: Path) -> None:
    def held_up(book: Ledger) -> Ledger:
        away = (book.due >= strike_ns()) & (book.due < strike_ns() + SECOND)
        return replace(book, returned=np.where(away, strike_ns() + SECOND, book.returned))

    made = made_up_load(np.random.default_rng(5), case="broker-crash")
    cell = write_load(tmp_path / "cell", replace(made, book=held_up(made.book)), "broker-crash")
    assert verdict(rows(cell)) == ("ok", "")


def test_broken_events_close_their_gate(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5), raising_once=range(0, COUNT, 50))

    def backwards(book: Ledger) -> Ledger:
        first = int(np.flatnonzero(book.raised >= 0)[0])
        book.raised[first] = book.started[first] - 1
        return book

    found = changed(tmp_path / "cell", made, backwards)
    assert verdict(found)[1].startswith("events: raised before started in 1 cases")


def with_samples(folder: Path, made: MadeLoad, column: str, change: Callable[..., object]) -> Rows:
    """The measures where one column of the samples says something else."""
    cell = write_load(folder, made)
    samples = cell.samples.copy()
    samples[column] = change(samples)
    store.write_cell(folder, cell.log, *tables(made.book, {}), samples)
    return rows(store.StoredCell(folder))


def test_others_on_the_machine_close_their_gate(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5))
    found = with_samples(
        tmp_path / "cell",
        made,
        "machine_busy_s",
        lambda samples: samples["all_cpu_s"] * 1.5,
    )
    assert verdict(found)[0] == "invalid" and "foreign load" in verdict(found)[1]


def test_a_retry_is_a_push_of_its_own(tmp_path: Path) -> None:
    once = range(0, COUNT, 10)
    made = made_up_load(np.random.default_rng(5), raising_once=once, failing=(5, 6, 7))
    again = int((made.book.raised >= 0).sum())
    assert again > 50
    assert verdict(rows(write_load(tmp_path / "fit", made))) == ("ok", "")
    # A broker that saw each task pushed once, though some were pushed again: something is wrong.
    silent = with_samples(
        tmp_path / "silent",
        made,
        "broker_pushes",
        lambda samples: np.searchsorted(np.sort(made.book.sent), samples["ns"], side="right"),
    )
    assert verdict(silent)[0] == "invalid"
    assert verdict(silent)[1].startswith(f"count: the broker saw {COUNT} push commands for {COUNT}")


def test_more_pushes_than_tasks_and_retries_close_the_gate(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5), raising_once=range(0, COUNT, 10))
    found = with_samples(
        tmp_path / "cell", made, "broker_pushes", lambda samples: samples["broker_pushes"] * 1.5
    )
    assert verdict(found)[0] == "invalid" and "runs that were due again" in verdict(found)[1]


def test_calls_that_were_refused_are_no_pushes(tmp_path: Path) -> None:
    made = made_up_load(np.random.default_rng(5), lost=(10, 11))
    state = made.book.enqueue.copy()
    state[[10, 11]] = ERROR
    book = replace(made.book, enqueue=state)
    cell = write_load(tmp_path / "cell", replace(made, book=book))
    samples = cell.samples.assign(broker_pushes=(cell.samples["broker_pushes"] - 2).clip(lower=0))
    store.write_cell(cell.folder, cell.log, *tables(book, {}), samples)
    found = rows(store.StoredCell(cell.folder))
    assert found["", "refused"].value == 2 and verdict(found)[0] == "ok"


def test_goals_of_a_stored_cell(tmp_path: Path) -> None:
    cell = write_load(tmp_path / "cell", made_up_load(np.random.default_rng(5)))
    told = {each.goal.label: each.verdict for each in goals_of(cell)}
    assert told == {
        "p99_ms": "met",
        "lost": "met",
        "backlog": "met",
        "p90_ms of thumbnail": "met",
    }
    slow = made_up_load(np.random.default_rng(5), slow={"thumbnail": 3.0}, failing=(1,))
    results = goals_of(write_load(tmp_path / "slow", slow))
    off = {each.goal.label: each for each in results if each.verdict == "missed"}
    assert list(off) == ["p90_ms of thumbnail"]
    assert off["p90_ms of thumbnail"].factor == pytest.approx(1.7, abs=0.3)


def test_probes_of_stored_cells(tmp_path: Path) -> None:
    fit = [
        write_load(tmp_path / f"fit-{seed}", made_up_load(np.random.default_rng(seed)))
        for seed in (1, 2)
    ]
    told = probes_of(fit)
    assert [each.goal.label for each in told][:3] == ["p99_ms", "lost", "backlog"]
    assert verdict_of(told) == "holds"
    assert told[0].probe and told[0].probe.tasks == 2 * COUNT
    slow = write_load(tmp_path / "slow", made_up_load(np.random.default_rng(3), slow={"mail": 9.0}))
    assert verdict_of(probes_of([slow])) == "misses"
    gone = write_load(tmp_path / "gone", made_up_load(np.random.default_rng(4), lost=(9,)))
    by_goal = {each.goal.label: each.verdict for each in probes_of([*fit, gone])}
    assert by_goal["lost"] == "misses" and by_goal["backlog"] == "holds"
    with pytest.raises(ValueError, match="needs a cell"):
        probed([])


def test_a_cell_without_a_workload_has_no_goals(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"latency": ("rate=30",)}, systems=("huey",))
    with pytest.raises(UsageError, match="ran no workload"):
        load_of(run.cell(1))


def test_types_have_rows_of_their_own_and_no_pair_is_made_of_them(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run", {"workload": ("-", "crash")}, systems=("huey", "rq"), blocks=3
    )
    frame = run.measures
    assert set(frame["part"]) == {"", "thumbnail", "mail"}
    assert set(run.standing["part"]) == {""}
    keys = ["scenario", "case", "part", "arm", "block", "metric"]
    assert not frame.duplicated(keys).any()
    assert stored_measures.measure_run(run)[keys].astype(str).equals(frame[keys].astype(str))
    pairs = compare_arms(frame, "full")
    assert not pairs.empty and not pairs.duplicated(["case", "metric", "base", "head"]).any()
    told = pairs[(pairs["case"] == "-") & (pairs["metric"] == "latency_p50_ms")]
    assert 1.1 < float(told["ratio"].iloc[0]) < 1.6, "1.6 against 1.2 times the same load"
