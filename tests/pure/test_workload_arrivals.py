"""Arrivals are held to their file, draws to their distributions; the seed decides both."""

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.model.schedule import NS
from bench.workload.args_file import Arguments
from bench.workload.arrival_form import RateStep
from bench.workload.arrivals import Arrivals, arrive, due_times
from bench.workload.demand import demand, sentences, size
from bench.workload.draws import TaskDraws, amounts, draw
from bench.workload.task_form import Amount
from bench.workload.trace_file import Trace
from bench.workload.workload_form import Workload

STEPS = [["20s", "50/s"], ["10s", "50/s", "400/s"], ["5s", 0], ["10s", 0, 200], ["10s", 200, 0]]
ALPHA = 1e-4  # the seeds are fixed: it passes or fails for good


def workload(*tasks: dict[str, object], **arrivals: object) -> Workload:
    return Workload.model_validate(
        {
            "task": [{"name": f"t{n}", "share": 1, **task} for n, task in enumerate(tasks or [{}])],
            "arrivals": arrivals or {"rate": 100, "seconds": 100},
        }
    )


def steps(*listed: Sequence[object]) -> list[RateStep]:
    return [RateStep.model_validate(list(each)) for each in listed]


def integral(listed: list[RateStep], at_s: np.ndarray) -> np.ndarray:
    """How many arrivals are expected until each moment: the rate, added up in small pieces."""
    edges = np.cumsum([0.0, *(step.seconds for step in listed)])
    fine = np.linspace(0, edges[-1], 550_001)
    middle = (fine[1:] + fine[:-1]) / 2
    which = np.searchsorted(edges, middle, side="right") - 1
    first, last, length = (
        np.array([getattr(step, name) for step in listed])[which]
        for name in ("rate", "until", "seconds")
    )
    rate = first + (last - first) * (middle - edges[which]) / length
    return np.interp(at_s, fine, np.concatenate(([0.0], np.cumsum(rate * np.diff(fine)))))


def per_second(arrivals: Arrivals) -> np.ndarray:
    return np.bincount(arrivals.due_ns // NS, minlength=int(arrivals.seconds))


def test_steady_arrivals_are_as_many_in_every_second() -> None:
    drawn = arrive(workload(kind="steady", rate=50, seconds=60), seed=1)
    assert per_second(drawn).tolist() == [50] * 60
    assert set(np.diff(drawn.due_ns)) == {20_000_000}
    assert drawn.due_ns[0] == 0 and drawn.seconds == 60 and drawn.busiest() == 50


def test_even_steps_hold_each_second_to_the_file() -> None:
    drawn = arrive(workload(steps=STEPS, spacing="even"), seed=1)
    expected = np.diff(integral(steps(*STEPS), np.arange(56.0)))
    assert np.abs(per_second(drawn) - expected).max() <= 1.05
    assert len(drawn) == pytest.approx(expected.sum(), abs=1)
    assert per_second(drawn)[30:35].tolist() == [0] * 5


def test_poisson_gaps_are_exponential() -> None:
    drawn = arrive(workload(rate=100, seconds=1000), seed=11)
    gaps = np.diff(drawn.due_ns) / NS
    assert stats.kstest(gaps, "expon", args=(0, 1 / 100)).pvalue > ALPHA
    # One gap says nothing of the next.
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 4 / np.sqrt(len(gaps))
    counts = per_second(drawn)
    assert counts.mean() == pytest.approx(100, abs=4 * 10 / np.sqrt(1000))
    assert counts.var() == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize("seed", range(3))
def test_a_poisson_ramp_is_one_of_that_rate(seed: int) -> None:
    """Taken through the integral of the rate it is a process of rate 1 (time rescaling)."""
    listed = steps(*[[f"{10 * float(s[0][:-1])}s", *s[1:]] for s in STEPS])
    due = due_times(listed, "poisson", seed)
    gaps = np.diff(integral(listed, due / NS))
    assert stats.kstest(gaps, "expon").pvalue > ALPHA
    total = integral(listed, np.array([550.0]))[0]
    assert len(due) == pytest.approx(total, abs=4 * np.sqrt(total))


rates = st.floats(0, 500)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 20), rates, rates), min_size=1, max_size=5),
    st.sampled_from(["poisson", "even"]),
    st.integers(0, 2**31),
)
def test_any_steps_give_sorted_arrivals_within_them(
    listed: list[tuple[float, float, float]], spacing: str, seed: int
) -> None:
    made = steps(*listed)
    due = due_times(made, spacing, seed)
    assert due.dtype == np.int64
    assert (np.diff(due) >= 0).all()
    assert not due.size or 0 <= due[0] <= due[-1] <= sum(s.seconds for s in made) * NS + 1
    if spacing == "even":
        assert abs(len(due) - sum(s.arrivals for s in made)) <= 1
    bounds = np.cumsum([0.0, *(s.seconds for s in made)]) * NS
    for step, (begin, end) in zip(made, pairwise(bounds), strict=True):
        if not step.arrivals:
            assert not ((due > begin + 1) & (due < end - 1)).any()


