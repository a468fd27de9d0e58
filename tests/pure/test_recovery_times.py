"""The recovery figures, from ledgers whose truth is known."""

from pathlib import Path

import pytest

from bench.measure.recovery_times import Timing, recovery
from bench.record.ledger import Ledger
from tests.events_files import SECOND, book, ran, sent

RATE, T0 = 20.0, 10 * SECOND
SPACING = int(SECOND / RATE)
MS = 1_000_000


def served(
    tmp_path: Path, down_s: float, end_s: float = 40.0, lose: tuple[int, ...] = ()
) -> tuple[Ledger, Timing]:
    """Twenty tasks a second of 20 ms on two slots.

    From T0 on nothing runs for `down_s`, then all at once in order.
    """
    plan, sends, runs = {}, [], []
    free = [0, 0]
    for task in range(int(end_s * RATE)):
        due = task * SPACING
        plan[task] = due
        sends += sent(task, due, due + 1000, due + 2000)
        slot = 0 if free[0] <= free[1] else 1
        start = max(due + MS, free[slot])
        hit = start < T0 <= start + 20 * MS
        if (T0 <= start < T0 + down_s * SECOND) or (hit and down_s):
            start = max(int(T0 + down_s * SECOND), free[slot])
        free[slot] = start + 20 * MS
        if task not in lose and start + 20 * MS < end_s * SECOND:
            runs += ran(task, start, start + 20 * MS, thread=slot)
    return book(tmp_path, plan, sends, runs), Timing(
        0, T0, T0, T0, int(end_s * SECOND), RATE, 2, 0, 0.2, 0.02
    )


def test_no_fault_is_zero_everywhere(tmp_path: Path) -> None:
    seen = recovery(*served(tmp_path, 0.0))
    assert (seen.service, seen.work, seen.rate, seen.backlog) == (0.0, 0.0, 0.0, 0.0)
    assert seen.outage < 0.1


@pytest.mark.parametrize("down_s", [2.0, 4.0, 8.0])
def test_a_worker_that_is_away_is_seen_to_the_spacing(tmp_path: Path, down_s: float) -> None:
    seen = recovery(*served(tmp_path, down_s))
    assert seen.service == pytest.approx(down_s, abs=0.1)
    assert seen.rate == pytest.approx(down_s + 0.02, abs=0.2)
    assert seen.outage == pytest.approx(down_s, abs=0.12)
    assert seen.backlog is not None and seen.backlog >= down_s


def test_a_task_that_never_finishes_is_beyond(tmp_path: Path) -> None:
    before = int(T0 / SPACING) - 1
    book_, timing = served(tmp_path, 2.0, lose=(before,))
    seen = recovery(book_, timing)
    assert seen.work is None and before in {*seen.running.tolist(), *seen.waiting.tolist()}


def test_a_system_that_never_comes_back_is_beyond(tmp_path: Path) -> None:
    seen = recovery(*served(tmp_path, 100.0, end_s=20.0))
    assert (seen.service, seen.rate, seen.backlog) == (None, None, None)
    assert seen.outage == pytest.approx(10.0, abs=0.1)


def test_one_burst_of_finishes_is_not_a_recovered_rate(tmp_path: Path) -> None:
    plan, sends, runs = {}, [], []
    for task in range(800):
        due = task * SPACING
        plan[task] = due
        sends += sent(task, due, due + 1000, due + 2000)
        if due < T0:
            runs += ran(task, due + MS, due + 21 * MS)
        elif due < T0 + 3 * SECOND:
            runs += ran(
                task,
                T0 + 3 * SECOND + (task - 200) * MS,
                T0 + 3 * SECOND + (task - 200) * MS + MS // 2,
                thread=9,
            )
    seen = recovery(
        book(tmp_path, plan, sends, runs), Timing(0, T0, T0, T0, 40 * SECOND, RATE, 2, 0, 0.2, 0.02)
    )
    assert seen.rate is None
