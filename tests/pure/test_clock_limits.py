"""A percentile between two hosts has the ± of their clocks, or is withheld for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure.clock_limits import Bounded, clocks, in_ms, limited, spread_between
from bench.measure.order_statistics import percentile
from bench.measure.spreads import spread
from bench.model.metric import Measure
from bench.record.clock_bounds import Interval, OffsetBounds
from bench.record.clock_network import ClockNetwork

P50, P99 = "latency_p50_ms", "latency_p99_ms"
DUE = np.arange(3_000, dtype=np.int64) * 20_000_000  # 60 s
LATENCY = np.random.default_rng(1).lognormal(1.0, 0.5, len(DUE))


def known_to(bound_ms: float) -> Interval:
    return Interval(LATENCY - bound_ms, LATENCY + bound_ms)


def test_a_percentile_carries_the_bound_of_the_clocks() -> None:
    found = spread_between(P50, known_to(0.067), DUE, 50.0)
    assert found.measure.verdict == "ok"
    assert found.measure.value == pytest.approx(percentile(LATENCY, 50.0))
    assert found.bound == pytest.approx(0.067)


def test_with_one_clock_it_is_the_percentile_of_old() -> None:
    found = spread_between(P99, known_to(0.0), DUE, 99.0)
    assert found == Bounded(spread(P99, LATENCY, DUE, 99.0), 0.0)


@given(st.integers(0, 10_000), st.sampled_from([50.0, 90.0, 99.0]))
def test_the_true_percentile_lies_within_its_bound(seed: int, p: float) -> None:
    rng = np.random.default_rng(seed)
    low = LATENCY - rng.uniform(0, 0.05, len(DUE)) * LATENCY
    high = LATENCY + rng.uniform(0, 0.05, len(DUE)) * LATENCY
    found = spread_between(P50, Interval(low, high), DUE, p)
    assert found.measure.value is not None and found.bound is not None
    assert abs(found.measure.value - percentile(LATENCY, p)) <= found.bound + 1e-12


def test_beyond_the_tie_zone_it_is_withheld() -> None:
    p50 = percentile(LATENCY, 50.0)
    assert spread_between(P50, known_to(0.099 * p50), DUE, 50.0).measure.verdict == "ok"
    found = spread_between(P50, known_to(0.101 * p50), DUE, 50.0)
    assert (found.measure.verdict, found.measure.value, found.bound) == ("withheld", None, None)
    assert found.measure.reason == "clocks known to ± 0.27 ms, more than 10% of 2.7 ms"
    nothing = limited(Measure(P50, -0.01), 0.05)
    assert nothing.measure.reason == "clocks known to ± 0.05 ms"


def test_clocks_that_fit_no_line_make_it_invalid() -> None:
    network = ClockNetwork({("a", "b"): OffsetBounds(unfit="a clock was set")})
    reason = clocks(network, ["a", "b"])
    assert reason == "clocks: a clock was set"
    found = spread_between(P50, known_to(0.01), DUE, 50.0, unfit=reason)
    assert found.measure == Measure(P50, None, "invalid", reason)
    assert clocks(network, ["a", "a"]) == ""


def test_the_rules_of_every_percentile_hold_too() -> None:
    few = Interval(LATENCY[:500] - 0.01, LATENCY[:500] + 0.01)
    assert "fewer than 10" in spread_between(P99, few, DUE[:500], 99.0).measure.reason
    stalled = LATENCY.copy()
    stalled[1_000:1_030] += 900.0
    one_spell = Interval(stalled - 0.01, stalled + 0.01)
    assert "spell" in spread_between(P99, one_spell, DUE, 99.0).measure.reason
    assert "full" in spread_between(P99, known_to(0.01), DUE, 99.0, farthest=90.0).measure.reason


def test_unfinished_tasks_are_slower_than_all_and_unknown_ones_could_be_anything() -> None:
    late = np.zeros(len(DUE), bool)
    late[::50] = True  # 2 % never finish
    ns = Interval((LATENCY - 0.01) * 1e6, (LATENCY + 0.01) * 1e6)
    assert spread_between(P99, in_ms(ns, late), DUE, 99.0).measure.verdict == "unbounded"
    assert spread_between(P50, in_ms(ns, late), DUE, 50.0).measure.verdict == "ok"
    low, high = ns.low.copy(), ns.high.copy()
    low[::50], high[::50] = -np.inf, np.inf
    unknown = in_ms(Interval(low, high), np.zeros(len(DUE), bool))
    found = spread_between(P99, unknown, DUE, 99.0)
    assert found.measure.verdict == "withheld"
    assert found.measure.reason.startswith("clocks not known for 60 of 3000 tasks")
    assert spread_between(P50, unknown, DUE, 50.0).measure.verdict == "ok"
    nothing = in_ms(Interval(np.full(len(DUE), -np.inf), np.full(len(DUE), np.inf)), late & False)
    assert spread_between(P50, nothing, DUE, 50.0).measure.reason.startswith("clocks not known")