def test_a_trace_is_played_as_it_was_recorded() -> None:
    trace = Trace(np.array([0, 0.5, 0.5, 3]), np.array([1, 0, 1, 0], np.int16))
    traced = workload({}, {}, trace="t.csv", speed=2)
    drawn = arrive(traced, 1, trace)
    assert drawn.due_ns.tolist() == [0, 250_000_000, 250_000_000, 1_500_000_000]
    assert drawn.kinds.tolist() == [1, 0, 1, 0]
    assert drawn.seconds == 1.5 and drawn.busiest() == 3
    assert arrive(traced, 1, trace, times=3).due_ns[-1] == 500_000_000
    with pytest.raises(ValueError, match="trace"):
        arrive(traced, 1)


def test_a_trace_without_tasks_draws_them() -> None:
    trace = Trace(np.arange(4000) / 10, None)
    kinds = arrive(workload({"share": 3}, {"share": 1}, trace="t.csv"), 5, trace).kinds
    assert np.mean(kinds == 0) == pytest.approx(0.75, abs=0.03)


def test_types_come_by_their_shares_and_independently() -> None:
    shares = [70, 25, 4, 1]
    drawn = arrive(workload(*({"share": s} for s in shares), rate=1000, seconds=100), 3)
    counts = np.bincount(drawn.kinds, minlength=4)
    expected = np.array(shares) / 100 * len(drawn)
    assert stats.chisquare(counts, expected).pvalue > ALPHA
    follows = np.mean(drawn.kinds[1:][drawn.kinds[:-1] == 1] == 1)
    assert follows == pytest.approx(0.25, abs=0.012)


def test_types_are_not_drawn_from_the_numbers_of_the_gaps() -> None:
    drawn = arrive(workload({}, {}), 7)
    for stream in (7, (7, 0)):  # a trailing 0 would be the same stream
        same = np.random.default_rng(stream).random(len(drawn)) >= 0.5
        assert np.mean(drawn.kinds == same) == pytest.approx(0.5, abs=0.05)


def test_a_share_of_zero_never_comes() -> None:
    drawn = arrive(workload({"share": 0}, {"share": 1}, {"share": 0}), 3)
    assert set(drawn.kinds.tolist()) == {1}


@pytest.mark.parametrize(
    "how",
    [{"rate": 100, "seconds": 20}, {"steps": STEPS}, {"kind": "steady", "rate": 5, "seconds": 9}],
)
def test_the_seed_decides(how: dict[str, object]) -> None:
    one, same, other = (
        arrive(workload({"share": 3}, {"share": 1}, **how), seed) for seed in (7, 7, 8)
    )
    assert np.array_equal(one.due_ns, same.due_ns) and np.array_equal(one.kinds, same.kinds)
    length = min(len(one), len(other))
    assert not np.array_equal(one.kinds[:length], other.kinds[:length])


def test_more_of_the_same_is_that_many_times_as_much() -> None:
    for how in ({"rate": 100, "seconds": 200}, {"steps": STEPS}):
        load = workload(**how)
        assert len(arrive(load, 1, times=2.5)) == pytest.approx(
            2.5 * len(arrive(load, 1)), rel=0.04
        )
        assert arrive(load, 1, times=2.5).seconds == arrive(load, 1).seconds


def test_a_million_arrivals_take_seconds_and_some_megabytes() -> None:
    began = time.perf_counter()
    million = workload({"sleep_ms": {"median": 4, "p99": 40}}, {}, rate=10_000, seconds=100)
    drawn = arrive(million, 1)
    draws = draw(million, drawn.kinds, 1, {})
    assert time.perf_counter() - began < 10
    assert len(drawn) == pytest.approx(1_000_000, rel=0.01)
    assert drawn.due_ns.nbytes + drawn.kinds.nbytes < 11e6
    assert sum(column.nbytes for column in vars(draws).values()) < 46e6


def test_a_log_normal_has_its_median_and_its_p99() -> None:
    drawn = amounts(Amount(median=40, p99=400), 400_000, np.random.default_rng(1))
    # Standard errors of these quantiles: 0.2 % and 0.6 %.
    assert np.median(drawn) == pytest.approx(40, rel=0.01)
    assert np.quantile(drawn, 0.99) == pytest.approx(400, rel=0.025)
    fitted = stats.lognorm(s=Amount(median=40, p99=400).sigma, scale=40)
    assert fitted.ppf([0.5, 0.99]) == pytest.approx([40, 400])
    assert stats.kstest(drawn, fitted.cdf).pvalue > ALPHA


