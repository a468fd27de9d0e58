"""Intervals cover what they claim, and families keep their alpha.

Nothing depends on which arm is the base.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from bench.analysis.stats import (
    Ratio,
    blocks_needed,
    classify,
    holm,
    holm_levels,
    log_ratio_sd,
    paired,
    rank_p,
    sd_allowed,
    smallest_detectable,
    unpaired,
)
from bench.measure.order_statistics import percentile, percentile_if_supported

positive = st.floats(min_value=1e-3, max_value=1e6)
blocks = st.integers(3, 10).flatmap(
    lambda n: st.tuples(
        st.lists(positive, min_size=n, max_size=n), st.lists(positive, min_size=n, max_size=n)
    )
)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=200),
    st.sampled_from([0, 25, 50, 90, 99, 99.9, 100]),
)
def test_percentile_is_a_sample_of_the_nearest_rank(values, p):
    found = percentile(values, p)
    assert found in values
    assert sum(value <= found for value in values) >= p / 100 * len(values) - 1e-6
    assert sum(value < found for value in values) <= p / 100 * len(values) + 1e-6


@pytest.mark.parametrize(("p", "needed"), [(50, 20), (90, 100), (99, 1000), (99.9, 10_000)])
def test_percentile_needs_ten_samples_beyond_it(p, needed):
    assert percentile_if_supported(np.arange(needed - 1), p) is None
    assert percentile_if_supported(np.arange(needed), p) == needed - 11


def test_percentile_of_nothing():
    assert percentile_if_supported([], 50) is None
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile([1], 101)


def test_interval_by_hand():
    base, head = [100.0, 100.0, 100.0], [math.exp(value) * 100 for value in (0.1, 0.2, 0.3)]
    found = paired(base, head).ratio()
    half = 4.302652729911275 * 0.1 / math.sqrt(3)  # t(0.975, 2 degrees of freedom)
    assert found.ratio == pytest.approx(math.exp(0.2))
    assert (found.low, found.high) == (
        pytest.approx(math.exp(0.2 - half)),
        pytest.approx(math.exp(0.2 + half)),
    )
    assert log_ratio_sd(base, head) == pytest.approx(0.1)


def test_no_interval_below_three_blocks():
    assert paired([1.0, 2.0], [2.0, 4.0]).ratio() == Ratio(pytest.approx(2.0), None, None, 2)
    with pytest.raises(ValueError, match="3 blocks"):
        paired([1.0, 2.0], [2.0, 4.0]).p()


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ([1.0], [1.0, 2.0]),
        ([], []),
        ([0.0], [1.0]),
        ([1.0], [-1.0]),
        ([1.0], [math.nan]),
        ([math.inf], [1.0]),
    ],
)
def test_no_log_ratio_of_what_has_none(base, head):
    with pytest.raises(ValueError):
        paired(base, head).ratio()


@pytest.mark.parametrize("size", [3, 5, 10])
def test_interval_covers_95_percent(size):
    rng, rounds = np.random.default_rng(size), 1500
    noise = np.exp(rng.normal(math.log(1.3), 0.05, (rounds, size)))
    machine = np.exp(rng.normal(0, 0.5, (rounds, size)))
    intervals = [
        paired(base, head).ratio() for base, head in zip(machine, machine * noise, strict=True)
    ]
    covered = np.mean([found.low <= 1.3 <= found.high for found in intervals])
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("size", [3, 5, 10])
def test_interval_covers_95_percent_under_heavy_tails(size):
    rng, rounds = np.random.default_rng(size), 3000
    noise = np.exp(math.log(1.3) + 0.03 * rng.standard_t(3, (rounds, size)))
    intervals = [paired(np.ones(size), head).ratio() for head in noise]
    covered = np.mean([found.low <= 1.3 <= found.high for found in intervals])
    assert 0.93 <= covered <= 0.97


def _alarms(noise, size, rounds=2500):
    """The share of arms compared with themselves that get a word.

    The machine's speed wanders by 5 % from block to block.
    """
    rng = np.random.default_rng(size)
    drift = np.cumsum(rng.normal(0, 0.05, (rounds, size)), axis=1)
    base, head = (np.exp(drift + rng.normal(0, noise, (rounds, size))) for _ in range(2))
    ratios = [paired(b, h).ratio() for b, h in zip(base, head, strict=True)]
    words = [classify(ratio, 0.02, "higher") for ratio in ratios]
    return np.mean([word in ("faster", "slower") for word in words])


@pytest.mark.parametrize("size", [3, 5, 10])
def test_an_arm_beside_itself_hardly_ever_differs(size):
    # Cells that scatter by 1 %: the tie zone keeps what chance alone decides below 1 %.
    assert _alarms(0.01, size) <= 0.01


@pytest.mark.parametrize("size", [3, 5, 10])
def test_noise_beyond_the_tie_zone_still_keeps_the_level(size):
    assert _alarms(0.05, size) <= 0.06


@given(blocks, st.sampled_from([0.02, 0.05, 0.10]), st.sampled_from(["higher", "lower", "none"]))
def test_the_choice_of_the_base_changes_nothing(pair, floor, better):
    base, head = pair
    there, back = paired(base, head).ratio(), paired(head, base).ratio()
    assert there.ratio * back.ratio == pytest.approx(1)
    opposite = {
        "faster": "slower",
        "slower": "faster",
        "more": "less",
        "less": "more",
        "tie": "tie",
        "unclear": "unclear",
    }
    assert classify(back, floor, better) == opposite[classify(there, floor, better)]


@given(blocks, st.floats(0.001, 0.5))
def test_the_test_and_the_interval_agree(pair, alpha):
    p, found = paired(*pair).p(), paired(*pair).ratio(alpha)
    if abs(p - alpha) > 1e-9:
        assert (p < alpha) == (not found.low <= 1 <= found.high)


def test_equal_numbers_are_a_tie():
    found = paired([123.4, 5.6, 7.8], [123.4, 5.6, 7.8]).ratio()
    assert found == Ratio(1.0, 1.0, 1.0, 3)
    assert paired([123.4, 5.6, 7.8], [123.4, 5.6, 7.8]).p() == 1
    assert classify(found, 0.02, "higher") == "tie"


@given(p_values)
def test_holm_against_its_definition(values):
    adjusted, m = holm(values), len(values)
    order = sorted(range(m), key=values.__getitem__)
    for place, at in enumerate(order):
        assert adjusted[at] == pytest.approx(
            min(1, max((m - k) * values[order[k]] for k in range(place + 1)))
        )


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm_levels([0.001, 0.5, 0.02]) == pytest.approx([0.05 / 3, 0.05, 0.05 / 2])
    assert holm_levels([0.3, 0.2, 0.1]) == pytest.approx([0.05 / 3] * 3)


@given(p_values, st.floats(0.001, 0.2))
def test_levels_reject_what_holm_rejects(values, alpha):
    for p, adjusted, level in zip(values, holm(values), holm_levels(values, alpha), strict=True):
        if abs(adjusted - alpha) > 1e-9:
            assert (adjusted < alpha) == (p <= level)


# Percent for sd 1, 5 and 10 %, on the log scale: power 0.9 by the noncentral t, computed
# independently.
@pytest.mark.parametrize(
    ("blocks", "alpha", "percent"),
    [
        (7, 0.05, 1.48),
        (7, 0.01, 2.05),
        (10, 0.05, 1.15),
        (10, 0.01, 1.51),
        (20, 0.05, 0.76),
        (30, 0.01, 0.75),
    ],
)
def test_smallest_detectable_against_the_table(blocks, alpha, percent):
    for sd in (0.01, 0.05, 0.10):
        assert math.log1p(smallest_detectable(sd, blocks, alpha)) == pytest.approx(
            percent * sd, abs=0.006 * sd
        )


@pytest.mark.parametrize(("size", "alpha"), [(3, 0.05), (5, 0.05), (5, 0.05 / 6), (10, 0.01)])
def test_smallest_detectable_is_detected_nine_times_in_ten(size, alpha):
    change = math.log1p(smallest_detectable(0.04, size, alpha))
    logs = np.random.default_rng(1).normal(change, 0.04, (20_000, size))
    t = logs.mean(axis=1) * math.sqrt(size) / logs.std(axis=1, ddof=1)
    assert np.mean(t > scipy_stats.t.ppf(1 - alpha / 2, size - 1)) == pytest.approx(0.9, abs=0.01)


def test_smallest_detectable_at_its_edges():
    assert smallest_detectable(0.05, 2) is None
    assert smallest_detectable(0.0, 5) == 0


@pytest.mark.parametrize(
    ("ratio", "better", "duration", "expected"),
    [
        (Ratio(1.01, 0.99, 1.019, 5), "higher", False, "tie"),
        (Ratio(1.01, 1.005, 1.015, 5), "higher", False, "tie"),  # decided, but too small to matter
        (Ratio(1.50, 1.40, 1.60, 5), "higher", False, "faster"),
        (Ratio(0.50, 0.40, 0.60, 5), "higher", False, "slower"),
        (Ratio(1.50, 1.40, 1.60, 5), "lower", True, "slower"),
        (Ratio(0.50, 0.40, 0.60, 5), "lower", True, "faster"),
        (Ratio(1.50, 1.40, 1.60, 5), "lower", False, "more"),
        (Ratio(0.50, 0.40, 0.60, 5), "lower", False, "less"),
        (
            Ratio(1.015, 1.005, 1.025, 5),
            "higher",
            False,
            "unclear",
        ),  # excludes 1, yet the estimate lies inside the zone
        (Ratio(1.50, 0.90, 2.50, 5), "higher", False, "unclear"),
        (Ratio(5.00, None, None, 2), "higher", False, "unclear"),
    ],
)
def test_words(ratio, better, duration, expected):
    assert classify(ratio, 0.02, better, duration) == expected


def test_the_tie_zone_is_symmetric_on_the_log_scale():
    assert classify(Ratio(1.0, 1 / 1.0999, 1.0999, 5), 0.10, "higher") == "tie"
    assert (
        classify(Ratio(1.0, 0.905, 1.0999, 5), 0.10, "higher") == "unclear"
    )  # 0.905 is 10.5 % less than 1 seen from the other arm


def test_ranks_of_times():
    beyond = math.inf
    assert rank_p([1, 2, 3, 4, 5], [beyond] * 5) == pytest.approx(2 / math.comb(10, 5))
    assert rank_p([1, 2, 3], [4, 5, 6]) == pytest.approx(2 / math.comb(6, 3))
    assert rank_p([beyond] * 5, [beyond] * 5) == 1
    assert rank_p([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) == 1


@settings(max_examples=20)
@given(
    st.integers(3, 6).flatmap(
        lambda n: st.tuples(
            *[st.lists(st.integers(0, 20), min_size=n, max_size=n, unique=True)] * 2
        )
    )
)
def test_ranks_agree_with_the_rank_sum_test(pair):
    base, head = pair
    if not set(base) & set(head):
        assert rank_p(base, head) == pytest.approx(
            scipy_stats.mannwhitneyu(base, head, method="exact").pvalue
        )


@given(blocks)
def test_welch_is_scipys(pair):
    base, head = pair
    found = unpaired(base, head).p()
    theirs = scipy_stats.ttest_ind(np.log(head), np.log(base), equal_var=False)
    if math.isfinite(float(theirs.pvalue)) and np.std(np.log(base)) + np.std(np.log(head)) > 1e-9:
        assert found == pytest.approx(float(theirs.pvalue), abs=1e-6)
        low, high = theirs.confidence_interval(0.95)
        ratio = unpaired(base, head).ratio()
        assert (math.log(ratio.low), math.log(ratio.high)) == pytest.approx((low, high), abs=1e-6)


def test_welch_of_equal_blocks_and_of_few():
    assert unpaired([2.0] * 4, [2.0] * 4).p() == 1.0 and unpaired([2.0] * 4, [3.0] * 4).p() == 0.0
    assert unpaired([2.0] * 3, [3.0] * 5).ratio() == Ratio(
        pytest.approx(1.5), pytest.approx(1.5), pytest.approx(1.5), 3
    )
    assert unpaired([2.0, 2.0], [3.0] * 5).ratio() == Ratio(pytest.approx(1.5), None, None, 2)
    assert unpaired([2.0, 2.0], [3.0] * 5).detectable() is None


def test_welch_finds_its_smallest_detectable_change_nine_times_in_ten():
    rng = np.random.default_rng(3)
    base, head = rng.normal(0, 0.03, (4000, 6)), rng.normal(0, 0.03, (4000, 6))
    error = 0.03 * math.sqrt(2 / 6)
    # The sample with just that spread says what such blocks would show.
    spread = np.array([-1, 1, -1, 1, -1, 1]) * 0.03 * math.sqrt(5 / 6)
    shift = math.log1p(unpaired(np.exp(spread), np.exp(spread)).detectable())
    assert shift > 3 * error
    found = scipy_stats.ttest_ind(head + shift, base, axis=1, equal_var=False).pvalue < 0.05
    assert found.mean() == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(("sd", "change"), [(0.02, 0.04), (0.1, 0.2), (0.3, 0.2)])
def test_blocks_needed_and_the_allowed_spread_are_the_smallest_detectable_change_turned_round(
    sd, change
):
    needed = blocks_needed(sd, change, 0.01)
    assert smallest_detectable(sd, needed, 0.01) <= change
    assert needed == 3 or smallest_detectable(sd, needed - 1, 0.01) > change
    assert smallest_detectable(sd_allowed(change, needed, 0.01), needed, 0.01) == pytest.approx(
        change
    )


def test_what_no_number_of_blocks_shows_is_said_so():
    assert blocks_needed(5.0, 0.01) is None and sd_allowed(0.1, 2) is None
