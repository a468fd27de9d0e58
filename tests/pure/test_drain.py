"""What a drain and a backlog cost: the broker's commands, CPU and memory, and the slots at work."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.analysis import stored_measures
from bench.analysis.dataset import join
from bench.base.errors import UsageError
from bench.measure.drain import broker_spent, cpu_by_the_clock, overlapping, slots_seen
from bench.model.arm import parse_arm
from bench.model.cell import Cell
from bench.model.metric import Measure
from bench.model.scenario import load_scenarios
from bench.model.systems import load_adapters
from bench.record import documents, ledger, store
from bench.report.headline import print_headline, table
from bench.report.page import build_page
from bench.run.plan import cells, make_plan
from scenarios.latency import SCENARIO as LATENCY
from scenarios.soak import SCENARIO as SOAK
from tests.fixture_run import TASKS, rewrite_measures, write_run

ADAPTERS = load_adapters()
BACKLOGS = ("backlog=1000", "backlog=10000", "backlog=100000")
# A worker that polls 40 times a second when it has nothing to do, and never while it has.
POLLS, POLL_S, CLOCK = 40.0, 20e-6, 0.1


def measured(run: store.Run, number: int = 1) -> dict[str, Measure]:
    line = next(line for line in run.manifest.cells if line.number == number)
    made = stored_measures.measure_cell(store.open_run(run.path), line)
    return {measure.metric: measure for measure in made}


def sampled(run: store.Run, change: Callable[[pd.DataFrame], pd.DataFrame]) -> store.Run:
    """The run with other samples in its first cell."""
    samples = change(run.cell(1).samples)
    samples.to_parquet(run.path / "cells" / "001" / "samples.parquet")
    return store.open_run(run.path)


def polled(samples: pd.DataFrame) -> pd.DataFrame:
    """As if the idle workers had polled in the second after they were ready."""
    later = samples["ns"] > int(samples.loc[samples["edge"] == "settling", "ns"].iloc[0])
    samples.loc[later, "broker_commands"] += POLLS
    samples.loc[later, "broker_cpu_s"] += POLLS * POLL_S
    return samples


def test_what_idle_workers_do_is_not_taken_off_the_commands_of_busy_ones(tmp_path: Path) -> None:
    """The drain lasts 15 s: 40 commands per second taken off for that long were 0.3 per task."""
    run = sampled(write_run(tmp_path / "run", {"burst": ("-",)}, ("rq",)), polled)
    assert measured(run)["broker_commands_per_task"].value == 5.0


def test_commands_after_the_last_finish_are_nobodys(tmp_path: Path) -> None:
    """A task that is stuck keeps a cell open, and the idle workers poll until its end."""
    run = write_run(tmp_path / "run", {"burst": ("-",)}, ("huey",))

    def waited(samples: pd.DataFrame) -> pd.DataFrame:
        """A minute more, between a first sample after the last finish and the end of the drain."""
        ends = samples["edge"].isin(["drain:end", "after"])
        then = samples[samples["edge"] == "drain:end"].assign(edge="")
        later = samples[ends].copy()
        later["ns"] += 60_000_000_000
        later["broker_commands"] += 60 * POLLS
        later["broker_cpu_s"] += 60 * (POLLS * POLL_S + CLOCK)
        return pd.concat([samples[~ends & (samples["ns"] <= then["ns"].iloc[0])], then, later])

    found = measured(sampled(run, waited))
    assert found["broker_commands_per_task"].value == 5.0
    assert found["broker_cpu_us_per_task"].value == pytest.approx(100, rel=0.01)


def test_the_cpu_of_a_broker_is_what_its_commands_cost(tmp_path: Path) -> None:
    """Five commands of 20 µs a task, beside 0.1 s per second that it spends by the clock."""
    run = write_run(tmp_path / "run", {"burst": ("-",)}, ("huey",))
    assert measured(run)["broker_cpu_us_per_task"].value == pytest.approx(100, rel=0.001)
    changed = sampled(run, polled)
    assert measured(changed)["broker_cpu_us_per_task"].value == pytest.approx(100, rel=0.001)


def test_counters_that_were_not_read_give_no_figure(tmp_path: Path) -> None:
    def silent(samples: pd.DataFrame) -> pd.DataFrame:
        return samples.assign(broker_commands=np.nan, broker_cpu_s=np.nan)

    run = sampled(write_run(tmp_path / "run", {"burst": ("-",)}, ("huey",)), silent)
    found = measured(run)
    for metric in ("broker_commands_per_task", "broker_cpu_us_per_task"):
        assert (found[metric].verdict, found[metric].value) == ("unavailable", None)
    cell = run.cell(1)
    assert all(np.isnan(each) for each in broker_spent(cell, ledger.load(cell)))


@pytest.mark.parametrize(
    ("idle", "busy", "by_clock"),
    [
        ((0.102, 40, 1), (35.0, 100_000, 300), 0.1),  # 50 µs a command and 0.1 s per second
        ((0.1, 0, 1), (30.5, 10_000, 300), 0.1),
        ((0.1, np.nan, 1), (99.0, np.nan, 300), 0.1),  # RabbitMQ counts no commands
        ((0.1, 50, 1), (9.0, 100, 300), 0.1),  # no faster than in idle: nothing to be told apart
        ((0.001, 40, 1), (30.0, 10_000, 100), 0.0),  # never below 0
    ],
)
def test_what_a_broker_spends_by_the_clock_is_told_from_what_its_commands_cost(
    idle: tuple[float, ...], busy: tuple[float, ...], by_clock: float
) -> None:
    assert cpu_by_the_clock(np.array(idle), np.array(busy)) == pytest.approx(by_clock, abs=1e-9)


def test_slots_are_counted_by_what_ran_the_tasks(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"work": ("sleep/1", "sleep/4N")}, ("huey",))
    assert measured(run, 1)["slots_seen"].value == 1 and measured(run, 2)["slots_seen"].value == 8
    book = ledger.load(run.cell(2))
    assert [slots_seen(book, slot, 8) for slot in ("thread", "process", "parent", "none")] == [
        8
    ] * 4
    two = replace(book, run_thread=book.run_thread % 2, run_pid=book.run_pid * 0)
    assert slots_seen(two, "thread", 8) == slots_seen(two, "none", 8) == 2
    assert slots_seen(two, "process", 8) == 1


def test_greenlets_of_one_task_each_are_counted_by_how_many_ran_at_once(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"work": ("sleep/4N",)}, ("celery",))
    book = ledger.load(run.cell(1))
    many = replace(book, run_thread=np.arange(len(book.run_task)))
    at_once = overlapping(book.started, book.finished)
    assert slots_seen(many, "none", 8) == at_once and 1 < at_once <= 8


def test_the_page_says_where_workers_never_had_a_task(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"work": ("sleep/1", "sleep/4N")}, ("huey",))
    assert "workers were seen at work" not in build_page([run])

    def fewer(frame: pd.DataFrame) -> None:
        frame.loc[(frame["metric"] == "slots_seen") & (frame["case"] == "sleep/4N"), "value"] = 3

    page = build_page([rewrite_measures(run, fewer)])
    assert "huey/default: 3 of 8 workers were seen at work." in page
    assert "Workers seen at work" in page and "huey/default: 1 of" not in page


@pytest.fixture(scope="module")
def queued(tmp_path_factory: pytest.TempPathFactory) -> store.Run:
    folder = tmp_path_factory.mktemp("queued") / "run"
    return write_run(folder, {"burst": BACKLOGS[:2]}, ("rq", "huey"))


def test_a_backlog_is_weighed_by_its_tasks(queued: store.Run) -> None:
    """The made-up broker has a megabyte of its own and 600 bytes for each task that waits."""
    for number, tasks in ((1, 1_000), (2, 10_000)):
        found = measured(queued, number)
        assert set(found) == {"broker_memory_peak_bytes", "broker_bytes_per_task"}
        assert found["broker_bytes_per_task"].value == 600
        assert found["broker_memory_peak_bytes"].value == 1e6 + 600 * tasks


def test_a_backlog_of_another_size_than_its_case_is_not_given_as_one(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("backlog=1000",)}, ("huey",))
    path = run.path / "cells" / "001" / "phases.json"
    log = documents.read_json(path)
    log["marks"]["out_of_time"] = 1
    documents.write_json(path, log)
    cut = measured(run)
    assert {each.verdict for each in cut.values()} == {"beyond"}

    def other(samples: pd.DataFrame) -> pd.DataFrame:
        samples.loc[samples["edge"] == "enqueue:end", "broker_pushes"] -= 1
        return samples

    unlike = measured(sampled(run, other))
    assert {each.verdict for each in unlike.values()} == {"invalid"}
    assert "999 push commands for 1000" in unlike["broker_bytes_per_task"].reason


def test_the_page_shows_what_a_backlog_weighs(queued: store.Run) -> None:
    page = build_page([queued])
    assert "Memory of a backlog" in page and "10,000 tasks queued" in page
    assert 'aria-label="Memory of the broker against its backlog"' in page


def test_backlogs_are_a_group_of_the_burst_and_any_number_of_tasks() -> None:
    def asked(*cases: str, **options: Any) -> list[tuple[str, float]]:
        plan = make_plan(["burst"], ["huey"], cases, ADAPTERS, seed=1, **options)
        return [(cell.case, cell.params["tasks"]) for cell in cells(plan)]

    whole = [(case, float(case.partition("=")[2])) for case in BACKLOGS]
    assert asked("backlog") == asked("backlog", size="smoke", tasks=7) == whole
    assert asked("backlog=250") == [("backlog=250", 250)]
    assert set(BACKLOGS) <= set(load_scenarios()["burst"].all_cases())
    for wrong in ("backlog=0", "backlog=-5", "backlog=1e3", "backlog=1000001", "backlog="):
        with pytest.raises(UsageError, match="unknown case"):
            asked(wrong)
    assert [cell.case for cell in cells(make_plan(["burst"], ["huey"], [], ADAPTERS, seed=1))] == [
        "-"
    ]


def test_a_backlog_needs_a_server_and_no_workers() -> None:
    burst = load_scenarios()["burst"]

    def skipped(arm: str) -> str:
        return burst.skip(Cell(1, "burst", "backlog=1000", parse_arm(arm, ADAPTERS), 0, 2, 1))

    assert skipped("huey/default@sqlite") == "SQLite has no server"
    assert not any(map(skipped, ("huey/default", "rq/tuned", "celery/default@rabbitmq", "floor")))
    seconds = [burst.seconds({"tasks": 1000}, case, 100.0, 500.0) for case in ("-", "backlog=1000")]
    assert seconds == [20.0, 4.0]


def at(run: store.Run, item: str, system: str) -> dict[str, Any]:
    """One row of the headline."""
    frame = table(join([run]))
    mine = frame[(frame["item"] == item) & (frame["system"] == system)]
    return {str(name): value for name, value in mine.iloc[0].items()}


def test_the_headline_has_the_cpu_of_workers_and_broker(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("-",)}, ("celery", "rq"), blocks=2)

    def planted(frame: pd.DataFrame) -> None:
        for metric, values in (
            ("worker_cpu_ms_per_task", [1.0, 3.0]),
            ("broker_cpu_us_per_task", [200.0, 400.0]),
        ):
            for block, value in enumerate(values):
                mine = (frame["metric"] == metric) & (frame["block"] == block)
                frame.loc[mine & (frame["system"] == "rq"), "value"] = value

    run = rewrite_measures(run, planted)
    found = at(run, "cpu", "rq")
    assert found["measured"] == "2,300 s" and found["value"] == pytest.approx(2300)
    assert found["note"] == "workers 2,000 + broker 300" and not found["claimed"]
    out = io.StringIO()
    print_headline([run], Console(file=out, width=140))
    assert "CPU-seconds per million tasks" in out.getvalue() and "2,300 s" in out.getvalue()
    assert "workers 2,000 + broker 300" in build_page([run])


def test_memory_in_the_headline_is_still_in_megabytes(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("-",)}, ("huey",))
    found = at(run, "memory", "huey")
    worker, broker = 9e7 + 1e4 * TASKS, 1e6 + 600 * TASKS
    assert found["value"] == pytest.approx(worker + broker, rel=0.01)
    assert found["measured"].endswith(" MB") and found["note"].startswith("workers 110 + broker ")


@pytest.mark.parametrize("size", ["smoke", "quick", "full"])
def test_soak_takes_the_capacity_for_as_long_as_latency_does(size: str) -> None:
    soak, latency = SOAK.params("-", size, None), LATENCY.params("capacity", size, None)
    own = soak["capacity_warmup_s"], soak["capacity_s"]
    assert own == (latency["warmup_s"], latency["steady_s"])