def test_a_plain_number_is_always_that() -> None:
    assert set(amounts(Amount.model_validate(7), 100, np.random.default_rng(1))) == {7}


def draws_of(*tasks: dict[str, object], seed: int = 1, n: int = 40_000) -> TaskDraws:
    load = workload(*tasks)
    return draw(load, (np.arange(n) % len(tasks)).astype(np.int16), seed, {"t1": 50})


def test_each_type_does_its_own() -> None:
    draws = draws_of(
        {"sleep_ms": 5, "payload": "4 KiB", "result": {"median": 100, "p99": 1000}},
        {"cpu_ms": {"median": 1, "p99": 9}, "memory": "2 MiB"},
    )
    first, second = slice(0, None, 2), slice(1, None, 2)
    assert set(draws.sleep_ns[first]) == {5_000_000} and not draws.sleep_ns[second].any()
    assert set(draws.payload_bytes[first]) == {4096} and not draws.payload_bytes[second].any()
    assert np.median(draws.result_bytes[first]) == pytest.approx(100, rel=0.03)
    assert np.median(draws.cpu_ns[second]) == pytest.approx(1e6, rel=0.03)
    assert set(draws.memory_bytes[second]) == {2**21} and not draws.cpu_ns[first].any()
    assert set(draws.line[first]) == {-1} and set(draws.line[second]) == set(range(50))


def test_failures_come_by_their_share_in_each_run() -> None:
    failing = draws_of({"fails": 0.2, "retries": 2}, n=100_000).failing_runs
    shares = [np.mean(failing >= runs) for runs in (1, 2, 3)]
    assert shares == pytest.approx([0.2, 0.04, 0.008], abs=0.005)
    assert failing.max() == 3  # the first run and both retries: it fails for good
    assert set(draws_of({"fails": 1, "retries": 3}).failing_runs) == {4}
    assert not draws_of({"retries": 3}).failing_runs.any()


def test_another_key_or_type_leaves_the_other_draws_as_they_were() -> None:
    amount = {"median": 5, "p99": 50}
    one = draws_of({"sleep_ms": amount}, {"cpu_ms": amount, "fails": 0.1})
    more = draws_of({"sleep_ms": amount, "payload": amount}, {"cpu_ms": 3, "fails": 0.1})
    assert np.array_equal(one.sleep_ns, more.sleep_ns)
    assert np.array_equal(one.failing_runs, more.failing_runs)
    both = draws_of({"sleep_ms": amount, "cpu_ms": amount}, {"sleep_ms": amount})
    assert not np.array_equal(both.sleep_ns[::2], both.cpu_ns[::2])
    assert not np.array_equal(both.sleep_ns[::2], both.sleep_ns[1::2])
    other = draws_of({"sleep_ms": amount}, {}, seed=2)
    assert not np.array_equal(one.sleep_ns, other.sleep_ns)


def test_the_demand_is_what_was_drawn_with_every_run() -> None:
    load = workload(
        {"cpu_ms": 10, "sleep_ms": 30, "payload": 1000, "result": 10, "fails": 1, "retries": 1},
        {"call": "shop:work", "args": "args.jsonl"},
    )
    arrivals = Arrivals(np.arange(10) * NS // 2, np.repeat([0, 1], 5).astype(np.int16), 5.0)
    told = demand(
        load,
        arrivals,
        draw(load, arrivals.kinds, 1, {"t1": 1}),
        {"t1": Arguments(None, np.array([7]), "")},  # type: ignore[arg-type]
    )
    synthetic, theirs = told.types
    assert (told.arrivals, told.busiest, told.seconds) == (10, 2, 5)
    assert synthetic.cpu_s == pytest.approx(0.1) and synthetic.busy_s == pytest.approx(0.4)
    # Each fails in both its runs: nothing is returned.
    assert (synthetic.sent_bytes, synthetic.result_bytes, synthetic.failed) == (5000, 0, 5)
    assert (theirs.sent_bytes, theirs.largest_bytes, theirs.cpu_s) == (35, 7, None)
    said = list(sentences(told))
    assert said[0] == "10 arrivals in 5 s, 2 in the busiest second"
    assert "0.4 s busy, 0.1 s of them computing" in said[1] and "5 fail in every run" in said[1]
    assert "a function of yours" in said[2]
    assert said[3].startswith("in all 0.1 CPU-seconds (0.02 cores on average), 0.08 slots busy")


def test_sizes_in_words() -> None:
    assert [size(n) for n in (0, 1023, 4096, 1.5 * 2**20, 2**31)] == (
        ["0 B", "1023 B", "4.0 KiB", "1.5 MiB", "2.0 GiB"]
    )
