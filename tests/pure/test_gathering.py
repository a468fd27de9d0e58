"""What many hosts have counted is merged without loss: ids exactly, durations within their bars."""

import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base.errors import UsageError
from bench.measure.counted_percentiles import counted_spread
from bench.measure.order_statistics import percentile
from bench.measure.spells import spells
from bench.record import far_events
from bench.record.duration_counts import LONGEST_NS, DurationCounts, edges_ns
from bench.record.id_bitmaps import Finishes, IdSet, apart, first_sampled, unexpected
from bench.record.one_clock import on_one_clock
from bench.record.stored_counts import read_counts, write_counts
from bench.record.stored_pings import read_network
from tests.hosts_at_scale import FakeHosts

TASKS = 1_003  # no multiple of eight
IDS = st.lists(st.integers(0, TASKS - 1), max_size=60)
S = 1_000_000_000
P50, P99 = "latency_p50_ms", "latency_p99_ms"


def ids(*numbers: int) -> IdSet:
    return IdSet.of(np.array(numbers, np.int64), TASKS)


@given(IDS, IDS)
def test_sets_of_ids_are_sets(ours: list[int], others: list[int]) -> None:
    one, other = ids(*ours), ids(*others)
    for found, expected in (
        (one | other, {*ours, *others}),
        (one & other, {*ours} & {*others}),
        (one - other, {*ours} - {*others}),
    ):
        assert found.ids().tolist() == sorted(expected)
        assert len(found) == len(expected)
        assert found.ids(most=3).tolist() == sorted(expected)[:3]


@given(IDS)
def test_ids_travel(ours: list[int]) -> None:
    sent = ids(*ours)
    assert IdSet.unpacked(sent.packed(), TASKS, "worker-1").ids().tolist() == sent.ids().tolist()


