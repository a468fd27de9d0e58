"""Arm + block: its intervals hold at once as often as they say, and where they do not it is told.

The simulations stand in tests/block_simulation.py; decision 38 has their tables.
"""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.analysis.block_model import (
    beside_one,
    dunnett_level,
    residual_df,
    residual_error,
    tukey_level,
)
from bench.analysis.stats import LogDifference, holm, paired
from bench.model.metric import LIKE_SPREAD, METRICS
from tests import block_simulation as simulation

DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "decisions"
TOLD = next(DECISIONS.glob("0038-*.md")).read_text(encoding="utf-8")
SIZES = [(arms, blocks) for arms in simulation.ARMS for blocks in simulation.BLOCKS]


def half_width(level: float, df: int) -> float:
    """In standard errors of a difference."""
    return float(scipy_stats.t.ppf(1 - level / 2, df))


@pytest.mark.parametrize(("arms", "blocks"), [(3, 3), (4, 5), (7, 3)])
def test_the_residual_is_that_of_least_squares(arms: int, blocks: int) -> None:
    logs = np.random.default_rng(arms).normal(size=(arms, blocks))
    arm, block = np.divmod(np.arange(arms * blocks), blocks)
    design = np.hstack([np.eye(arms)[arm], np.eye(blocks)[block]])
    fitted = design @ np.linalg.lstsq(design, logs.ravel(), rcond=None)[0]
    variance = ((logs.ravel() - fitted) ** 2).sum() / residual_df(arms, blocks)
    assert residual_error(logs) == pytest.approx(math.sqrt(2 * variance / blocks))
    many = np.stack([logs, 2 * logs])
    assert residual_error(many) == pytest.approx(residual_error(logs) * np.array([1, 2]))


def test_neither_a_faster_arm_nor_a_faster_block_is_residual() -> None:
    logs = np.add.outer([0.0, 1.0, 5.0], [0.0, -3.0, 2.0, 0.5])
    assert residual_error(logs) == pytest.approx(0, abs=1e-12)


# Upper 5 % points as printed since Harter 1960, for so many means and degrees of freedom.
@pytest.mark.parametrize(
    ("arms", "df", "printed"),
    [(3, 4, 5.04), (3, 10, 3.88), (5, 8, 4.89), (5, 20, 4.23), (7, 12, 4.95), (7, 24, 4.54)],
)
def test_tukey_against_the_printed_table(arms: int, df: int, printed: float) -> None:
    found = half_width(tukey_level(arms, df), df) * math.sqrt(2)
    assert found == pytest.approx(printed, abs=0.006)


# Two-sided 5 % points of Dunnett 1964.
@pytest.mark.parametrize(
    ("heads", "df", "printed"),
    [(2, 5, 3.03), (4, 5, 3.48), (2, 10, 2.57), (4, 10, 2.89), (5, 20, 2.73), (4, 60, 2.51)],
)
def test_dunnett_against_the_printed_table(heads: int, df: int, printed: float) -> None:
    assert half_width(dunnett_level(heads, df), df) == pytest.approx(printed, abs=0.006)


@pytest.mark.parametrize("df", [4, 12, 200])
def test_the_quadrature_is_exact_for_one_and_agrees_with_scipys_draws_for_more(df: int) -> None:
    for half in (0.5, 2.5, 6.0):
        alone = 1 - 2 * scipy_stats.t.sf(half, df)
        assert beside_one(half, 1, df) == pytest.approx(alone, abs=1e-10)
    three = scipy_stats.multivariate_t(shape=0.5 * (np.eye(3) + 1), df=df, seed=1)
    drawn = three.cdf([2.5] * 3, lower_limit=[-2.5] * 3)
    assert beside_one(2.5, 3, df) == pytest.approx(float(drawn), abs=1e-3)


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_more_arms_are_held_to_more_and_never_to_more_than_bonferroni(alpha: float) -> None:
    tukey = [tukey_level(arms, 12, alpha) for arms in (3, 5, 7)]
    dunnett = [dunnett_level(arms - 1, 12, alpha) for arms in (3, 5, 7)]
    for levels in (tukey, dunnett):
        assert alpha > levels[0] > levels[1] > levels[2]
    for arms, all_pairs, beside in zip((3, 5, 7), tukey, dunnett, strict=True):
        assert alpha / (arms * (arms - 1) / 2) < all_pairs < beside
        assert alpha / (arms - 1) < beside


