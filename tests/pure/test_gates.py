"""Each gate closes on a planted unfit cell and stays open on a fit one."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.measure import validity
from bench.model.cell_log import CellLog
from bench.testbed.sampler import COLUMNS
from tests.events_files import SECOND, book, ran, sent
from tests.fixture_run import SERVER

MS = 1_000_000


def cell(samples: list[dict[str, Any]] | None = None, **log: Any) -> Any:
    frame = pd.DataFrame(
        [{name: np.nan for name in COLUMNS} | row for row in samples or []], columns=COLUMNS
    )
    return SimpleNamespace(
        samples=frame,
        log=CellLog(
            **{"phases": (), "marks": {}, "held": (), "generators": 1, "server": SERVER} | log
        ),
    )


def edges(
    busy_s: float, ours_s: float, seconds: float = 10.0, pushes: int = 3
) -> list[dict[str, Any]]:
    return [
        {
            "ns": 0,
            "edge": "drain:start",
            "machine_busy_s": 100.0,
            "all_cpu_s": 50.0,
            "broker_pushes": 5.0,
        },
        {
            "ns": int(seconds * SECOND),
            "edge": "drain:end",
            "machine_busy_s": 100.0 + busy_s,
            "all_cpu_s": 50.0 + ours_s,
            "broker_pushes": 5.0 + pushes,
        },
    ]


def test_foreign_load_above_five_per_cent_of_the_machine() -> None:
    assert "foreign load: 10.0%" in validity.foreign_load(
        cell(edges(busy_s=12.0, ours_s=10.0)), ["drain"], cores=2
    )
    assert validity.foreign_load(cell(edges(busy_s=10.5, ours_s=10.0)), ["drain"], cores=2) == ""


def halted(core_s: float, quota: float = 0.6, seconds: float = 10.0) -> list[dict[str, Any]]:
    first = {"ns": 0, "edge": "drain:start", "halted_core_s": 7.0, "quota_cores": quota}
    last = {
        "ns": int(seconds * SECOND),
        "edge": "drain:end",
        "halted_core_s": 7.0 + core_s,
        "quota_cores": quota,
    }
    return [first, last]


def test_a_cell_that_a_quota_has_halted_is_unfit_and_told_which_quota() -> None:
    reason = validity.machine(cell(halted(3.2)), ["drain"], cores=2)
    assert reason.startswith(
        "throttled: the cgroup's CPU quota of 0.6 cores halted this cell for 3.2 s"
    )
    assert "in the 10.0 s of drain" in reason and "raise the limit, or give --cpuset-cpus" in reason
    assert "quota halted" in validity.throttled(cell(halted(3.2, quota=np.nan)), ["drain"])
    assert validity.throttled(cell(halted(0.09)), ["drain"]) == ""
    assert validity.throttled(cell(halted(0.02, seconds=1.0)), ["drain"]), (
        "no clock tick limits it: a short phase is judged too"
    )


def test_a_cell_without_a_record_of_halts_is_not_judged_by_them() -> None:
    assert validity.throttled(cell(halted(np.nan)), ["drain"]) == ""
    before = cell(halted(3.2))
    before.samples = before.samples.drop(columns=["quota_cores", "halted_core_s"])
    assert validity.throttled(before, ["drain"]) == ""


def test_a_short_phase_has_too_few_ticks_to_judge() -> None:
    assert (
        validity.foreign_load(cell(edges(busy_s=3.0, ours_s=0.0, seconds=1.5)), ["drain"], cores=2)
        == ""
    )


def test_push_commands_must_match_accepted_tasks(tmp_path: Path) -> None:
    made = book(
        tmp_path,
        dict.fromkeys(range(3), 10),
        [row for task in range(3) for row in sent(task, 10, 20, 30)],
        [],
    )
    assert validity.count(cell(edges(0, 0, pushes=3)), made, "drain:start", "drain:end") == ""
    assert "4 push commands for 3 accepted" in validity.count(
        cell(edges(0, 0, pushes=4)), made, "drain:start", "drain:end"
    )


def test_a_generator_that_wakes_late_is_unfit(tmp_path: Path) -> None:
    plan = {task: task * 10 * MS for task in range(200)}
    late = [
        row
        for task, due in plan.items()
        for row in sent(task, due, due + 3 * MS, due + 3 * MS + 1000)
    ]
    runs = [row for task, due in plan.items() for row in ran(task, due + 4 * MS, due + 5 * MS)]
    assert "wake lag" in validity.generator(cell(), book(tmp_path, plan, late, runs))


def test_behind_a_fault_nobody_judges_the_generator(tmp_path: Path) -> None:
    plan = {task: task * 10 * MS for task in range(200)}
    late = [
        row
        for task, due in plan.items()
        for row in sent(task, due, due + (30 * MS if task > 150 else 0), due + 30 * MS + 1000)
    ]
    runs = [row for task, due in plan.items() for row in ran(task, due + 31 * MS, due + 32 * MS)]
    made = book(tmp_path, plan, late, runs)
    assert "wake lag" in validity.generator(cell(), made)
    assert validity.generator(cell(), made, before_ns=1500 * MS) == ""


def test_a_slow_enqueue_call_is_the_librarys_and_not_unfit(tmp_path: Path) -> None:
    plan = {task: task * 10 * MS for task in range(200)}
    sends, back = [], 0
    for task, due in plan.items():
        at = max(due, back)
        back = at + 15 * MS
        sends += sent(task, due, at, back)
    runs = [row for task in plan for row in ran(task, 5 * SECOND + task, 5 * SECOND + task + 1)]
    assert validity.generator(cell(), book(tmp_path, plan, sends, runs)) == ""


def test_unsent_tasks_with_no_call_open_are_unfit(tmp_path: Path) -> None:
    plan = {task: task * 10 * MS for task in range(200)}
    sends = [
        row
        for task, due in plan.items()
        if task < 150 or task == 199
        for row in sent(task, due, due, due)
    ]
    assert "49 tasks were not sent" in validity.generator(cell(), book(tmp_path, plan, sends, []))


def test_wake_lag_knows_which_generator_sent_what(tmp_path: Path) -> None:
    plan = {0: 10, 1: 20, 2: 30, 3: 40}
    # Two generators: 0 and 2 on the first, whose call for 0 was open until 100; 1 and 3 on the
    # second.
    sends = sent(0, 10, 10, 100) + sent(1, 20, 20, 21) + sent(2, 30, 105, 106) + sent(3, 40, 47, 48)
    assert validity.wake_lag_ns(book(tmp_path, plan, sends, []), 2).tolist() == [0, 0, 5, 7]


def test_a_planned_task_without_any_record_is_unfit(tmp_path: Path) -> None:
    made = book(tmp_path, {0: 10, 1: 10}, sent(0, 10, 11, 12), [])
    assert "1 planned tasks without any generator record" in validity.events(
        cell(), made, all_sent=True
    )
    assert validity.events(cell(), made) == ""
    assert "torn" in validity.events(cell(torn_records=2), made)


def test_nobody_is_judged_by_the_third_worst_of_300(tmp_path: Path) -> None:
    plan = {task: task * 10 * MS for task in range(300)}
    worst = [
        row
        for task, due in plan.items()
        for row in sent(task, due, due + (3 * MS if task % 40 == 0 else 0), due + 4 * MS)
    ]
    runs = [row for task, due in plan.items() for row in ran(task, due + 4 * MS, due + 5 * MS)]
    assert validity.generator(cell(), book(tmp_path, plan, worst, runs)) == ""
    assert [validity.farthest(n) for n in (1, 300, 1000, 100_000)] == pytest.approx(
        [0.5, 0.9667, 0.99, 0.99], abs=1e-4
    )