def test_damaged_ids_are_refused() -> None:
    for data in (b"", b"nonsense", IdSet.empty(TASKS + 8).packed(), ids(7).packed()[:-3]):
        with pytest.raises(UsageError, match="the ids of worker-1 are damaged"):
            IdSet.unpacked(data, TASKS, "worker-1")
    full = IdSet(TASKS, np.full(-(-TASKS // 8), 255, np.uint8))  # ids that do not exist
    with pytest.raises(UsageError, match="damaged"):
        IdSet.unpacked(full.packed(), TASKS, "worker-1")
    with pytest.raises(ValueError, match="ids from 0 to 1002"):
        ids(TASKS)


@settings(max_examples=200)
@given(st.lists(IDS, max_size=5), st.randoms(use_true_random=False))
def test_a_task_is_doubled_wherever_it_ran_twice_in_any_order(
    hosts: list[list[int]], order: random.Random
) -> None:
    runs = [each for host in hosts for each in host]
    order.shuffle(hosts)
    parts = [Finishes.of(np.array([-5, *host], np.int64), TASKS) for host in hosts]
    found = Finishes.merged(parts, TASKS)
    assert found.once.ids().tolist() == sorted({*runs})
    assert found.again.ids().tolist() == sorted({each for each in runs if runs.count(each) > 1})


def test_every_task_that_was_sent_is_in_one_set() -> None:
    finishes = Finishes.merged(
        [Finishes.of(np.array([1, 2, 2, 4, 9]), TASKS), Finishes.of(np.array([1, 6]), TASKS)], TASKS
    )
    found = apart(ids(1, 2, 3, 4), ids(5, 6), ids(7, 8), finishes)
    assert {name: each.ids().tolist() for name, each in found.items()} == {
        "finished": [4, 6],
        "doubled": [1, 2],
        "refused": [7, 8],
        "open": [5],
        "missing": [3],
    }
    assert unexpected(np.array([-3, 5, 2000, TASKS, 2000]), TASKS).tolist() == [TASKS, 2000]


def test_a_sample_keeps_every_tenth_stretch() -> None:
    kept = np.flatnonzero(first_sampled(100_000, 10))
    assert kept.min() == 0
    assert 0.09 < len(kept) / 100_000 < 0.11
    # Neighbours stay together: the time since the previous call is known.
    assert (np.diff(kept) == 1).mean() > 0.99


def test_bars_are_narrow_and_the_same_everywhere() -> None:
    edges = edges_ns()
    assert edges[0] == 1_000 and edges[-1] >= LONGEST_NS
    assert (np.diff(edges) > 0).all()
    assert (np.diff(edges) / edges[:-1]).max() <= 0.005
    assert len(edges) < 6_000


def counted(values_ms: npt.NDArray[np.float64], due_ns: npt.NDArray[np.int64]) -> DurationCounts:
    return DurationCounts.of(values_ms * 1e6, due_ns, 60)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_000_000), st.integers(1, 5), st.sampled_from([50.0, 90.0, 99.0]))
def test_the_percentile_of_merged_counts_lies_within_its_bound(
    seed: int, hosts: int, p: float
) -> None:
    rng = np.random.default_rng(seed)
    due = rng.integers(0, 60 * S, 20_000)
    values = rng.lognormal(rng.uniform(-3, 6), rng.uniform(0.1, 1.5), len(due))
    clocks_ms = float(rng.choice([0.0, 0.02])) * float(np.median(values))
    of = rng.integers(0, hosts, len(due))
    lower = upper = DurationCounts.none(60)
    for host in range(hosts):
        mine = of == host
        lower += counted(values[mine] - clocks_ms, due[mine])
        upper += counted(values[mine] + clocks_ms, due[mine])
    assert upper.total == len(due)
    found = counted_spread(P99, lower, upper, p)
    assert found.measure.value is not None and found.bound is not None, found.measure
    assert abs(found.measure.value - percentile(values, p)) <= found.bound + 1e-9
    assert found.bound <= clocks_ms + (0.0051 if clocks_ms else 0.0026) * found.measure.value


def test_counts_travel() -> None:
    rng = np.random.default_rng(2)
    sent = counted(rng.lognormal(1, 1, 500), rng.integers(0, 60 * S, 500))
    places, counts = sent.sparse()
    assert len(places) <= 500
    assert (DurationCounts.dense(places, counts, 60).counts == sent.counts).all()
    with pytest.raises(ValueError, match="other bars"):
        DurationCounts.dense(places + 10**9, counts, 60)
    with pytest.raises(ValueError, match="due within 60 s"):
        counted(np.array([1.0]), np.array([60 * S]))


def test_below_0_and_never_ended_are_counted_too() -> None:
    due = np.arange(10_000, dtype=np.int64) * 6_000_000
    values = np.full(10_000, 5.0)
    values[::20] = np.inf  # 5 %
    late = counted(values, due)
    assert counted_spread(P99, late, late, 99.0).measure.verdict == "unbounded"
    values[::20] = -0.01
    odd = counted(values, due)
    assert odd.total == 10_000
    assert int(odd.counts[:, 0].sum()) == 500


def test_percentiles_of_counts_keep_the_rules() -> None:
    rng = np.random.default_rng(3)
    due = np.arange(20_000, dtype=np.int64) * 3_000_000
    values = rng.lognormal(1, 0.5, len(due))
    few = counted(values[:900], due[:900])
    assert "fewer than 10" in counted_spread(P99, few, few, 99.0).measure.reason
    stalled = values.copy()
    stalled[5_000:5_300] += 500.0
    stall = counted(stalled, due)
    assert "seconds that it takes" in counted_spread(P99, stall, stall, 99.0).measure.reason
    lower, upper = counted(values * 0.85, due), counted(values * 1.15, due)
    found = counted_spread(P50, lower, upper, 50.0).measure
    assert found.verdict == "withheld" and "clocks known to ±" in found.reason


@settings(max_examples=50)
@given(st.lists(st.integers(0, 59_999), min_size=1, max_size=200))
def test_twenty_seconds_of_the_clock_are_ten_spells(due_ms: list[int]) -> None:
    due = np.array(due_ms, np.int64) * 1_000_000
    assert len(spells(due)) >= len(np.unique(due // S)) / 2


def test_what_is_gathered_host_by_host_is_what_one_ledger_says(tmp_path: Path) -> None:
    hosts = FakeHosts(tmp_path, tasks=60_000, seconds=30.0, senders=2, workers=3, generators=2)
    hosts.write()
    network = read_network(tmp_path)
    found = hosts.gathered(every=10)
    plan = np.arange(hosts.tasks), hosts.due_ns() - hosts.clocks[0].offset_ns
    whole, _ = far_events.build(plan, list(hosts.files()), raw=True)
    placed = on_one_clock(whole, hosts.by_host(), network)
    assert len(found.sample.task) + found.left_out == hosts.tasks
    assert 0.05 < len(found.sample.task) / hosts.tasks < 0.2
    kept = np.isin(whole.task, found.sample.task)
    for name in ("due", "sent", "returned", "enqueue", "task_host"):
        assert (getattr(found.sample, name) == getattr(whole, name)[kept]).all(), name
    runs = np.isin(whole.run_task, found.sample.task)
    for name in ("run_task", "run_pid", "started", "finished", "run_host"):
        ours, theirs = (getattr(each, name) for each in (found.sample, whole))
        assert sorted(ours.tolist()) == sorted(theirs[runs].tolist()), name
    # Lost and doubled tasks are among what is kept, whole.
    unfinished = found.sample.task[found.sample.first_finish() < 0]
    assert unfinished.tolist() == hosts.lost
    assert (found.sample.run_task == 0).sum() == 2
    for p in (50.0, 90.0):
        low, high = found.counts["latency"]
        assert low.total == high.total == hosts.tasks
        latency = np.where(
            placed.first_finish() < 0, np.inf, (placed.first_finish() - placed.due) / 1e6
        )
        counted = counted_spread("latency_p50_ms", low, high, p)
        exact = percentile(np.sort(latency), p)
        assert counted.measure.value is not None and counted.bound is not None
        assert abs(counted.measure.value - exact) <= counted.bound * 1.01
    assert found.counts["call"][0].total == hosts.tasks


def test_counts_are_stored_and_read_again(tmp_path: Path) -> None:
    hosts = FakeHosts(tmp_path, tasks=4_000, seconds=5.0, senders=1, workers=2, generators=1)
    hosts.write()
    counts = hosts.gathered(every=10).counts
    write_counts(tmp_path, counts)
    again = read_counts(tmp_path)
    assert again is not None and again.keys() == counts.keys()
    for name, both in counts.items():
        for ours, theirs in zip(both, again[name], strict=True):
            assert theirs.total == ours.total
            assert (ours.counts[: len(theirs.counts)] == theirs.counts).all()
    assert read_counts(tmp_path / "none") is None
