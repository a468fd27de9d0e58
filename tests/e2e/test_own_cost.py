"""The measured cost of the instrument.

Slow: part of `make test-all`, on a quiet machine.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import redis

from bench.measure import validity
from bench.measure.drain import window
from bench.model.arm import parse_arm
from bench.model.cell import Cell
from bench.model.schedule import at_once, merge, poisson
from bench.model.systems import load_adapters
from bench.record import ledger
from bench.record.store import StoredCell
from bench.selftest.own_cost import loop_us
from bench.testbed.fleet import Fleet, Post
from bench.testbed.testbed import Ending, Testbed

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = load_adapters()
PAIRS = 15
pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def a_testbed(arm: str, folder: Path) -> Testbed:
    return Testbed(
        Cell(1, "burst", "-", parse_arm(arm, ADAPTERS), 0, 2, 1, {"tasks": 30_000}),
        folder,
        {},
        300,
        lambda *_: None,
    )


def drained(made: Testbed, bare: bool, queue: str, tasks: int) -> float:
    """Tasks per second between 5 and 95 %.

    From our events, or from the length of the queue with no event log at all.
    """
    with made.open():
        # By the bulk call: the plain one would take six times as long as the drain, and few pairs
        # scatter by 6 % each.
        made.load.order("bulk", tasks=tasks, chunk=1000)
        while not made.load.done():
            time.sleep(0.02)
        if not bare:
            made.expect(tasks)
            made.fleet.start()
            while made.finished() < tasks:
                time.sleep(0.05)
            found = window(made.live_ledger(chosen_as_it_went=True), "process", 2)
            assert not isinstance(found, str), found
            return found[2] / (found[1] - found[0]) * 1e9
        commands = made.cell.arm.adapter.commands(made.cell.arm.launch(2))
        host = made.stage.workers[0]
        made.fleet = Fleet([Post(host, each, made._env(host)) for each in commands])
        client = redis.Redis.from_url(made.broker.url)
        made.fleet.start()
        stamps: list[tuple[float, int]] = []
        while not stamps or stamps[-1][1]:
            stamps.append((time.monotonic(), int(client.llen(queue))))
            time.sleep(0.02)
        times, left = np.array(stamps).T
        first, last = np.interp([-0.95 * tasks, -0.05 * tasks], -left, times)
        return 0.9 * tasks / (last - first)


def test_burst_agrees_with_a_bare_drain_within_5_per_cent(tmp_path: Path) -> None:
    ratios = []
    for pair in range(PAIRS):
        order = [False, True] if pair % 2 else [True, False]
        rates = {
            bare: drained(
                a_testbed("celery/tuned", tmp_path / f"{pair}-{bare}"), bare, "celery", 30_000
            )
            for bare in order
        }
        ratios.append(rates[False] / rates[True])
    print("burst ÷ bare drain:", [f"{ratio:.3f}" for ratio in ratios])
    assert abs(statistics.median(ratios) - 1) <= 0.05


def test_recording_costs_at_most_5_us_per_task(tmp_path: Path) -> None:
    micros = loop_us(tmp_path)
    print(f"recording, µs per task: {micros:.2f}")
    assert 0 < micros <= 5.0


def test_wake_lag_at_1000_per_second_is_at_most_1_ms(tmp_path: Path) -> None:
    worst = []
    for number in range(5):
        made = a_testbed("floor", tmp_path / str(number))
        with made.open():
            made.boot()
            made.load.send(
                merge((poisson(1000.0, 10.0, number), "")), time.monotonic_ns() + 100_000_000
            )
            while not made.load.done():
                time.sleep(0.1)
            time.sleep(0.5)
            made.finish(Ending())
        book = ledger.load(StoredCell(made.folder))
        worst.append(float(np.quantile(validity.wake_lag_ns(book, 1)[book.task >= 0], 0.99)) / 1e6)
    print("wake lag P99, ms:", [f"{lag:.3f}" for lag in worst])
    assert statistics.median(worst) <= 1.0


def test_a_cell_costs_at_most_2_s_beside_the_systems_own_time(tmp_path: Path) -> None:
    began = time.monotonic()
    made = a_testbed("floor", tmp_path / "cell")
    with made.open():
        made.boot()
        inside = time.monotonic()
        made.load.send(merge((at_once(100, 0.0), "")), time.monotonic_ns())
        made.expect(100)
        while made.finished() < 100:
            time.sleep(0.01)
        done = time.monotonic()
        made.finish(Ending())
    cost = time.monotonic() - began - (done - inside) - float(made.notes.marks["boot_s"])
    print(f"a cell costs {cost:.2f} s")
    assert cost <= 2.0


def test_a_million_tasks_cost_bench_at_most_400_mb(tmp_path: Path) -> None:
    plan = ["burst", "--case", "-", "--size", "quick", "--arm", "floor", "--tasks", "1000000"]
    command = [sys.executable, "-m", "bench.cli", "run", *plan, "--out", "run", "--wait"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, psutil.Process(process.pid).memory_full_info().pss)
        except psutil.Error:
            break
        time.sleep(0.1)
    print(f"peak of bench itself: {peak / 1e6:.0f} MB")
    assert process.wait() in (0, 4) and peak <= 400_000_000
