"""Schedules are sorted, seeded, exact in number, and reach the generators whole."""

import math
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.model.schedule import (
    FIRST_WARM_TASK,
    NS,
    Schedule,
    at_once,
    even,
    merge,
    poisson,
    poisson_count,
)

rates = st.floats(0.5, 5000)
lengths = st.floats(0, 5)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=50)
@given(rates, lengths, seeds)
def test_poisson_is_sorted_seeded_and_within_the_phase(rate, seconds, seed):
    due = poisson(rate, seconds, seed)
    assert due.dtype == np.int64
    assert (np.diff(due) >= 0).all()
    assert not due.size or 0 <= due[0] <= due[-1] < round(seconds * NS)
    assert np.array_equal(due, poisson(rate, seconds, seed))
    assert np.array_equal(due, poisson_count(rate, due.size, seed))


@given(rates, seeds)
def test_a_longer_phase_begins_like_a_shorter_one(rate, seed):
    short, long = poisson(rate, 0.5, seed), poisson(rate, 2, seed)
    assert np.array_equal(short, long[: short.size])


def test_poisson_has_poisson_counts_and_exponential_gaps():
    counts = [poisson(50, 2, seed).size for seed in range(400)]
    assert np.mean(counts) == pytest.approx(100, abs=2)  # 4 standard errors
    assert np.var(counts) == pytest.approx(100, rel=0.3)
    gaps = np.diff(poisson_count(300, 100_000, 7)) / NS
    assert gaps.mean() == pytest.approx(1 / 300, rel=0.02)
    assert np.mean(gaps > 1 / 300) == pytest.approx(math.exp(-1), abs=0.01)


@given(rates, lengths)
def test_even_spacing(rate, seconds):
    due = even(rate, seconds)
    assert abs(due.size - rate * seconds) <= 1
    assert np.abs(np.diff(due) - NS / rate).max(initial=0) <= 1
    assert not due.size or (due[0] == 0 and due[-1] < round(seconds * NS))


@pytest.mark.parametrize(
    ("rate", "seconds", "count"),
    [(20, 10, 200), (30, 45, 1350), (0.1, 30, 3), (300, 0.1, 30), (7, 0, 0)],
)
def test_even_counts(rate, seconds, count):
    assert even(rate, seconds).size == count


def test_at_once():
    assert at_once(8, 1.5).tolist() == [1_500_000_000] * 8
    assert at_once(0, 0).size == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: poisson(0, 1, 1),
        lambda: poisson_count(5, -1, 1),
        lambda: even(-3, 1),
        lambda: even(math.inf, 1),
        lambda: at_once(-1, 0),
        lambda: at_once(1, -1),
    ],
)
def test_nonsense_is_refused(call):
    with pytest.raises(ValueError):
        call()


def test_merge_numbers_tasks_by_due_time():
    plan = merge(
        (even(20, 1), "sleep:20"), (at_once(8, 0.5), "sleep:200"), measured_from_ns=NS // 10
    )
    assert len(plan) == 28
    assert plan.works == ("sleep:20", "sleep:200")
    assert (np.diff(plan.due_ns) >= 0).all()
    assert plan.tasks.tolist() == [FIRST_WARM_TASK, FIRST_WARM_TASK + 1, *range(26)]
    assert {int(due) for due, work in zip(plan.due_ns, plan.work, strict=True) if work == 1} == {
        NS // 2
    }
    assert int((plan.work == 1).sum()) == 8


def test_merge_of_nothing_and_of_equal_works():
    assert len(merge()) == 0
    plan = merge((at_once(2, 1), ""), (at_once(3, 0), ""))
    assert plan.works == ("",)
    assert plan.due_ns.tolist() == [0, 0, 0, NS, NS]


def test_merge_refuses_more_warm_up_than_ids():
    with pytest.raises(ValueError, match="shorten the warm-up"):
        merge((at_once(-FIRST_WARM_TASK, 0), ""), measured_from_ns=1)


@pytest.mark.parametrize(("due", "work"), [([1], [0, 0]), ([1, 2], [0, 1]), ([1, 2], [0, -1])])
def test_a_schedule_that_does_not_fit_is_refused(due, work):
    with pytest.raises(ValueError):
        Schedule(np.arange(2), np.array(due), np.array(work))


@settings(max_examples=25)
@given(rate=rates, seed=seeds, t0=st.integers(0, 2**60))
def test_packed_as_the_generator_reads_it(rate, seed, t0):
    plan = merge((poisson(rate, 0.2, seed), ""), (at_once(3, 0.1), "sleep:200"))
    rows = array("q", plan.packed(t0))
    assert list(rows[0::3]) == plan.tasks.tolist()
    assert list(rows[1::3]) == [t0 + due for due in plan.due_ns.tolist()]
    assert list(rows[2::3]) == plan.work.tolist()


def test_packed_in_order_of_due_times_as_little_endian():
    plan = Schedule(np.array([7, 8]), np.array([20, 10]), np.array([0, 1]), ("", "sleep:20"))
    assert plan.packed(1000) == b"".join(
        value.to_bytes(8, "little", signed=True) for value in (8, 1010, 1, 7, 1020, 0)
    )
