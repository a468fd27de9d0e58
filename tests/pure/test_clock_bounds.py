"""The truth lies within the bounds of every made-up pair of clocks, and close where it can."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import UsageError
from bench.record.clock_bounds import (
    PING,
    WINDOW_NS,
    Interval,
    Ints,
    OffsetBounds,
    Pings,
    offset_bounds,
)
from bench.record.clock_lines import ClockLines, Floats, between
from bench.record.clock_network import ClockNetwork
from bench.record.stored_pings import read_network, write_pings
from tests.made_up_clocks import MS, MadeUpClock, Rng, S, Way, pings

QUIET = Way()
SATURATED = Way(60_000.0, 40_000.0, queued=0.6)
MOST_OFFSET_NS = 10**15  # eleven days of uptime


def made_up(rng: Rng) -> MadeUpClock:
    """Two of them drift apart by up to 100 ppm."""
    return MadeUpClock(int(rng.integers(-MOST_OFFSET_NS, MOST_OFFSET_NS)), rng.uniform(-50, 50))


def a_way(rng: Rng) -> Way:
    """Anything from a quiet link to a busy one on saturated cores, up to 5 ms longer."""
    longer = rng.choice([0.0, rng.uniform(0, 5 * MS)])
    queued = rng.choice([0.0, 0.2, 0.6, 0.95])
    return Way(rng.uniform(20_000, 200_000) + longer, rng.uniform(2_000, 80_000), queued)


def holds(bounds: Interval, truth: Ints) -> bool:
    return bool(((bounds.low <= truth) & (truth <= bounds.high)).all())


@pytest.mark.parametrize("seed", range(200))
def test_the_truth_lies_within_the_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, controller = (made_up(rng) for _ in range(3))
    seconds = float(rng.choice([3, 12, 30, 65]))

    def bounds(near: MadeUpClock, far: MadeUpClock) -> OffsetBounds:
        there, back, lost = a_way(rng), a_way(rng), float(rng.choice([0.0, 0.3]))
        found = offset_bounds(pings(rng, near, far, there, back, seconds, lost=lost))
        assert found.unfit == ""
        return found

    direct = bounds(a, b)
    true_ns = np.sort(rng.integers(0, round(seconds * S), 2_000))
    by_a, by_b = a.at(true_ns), b.at(true_ns)
    assert holds(direct.far(by_a), by_b - by_a)
    assert holds(direct.near(by_b), by_a - by_b)
    # A task that is due by the clock of a and finishes by that of b.
    took = rng.integers(0, S, len(true_ns))
    finished = b.at(np.minimum(true_ns + took, round(seconds * S)))
    truth = a.at(np.minimum(true_ns + took, round(seconds * S))) - by_a
    for network in (
        ClockNetwork({("a", "b"): direct}),
        ClockNetwork({("b", "a"): bounds(b, a)}),
        ClockNetwork({("a", "b"): direct, ("b", "a"): bounds(b, a)}),
        ClockNetwork({("c", "a"): bounds(controller, a), ("c", "b"): bounds(controller, b)}),
    ):
        assert network.unfit(["a", "b"]) == ""
        assert holds(network.elapsed(by_a, "a", finished, "b"), truth)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_are_tight_where_delays_are_quiet_and_wide_where_one_way_is_longer(
    seed: int,
) -> None:
    def widest_us(there: Way, back: Way) -> float:
        rng = np.random.default_rng(seed)
        near, far = made_up(rng), made_up(rng)
        found = offset_bounds(pings(rng, near, far, there, back, 30.0))
        stamps = near.at(np.arange(0, 30 * S, MS, dtype=np.int64))
        return float(found.far(stamps).half().max()) / 1e3

    assert widest_us(QUIET, QUIET) <= 100
    assert widest_us(SATURATED, SATURATED) <= 200
    assert 1_000 < widest_us(QUIET, Way(QUIET.shortest_ns + 2 * MS)) < 1_200


def test_the_drift_is_bounded_too() -> None:
    rng = np.random.default_rng(1)
    far = MadeUpClock(5 * S, 50.0)
    low, high = offset_bounds(pings(rng, MadeUpClock(), far, QUIET, QUIET, 12.0)).drift_ppm()
    assert 30 < low < 50 < high < 70


def moved_by(size_ns: float, at_s: float, over_s: float) -> OffsetBounds:
    """A clock that is moved in the middle of 40 s of quiet pings."""

    def moved(true_ns: Ints) -> Ints:
        return (size_ns * np.clip((true_ns / S - at_s) / over_s, 0, 1)).astype(np.int64)

    rng = np.random.default_rng(7)
    far = MadeUpClock(9 * S, 20.0)
    return offset_bounds(pings(rng, MadeUpClock(), far, QUIET, QUIET, 40.0, moved=moved))


@pytest.mark.parametrize("at_s", [3.3, 9.9, 20.0, 31.0])
@pytest.mark.parametrize(
    ("size_ns", "over_s"), [(S, 1e-9), (-S, 1e-9), (0.2 * MS, 1e-9), (-0.4 * MS, 2), (MS, 10)]
)
def test_a_clock_that_is_set_or_slewed_shows(size_ns: float, over_s: float, at_s: float) -> None:
    found = moved_by(size_ns, at_s, over_s)
    assert "no straight line fits" in found.unfit or "is being set" in found.unfit
    stamps = np.array([20 * S])
    assert not found.far(stamps).known().any()


@pytest.mark.parametrize("at_s", [3.3, 9.9, 20.0, 31.0])
@pytest.mark.parametrize(("size_ns", "over_s"), [(60_000, 1e-9), (-80_000, 1), (150_000, 10)])
def test_a_clock_that_is_moved_by_less_widens_its_bounds(
    size_ns: float, over_s: float, at_s: float
) -> None:
    found, still = moved_by(size_ns, at_s, over_s), moved_by(0, at_s, over_s)
    true_ns = np.arange(0, 40 * S, 10 * MS, dtype=np.int64)
    moved = (size_ns * np.clip((true_ns / S - at_s) / over_s, 0, 1)).astype(np.int64)
    truth = MadeUpClock(9 * S, 20.0).at(true_ns) + moved - true_ns
    assert holds(found.far(true_ns), truth)
    assert found.far(true_ns).half().max() > still.far(true_ns).half().max() + 10_000


def test_a_crystal_that_wanders_stays_within_the_bounds() -> None:
    def wandered(true_ns: Ints) -> Ints:
        return (4_000 * np.sin(true_ns / S * 2 * np.pi / 40)).astype(np.int64)  # 0.6 ppm

    true_ns = np.arange(0, 60 * S, 10 * MS, dtype=np.int64)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        near, far = made_up(rng), made_up(rng)
        found = offset_bounds(pings(rng, near, far, QUIET, QUIET, 60.0, moved=wandered))
        truth = far.at(true_ns) + wandered(true_ns) - near.at(true_ns)
        assert holds(found.far(near.at(true_ns)), truth)
        assert found.far(near.at(true_ns)).half().max() <= 100_000


def test_a_clock_that_runs_too_fast_is_being_set() -> None:
    rng = np.random.default_rng(3)
    far = MadeUpClock(0, 5_000.0)
    found = offset_bounds(pings(rng, MadeUpClock(), far, QUIET, QUIET, 12.0))
    assert found.unfit == (
        "in seconds 0 to 12 one clock runs 4,990 ppm faster than the other: it is being set"
    )


def test_what_no_ping_is_near_to_is_not_known() -> None:
    rng = np.random.default_rng(4)
    heard = pings(rng, MadeUpClock(), MadeUpClock(S), QUIET, QUIET, 65.0)
    quiet = heard.within(0, 15 * S), heard.within(51 * S, 65 * S)
    gap = Pings(*(np.concatenate([getattr(each, name) for each in quiet]) for name in PING))
    found = offset_bounds(gap)
    seconds = np.array([-10, -1, 10, 35, 55, 66, 80])
    assert found.far(seconds * S).known().tolist() == [False, True, True, False, True, True, False]
    assert offset_bounds(Pings.of(np.empty((0, 4)))).unfit == "no ping came back"


def test_one_ping_bounds_as_far_as_clocks_may_drift() -> None:
    one = offset_bounds(Pings.of([[0, 5 * S + 40_000, 5 * S + 40_000, 80_000]]))
    low, high = one.far(np.array([0])).low[0], one.far(np.array([0])).high[0]
    assert 5 * S - 60_000 < low <= 5 * S <= high < 5 * S + 60_000
    assert one.far(np.array([S])).half()[0] > MS / 2


def test_a_clock_is_its_own_whatever_the_hosts_are_called() -> None:
    same = ClockNetwork({})
    stamps = np.array([5, 6])
    assert same.elapsed(stamps, "a", stamps + 3, "a").low.tolist() == [3, 3]
    assert same.unfit(["a", "a"]) == ""
    assert same.unfit(["a", "b"]) == "no pings went between them"
    assert not same.elapsed(stamps, "a", stamps, "b").known().any()


def test_pings_that_fit_no_line_have_no_way_around() -> None:
    rng = np.random.default_rng(5)
    a, b, c = (MadeUpClock(ns) for ns in (0, S, 7 * S))
    around = {
        ("c", "a"): offset_bounds(pings(rng, c, a, QUIET, QUIET)),
        ("c", "b"): offset_bounds(pings(rng, c, b, QUIET, QUIET)),
    }
    assert ClockNetwork(around).unfit(["a", "b", "c"]) == ""
    broken = ClockNetwork({**around, ("a", "b"): OffsetBounds(unfit="a clock was set")})
    assert broken.unfit(["a", "b"]) == "a clock was set"
    assert not broken.shift(np.array([S]), "a", "b").known().any()


def test_what_certainly_came_first_is_told_from_what_may_have() -> None:
    rng = np.random.default_rng(6)
    a, b = MadeUpClock(), MadeUpClock(-100 * S)
    network = ClockNetwork({("a", "b"): offset_bounds(pings(rng, a, b, QUIET, QUIET))})
    true_ns = np.full(2, 5 * S)
    started = b.at(true_ns - np.array([10_000, 300_000]))
    assert (network.elapsed(a.at(true_ns), "a", started, "b").high < 0).tolist() == [False, True]


def test_stored_pings_give_the_same_bounds_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    a, b, c = (made_up(rng) for _ in range(3))
    heard = {
        ("a" * 48, "b" * 48): pings(rng, a, b, QUIET, SATURATED, 30.0),
        ("a" * 48, "c" * 48): pings(rng, a, c, QUIET, QUIET, 30.0),
    }
    write_pings(tmp_path, heard)
    again = read_network(tmp_path)
    stamps = b.at(np.arange(0, 30 * S, S, dtype=np.int64))
    before = ClockNetwork({pair: offset_bounds(each) for pair, each in heard.items()})
    for of, to in (("b", "a"), ("b", "c")):
        one, other = (net.shift(stamps, of * 48, to * 48) for net in (before, again))
        assert one.known().all()
        assert (one.low == other.low).all() and (one.high == other.high).all()


def test_a_cell_without_pings_has_one_clock(tmp_path: Path) -> None:
    assert read_network(tmp_path).unfit(["a", "a"]) == ""
    assert read_network(tmp_path).unfit(["a", "b"]) == "no pings went between them"
    (tmp_path / "pings.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match=r"pings\.parquet"):
        read_network(tmp_path)


def all_lines(at: Floats, most: Floats, low_at: Floats, least: Floats) -> list[tuple[float, float]]:
    """(start, slope) of every line through two of the points that passes: the slow way."""
    points = [*zip(at, most, strict=True), *zip(low_at, least, strict=True)]
    found = []
    for (x1, y1), (x2, y2) in combinations(points, 2):
        if x1 == x2:
            continue
        slope = (y2 - y1) / (x2 - x1)
        start = y1 - slope * x1
        passes = (start + slope * at <= most + 1e-6).all()
        if passes and (start + slope * low_at >= least - 1e-6).all():
            found.append((start, slope))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_the_extreme_lines_are_those_that_touch_two_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, 100, 12))
    low_at = np.sort(at + rng.uniform(0, 2, 12))
    most, least = 0.1 * at + rng.exponential(3, 12), 0.1 * low_at - rng.exponential(3, 12)
    lines = between(at, most, low_at, least, steepest=1.0)
    slow = all_lines(at, most, low_at, least)
    assert lines is not None and slow
    for x in (-5.0, 0.0, 40.0, 99.0, 130.0):
        values = [start + slope * x for start, slope in slow]
        assert lines.above(np.array([x]))[0] == pytest.approx(max(values))
        assert lines.below(np.array([x]))[0] == pytest.approx(min(values))


def test_the_far_clock_finds_the_same_lines() -> None:
    lines = ClockLines(np.array([-1e-4, 2e-4]), np.array([50.0, 20.0]), np.array([-10.0, -40.0]))
    x = np.array([0.0, 1e6, float(WINDOW_NS)])
    for offset, back in ((lines.above, lines.above_at_far), (lines.below, lines.below_at_far)):
        assert back(x + offset(x)) == pytest.approx(offset(x), abs=1e-5)


def test_where_limits_cross_no_line_passes() -> None:
    at = np.array([0.0, 1.0, 2.0])
    assert between(at, np.array([1.0, -1.0, 1.0]), at, np.array([0.0, 0.0, 0.0])) is None
