"""Intervals by t and by ranks.

What the ranks claim is what counting every possibility gives, and one stall does not blind them.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.check.estimate import Estimate, look, signed_rank


@pytest.mark.parametrize("n", [3, 5, 8, 10])
@pytest.mark.parametrize("tail", [0.001, 0.01, 0.05])
def test_the_rank_sum_allowed_is_the_largest_that_is_rare_enough(n: int, tail: float) -> None:
    sums = [
        sum(rank for rank, up in zip(range(1, n + 1), signs, strict=True) if up)
        for signs in itertools.product((0, 1), repeat=n)
    ]

    def chance(at_most: int) -> float:
        return sum(each <= at_most for each in sums) / 2**n

    found = signed_rank(n, tail)
    assert chance(found) <= tail < chance(found + 1)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.floats(-1, 1), min_size=6, max_size=20, unique_by=abs),
    st.sampled_from([0.005, 0.02, 0.1]),
)
def test_the_interval_excludes_no_change_exactly_where_the_test_rejects(
    logs: list[float], tail: float
) -> None:
    logs = [each for each in logs if abs(each) > 1e-6]
    if len(logs) < 6:
        return
    p = float(stats.wilcoxon(logs, method="exact").pvalue)
    assert look(logs, tail, ranked=True).beyond() == (p <= 2 * tail * (1 + 1e-9))


def test_one_stall_does_not_blind_the_ranks() -> None:
    logs = [0.2 + 0.01 * at for at in range(-9, 10)] + [2.5, -2.4]
    by_t, by_ranks = look(logs, 0.005), look(logs, 0.005, ranked=True)
    assert not by_t.beyond() and by_ranks.beyond()
    assert by_ranks.middle == pytest.approx(0.2, abs=0.02) and by_ranks.sd < by_t.sd / 2


def test_by_ranks_the_mirror_image_has_the_mirrored_interval() -> None:
    logs = list(np.random.default_rng(1).standard_t(2, 17) * 0.1)
    there, back = look(logs, 0.01, ranked=True), look([-each for each in logs], 0.01, ranked=True)
    assert (there.middle, there.low, there.high) == pytest.approx(
        (-back.middle, -back.high, -back.low)
    )


def test_too_few_blocks_have_no_interval_and_settle_nothing() -> None:
    two, three = look([0.5, 0.5], 0.01), look([0.5, None, 0.5, 0.5], 0.01, ranked=True)
    for estimate in (two, three, Estimate()):
        assert not estimate.bounded and not estimate.beyond() and not estimate.within(10.0)
    assert math.isnan(look([0.5, 0.5], 0.01).sd)