@pytest.mark.parametrize(("arms", "blocks"), SIZES)
def test_with_equal_spreads_all_intervals_hold_at_once_as_often_as_they_say(
    arms: int, blocks: int
) -> None:
    for covered in simulation.coverage("equal", arms, blocks):
        assert 0.94 <= covered <= 0.96


@pytest.mark.parametrize(("arms", "blocks"), SIZES)
def test_the_decision_tells_what_the_simulation_finds(arms: int, blocks: int) -> None:
    """Unlike spreads, heavy tails and a missing cell included."""
    assert simulation.coverage_line(arms, blocks) in TOLD


def test_where_spreads_differ_threefold_the_model_fails_and_is_not_used() -> None:
    assert min(simulation.coverage("one arm 3", 7, 5)) < 0.93
    seen = {
        metric
        for metric, repeats in simulation.REPEATS.items()
        if simulation.chance(repeats) >= 0.05 and "_p9" not in metric
    }
    assert seen == LIKE_SPREAD
    assert {METRICS[metric].kind for metric in LIKE_SPREAD} == {"ratio"}
    assert all(line in TOLD for line in simulation.spread_lines())


def test_one_spread_finds_what_pairs_of_three_blocks_cannot() -> None:
    tukey, holm_all, dunnett, holm_one = simulation.power(*simulation.REFEREED)
    assert tukey > 0.99 and dunnett > 0.99
    assert holm_all < 0.2 and holm_one < 0.8
    assert all(line in TOLD for line in simulation.power_lines())


def test_the_simulated_holm_is_ours() -> None:
    p = np.random.default_rng(4).uniform(0, 0.1, (200, 6))
    ours = [[adjusted <= simulation.ALPHA for adjusted in holm(row.tolist())] for row in p]
    assert (simulation.holm_rejects(p) == np.array(ours)).all()
    base, head = np.exp(np.random.default_rng(5).normal(size=(2, 4)))
    apart = (np.log(head) - np.log(base))[np.newaxis, np.newaxis]
    expected = paired(base.tolist(), head.tolist()).p()
    assert simulation.p_values(apart)[0, 0] == pytest.approx(expected)


def test_ratios_of_three_blocks_by_a_pair_alone_and_with_the_spread_of_seven_arms() -> None:
    pair = paired([1.0] * 3, [1.80, 1.58, 2.04])
    alone = pair.ratio(0.05 / 9)  # what Holm leaves it behind twelve clearer pairs of 21
    assert (alone.low, alone.high) == (
        pytest.approx(0.68, rel=0.02),
        pytest.approx(4.8, rel=0.02),
    )
    df = residual_df(7, 3)
    shared = LogDifference(pair.mean, simulation.SPREAD * math.sqrt(2 / 3), df, 3)
    found = shared.ratio(tukey_level(7, df))
    assert (round(found.low, 2), round(found.high, 2)) == (1.41, 2.29)


@pytest.mark.parametrize(("arms", "blocks"), [(3, 3), (5, 5)])
def test_the_smallest_detectable_change_of_the_model_is_found_nine_times_in_ten(
    arms: int, blocks: int
) -> None:
    df, sd = residual_df(arms, blocks), 0.05
    level = tukey_level(arms, df)
    one = LogDifference(0.0, sd * math.sqrt(2 / blocks), df, blocks)
    logs = np.random.default_rng(6).normal(0, sd, (20_000, arms, blocks))
    logs[:, 0] += math.log1p(one.detectable(level))
    t = (logs[:, 0] - logs[:, 1]).mean(axis=-1) / residual_error(logs)
    assert np.mean(t > half_width(level, df)) == pytest.approx(0.9, abs=0.01)
