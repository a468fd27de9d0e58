"""comparisons.csv: pairs share blocks and families are corrected.

Nothing is claimed that the blocks do not bear.
"""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from bench.analysis.comparisons import compare_arms
from bench.analysis.dataset import by_block
from bench.analysis.families import DUNNETT, INCOMPLETE, MEANINGS, METHODS, TUKEY, WELCH
from bench.base.errors import UsageError
from bench.model.metric import METRICS
from bench.record.store import COMPARISON_COLUMNS, MEASURE_COLUMNS


def rows(arm, metric, values, verdict="ok", case="-", scenario="burst", first_block=0, run="r"):
    """One row per value; a value may be a (value, verdict) pair."""
    out = []
    for block, value in enumerate(values, first_block):
        number, said = value if isinstance(value, tuple) else (value, verdict)
        known = METRICS[metric]
        row = {
            "run": run,
            "cell": block + 1,
            "stands": 1,
            "scenario": scenario,
            "case": case,
            "arm": arm,
            "system": arm.split("/")[0],
            "profile": "default",
            "broker": "redis",
            "block": block,
            "metric": metric,
            "value": number,
            "unit": known.unit,
            "better": known.better,
            "verdict": said,
        }
        out.append(dict.fromkeys(MEASURE_COLUMNS, "") | row)
    return out


def compare(*parts, **options):
    return compare_arms(
        pd.DataFrame([row for part in parts for row in part], columns=MEASURE_COLUMNS),
        "full",
        **options,
    )


def only(*parts, **options):
    found = compare(*parts, **options)
    assert len(found) == 1
    return found.iloc[0]


def test_smoke_is_refused():
    with pytest.raises(UsageError, match="makes no claims"):
        compare_arms(pd.DataFrame(columns=MEASURE_COLUMNS), "smoke")


def test_unknown_metric_is_refused():
    frame = pd.DataFrame(rows("a/default", "throughput", [1.0]), columns=MEASURE_COLUMNS).assign(
        metric="speed"
    )
    with pytest.raises(UsageError, match="speed"):
        compare_arms(frame, "full")


def test_nothing_to_compare():
    assert list(compare().columns) == COMPARISON_COLUMNS
    assert compare(rows("a/default", "throughput", [1.0] * 5)).empty


def test_a_clear_pair():
    found = only(
        rows("celery/default", "throughput", [1000, 1010, 990, 1005, 995]),
        rows("huey/default", "throughput", [3000, 3050, 2980, 3010, 2990]),
    )
    names = ("base", "head", "method", "blocks", "verdict")
    assert [found[name] for name in names] == [
        "celery/default",
        "huey/default",
        "paired t, Holm",
        5,
        "faster",
    ]
    assert found["low"] < found["ratio"] < found["high"]
    assert found["ratio"] == pytest.approx(3.006, abs=0.01)
    assert 0 < found["smallest_detectable"] < 0.05


@pytest.mark.parametrize(
    ("metric", "verdict"),
    [
        ("latency_p99_ms", "slower"),
        ("boot_s", "slower"),
        ("worker_memory_peak_bytes", "more"),
        ("worker_cpu_ms_per_task", "more"),
    ],
)
def test_words_by_metric(metric, verdict):
    assert (
        only(rows("a/x", metric, [10, 11, 10, 11, 10]), rows("b/x", metric, [20, 21, 20, 22, 20]))[
            "verdict"
        ]
        == verdict
    )


def test_every_pair_once_in_every_case():
    parts = [
        rows(arm, "latency_p99_ms", [1, 2, 3], case=case, scenario="latency")
        for arm in ("c/x", "a/x", "b/x")
        for case in ("rate=30", "load=0.5")
    ]
    found = compare(*parts)
    assert list(zip(found["case"], found["base"], found["head"], strict=True)) == [
        (case, base, head)
        for case in ("load=0.5", "rate=30")
        for base, head in (("a/x", "b/x"), ("a/x", "c/x"), ("b/x", "c/x"))
    ]
    assert set(found["verdict"]) == {"tie"}


@pytest.mark.parametrize("blocks", [1, 2])
def test_few_blocks_give_a_ratio_and_no_claim(blocks):
    found = only(
        rows("a/x", "throughput", [100.0] * blocks), rows("b/x", "throughput", [900.0] * blocks)
    )
    assert found["ratio"] == pytest.approx(9)
    assert found["verdict"] == "unclear"
    assert found[["low", "high", "smallest_detectable"]].isna().all()


def test_only_common_good_blocks_are_paired():
    # The machine is twice as fast in block 3: pairing by position instead of by block would show a
    # difference.
    base = rows("a/x", "throughput", [(math.nan, "invalid"), 100, 101, 200, 99])
    head = rows("b/x", "throughput", [100, 100, 101, 200, (math.nan, "wrong")])
    found = only(base, head)
    assert (found["blocks"], found["verdict"]) == (3, "tie")
    assert found["ratio"] == 1


def test_arms_without_a_common_block_give_no_row():
    assert compare(
        rows("a/x", "throughput", [1, 2, 3]), rows("b/x", "throughput", [1, 2, 3], first_block=3)
    ).empty
    assert compare(
        rows("a/x", "throughput", [1, 2, 3]), rows("b/x", "throughput", [1, 2, 3], run="other")
    ).empty
    assert compare(
        rows("a/x", "bulk_enqueue_rate", [1, 2, 3]),
        rows("b/x", "bulk_enqueue_rate", [math.nan] * 3, "not_offered"),
    ).empty


def test_a_repeated_cell_counts_once():
    base = rows("a/x", "throughput", [100, 101, 99]) + rows(
        "a/x", "throughput", [200], first_block=1
    )
    found = only(base, rows("b/x", "throughput", [100, 200, 99]))
    assert (found["blocks"], found["ratio"]) == (3, 1)


def test_blocks_that_an_arm_did_not_survive_leave_the_pair_open():
    head = rows("b/x", "latency_p99_ms", [5, 5, 5, 5, (math.nan, "unbounded")])
    found = only(rows("a/x", "latency_p99_ms", [10, 10, 10, 10, 10]), head)
    assert (found["blocks"], found["ratio"], found["verdict"]) == (4, pytest.approx(0.5), "unclear")


def test_zero_has_no_ratio():
    found = only(
        rows("a/x", "send_wait_p99_ms", [0, 1, 1]), rows("b/x", "send_wait_p99_ms", [1, 1, 1])
    )
    assert math.isnan(found["ratio"])
    assert (found["blocks"], found["verdict"]) == (3, "unclear")


def test_more_pairs_widen_the_interval():
    noisy = [100, 104, 98, 101, 97]
    parts = [
        rows(
            f"{name}/x",
            "throughput",
            [value * (1 + 0.001 * at * (-1) ** place) for place, value in enumerate(noisy)],
        )
        for at, name in enumerate("abcd")
    ]
    alone, family = compare(*parts[:2]).iloc[0], compare(*parts).iloc[0]
    assert alone["ratio"] == family["ratio"]
    assert family["low"] < alone["low"] and alone["high"] < family["high"]
    assert family["smallest_detectable"] > alone["smallest_detectable"]


def test_few_false_alarms_in_a_family():
    rng, rounds = np.random.default_rng(3), 60
    parts = [
        rows(f"{arm}/x", "throughput", np.exp(rng.normal(0, 0.1, 5)), case=f"c{case}")
        for case in range(rounds)
        for arm in "abcd"
    ]
    found = compare(*parts)
    alarms = found[~found["verdict"].isin(["tie", "unclear"])]["case"].nunique()
    assert alarms <= 8  # 5 % of 60 is 3; more than 8 has a probability below 0.5 %


def test_only_within_a_guarantee():
    parts = [rows(arm, "throughput", [1, 2, 3]) for arm in ("a/x", "b/x", "c/x")]
    found = compare(
        *parts, guarantees={"a/x": "at most once", "b/x": "at least once", "c/x": "at most once"}
    )
    assert list(zip(found["base"], found["head"], strict=True)) == [("a/x", "c/x")]


@pytest.mark.parametrize(
    ("metric", "base", "head", "ratio", "verdict"),
    [
        ("lost", [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], 0, "tie"),
        ("lost", [0, 0, 0, 0, 0], [0, 1, 0, 0, 4], 1, "more"),
        ("lost", [2, 2, 2, 2, 2], [0, 0, 0, 0, 0], -2, "less"),
        ("lost", [1, 0, 0, 0, 0], [0, 3, 0, 0, 3], 1, "unclear"),
        ("broker_commands_per_task", [4.0, 4.0, 4.0], [4.1, 3.9, 4.1], 0.1 / 3, "tie"),
        ("broker_commands_per_task", [4.0, 4.0, 4.0], [9.0, 9.1, 9.0], 15.1 / 3, "more"),
        ("lost", [0, 0], [2, 2], 2, "unclear"),
    ],
)
def test_counts_differ_by_what_they_differ(metric, base, head, ratio, verdict):
    found = only(rows("a/x", metric, base), rows("b/x", metric, head))
    assert found["ratio"] == pytest.approx(ratio)
    assert found["verdict"] == verdict
    assert math.isnan(found["low"]) == (len(base) < 3)


def test_counts_of_wrong_cells_are_kept():
    found = only(
        rows("a/x", "lost", [0, 0, 0]), rows("b/x", "lost", [(5, "wrong"), (4, "wrong"), 0])
    )
    assert (found["blocks"], found["ratio"], found["low"], found["high"], found["verdict"]) == (
        3,
        3,
        0,
        5,
        "more",
    )


def test_times_beyond_the_horizon_are_the_longest():
    base = rows("a/x", "work_recovery_s", [3, 4, 3.5, 5, 4.5])
    head = rows("b/x", "work_recovery_s", [(90, "beyond")] * 4 + [80])
    found = only(base, head)
    assert (found["blocks"], found["verdict"]) == (5, "slower")
    assert found[["ratio", "low", "high"]].isna().all()


@pytest.mark.parametrize(
    ("base", "head", "ratio", "verdict"),
    [
        ([3, 4, 3.5, 5, 4.5], [1, 1.1, 1.2, 1.3, 1.4], 0.3, "faster"),
        (
            [3, 3.01, 3.02, 3.03, 3.04],
            [3.05, 3.06, 3.07, 3.08, 3.09],
            3.07 / 3.02,
            "unclear",
        ),  # apart, but by less than the floor
        ([3, 4, 3.5], [30, 40, 35], 10, "unclear"),  # three blocks cannot decide a rank test
        ([(90, "beyond")] * 5, [(90, "beyond")] * 5, math.nan, "unclear"),
        ([0, 0, 0, 0, 0], [2, 2, 2, 3, 3], math.nan, "slower"),
        ([0, 0, 0], [0, 0, 0], math.nan, "unclear"),
    ],
)
def test_times(base, head, ratio, verdict):
    found = only(rows("a/x", "service_recovery_s", base), rows("b/x", "service_recovery_s", head))
    assert found["ratio"] == pytest.approx(ratio, nan_ok=True)
    assert found["verdict"] == verdict


def test_a_try_that_does_not_stand_is_not_compared():
    first = [row | {"stands": 0} for row in rows("a/x", "throughput", [(9e9, "ok")] * 3)]
    found = only(rows("a/x", "throughput", [1, 1, 1]), first, rows("b/x", "throughput", [2, 2, 2]))
    assert (found["blocks"], found["ratio"]) == (3, pytest.approx(2))


def test_each_kind_of_metric_names_its_method():
    methods = {
        metric: only(rows("a/x", metric, [1, 2, 3]), rows("b/x", metric, [2, 3, 4]))["method"]
        for metric in ("boot_s", "lost", "outage_s")
    }
    assert methods == {
        "boot_s": "paired t, Holm",
        "lost": "difference",
        "outage_s": "ranks, Holm",
    }


CPU = "worker_cpu_ms_per_task"
THREE = {"a/x": [1.0, 1.1, 1.3], "b/x": [1.5, 1.7, 1.9], "c/x": [1.6, 1.6, 2.1]}


def of_three(metric=CPU, **changed):
    return [rows(arm, metric, values) for arm, values in (THREE | changed).items()]


def test_three_arms_in_three_blocks_share_one_spread_and_tukeys_interval():
    found = compare(*of_three())
    logs = np.log(np.array(list(THREE.values())))
    left = logs - logs.mean(1, keepdims=True) - logs.mean(0, keepdims=True) + logs.mean()
    q = scipy_stats.studentized_range.ppf(0.95, 3, 4)
    half = q * math.sqrt((left**2).sum() / 4 / 3)
    apart = [logs[1] - logs[0], logs[2] - logs[0], logs[2] - logs[1]]
    means = np.array([each.mean() for each in apart])
    assert list(zip(found["base"], found["head"], strict=True)) == [
        ("a/x", "b/x"),
        ("a/x", "c/x"),
        ("b/x", "c/x"),
    ]
    assert np.log(found["ratio"].to_numpy()) == pytest.approx(means)
    assert np.log(found["low"].to_numpy()) == pytest.approx(means - half)
    assert np.log(found["high"].to_numpy()) == pytest.approx(means + half)
    assert set(found["method"]) == {TUKEY} and found["smallest_detectable"].nunique() == 1
    assert list(found["verdict"]) == ["more", "more", "unclear"]


def test_a_withheld_block_leaves_a_pair_of_percentiles_undecided():
    """It was withheld because something stalled in it: what is left flatters the arm."""
    calm, slow = [10.0, 10.1, 9.9, 10.0, 10.0], [20.0, 20.1, 19.9, 20.0, 20.0]
    stalled = [*calm[:4], (math.nan, "withheld")]
    name = "latency_p99_ms"
    assert only(rows("a/x", name, calm), rows("b/x", name, slow))["verdict"] == "slower"
    assert only(rows("a/x", name, stalled), rows("b/x", name, slow))["verdict"] == "unclear"


def test_two_arms_and_metrics_whose_spread_differs_are_left_to_the_pairs_own():
    assert set(compare(*of_three()[:2])["method"]) == {METHODS["ratio"]}
    for metric in ("throughput", "latency_p99_ms", "worker_memory_peak_bytes"):
        found = compare(*of_three(metric))
        alone = compare(*of_three(metric)[1:]).iloc[0]
        assert set(found["method"]) == {METHODS["ratio"]}
        assert found.iloc[2]["ratio"] == alone["ratio"]
        assert found.iloc[2]["low"] <= alone["low"] and alone["high"] <= found.iloc[2]["high"]


def test_two_blocks_make_no_model():
    short = {arm: values[:2] for arm, values in THREE.items()}
    found = compare(*of_three(**short))
    assert set(found["method"]) == {METHODS["ratio"]} and found["low"].isna().all()


@pytest.mark.parametrize("gone", [(math.nan, "invalid"), (0.0, "ok")])
def test_an_arm_without_a_number_in_some_block_leaves_all_pairs_to_holm(gone):
    four = {arm: [*values, 1.4] for arm, values in THREE.items()}
    whole = compare(*of_three(**four))
    found = compare(*of_three(**(four | {"c/x": [*THREE["c/x"], gone]})))
    assert set(whole["method"]) == {TUKEY} and set(found["method"]) == {INCOMPLETE}
    pair = compare(*of_three("throughput", **four)[:2]).iloc[0]
    assert found.iloc[0]["blocks"] == 4 and found.iloc[0]["ratio"] == pytest.approx(pair["ratio"])
    assert found.iloc[0]["low"] <= pair["low"] < found.iloc[0]["ratio"]


def test_a_block_that_no_other_arm_has_is_not_missing_anywhere():
    found = compare(*of_three(**{"a/x": [*THREE["a/x"], 9.0]}))
    pd.testing.assert_frame_equal(found, compare(*of_three()))


def test_arms_of_two_guarantees_are_one_family_of_which_the_like_are_shown():
    four = [*of_three(), rows("d/x", CPU, [1.4, 1.6, 1.5])]
    promises = {"a/x": "once", "b/x": "once", "c/x": "often", "d/x": "often"}
    found, every = compare(*four, guarantees=promises), compare(*four)
    shown = every.iloc[[0, 5]].reset_index(drop=True)  # a beside b, c beside d
    pd.testing.assert_frame_equal(found, shown)


def test_every_method_is_told_in_words():
    methods = {*METHODS.values(), WELCH, TUKEY, DUNNETT, INCOMPLETE}
    assert set(MEANINGS) == methods


def test_the_model_does_not_depend_on_which_arm_is_the_base():
    renamed = {"z/x": THREE["a/x"], "b/x": THREE["b/x"], "c/x": THREE["c/x"]}
    there = compare(*of_three()).iloc[0]
    back = compare(*[rows(arm, CPU, values) for arm, values in renamed.items()]).iloc[1]
    assert (back["base"], back["head"]) == ("b/x", "z/x")
    assert back["ratio"] == pytest.approx(1 / there["ratio"])
    assert (back["low"], back["high"]) == (
        pytest.approx(1 / there["high"]),
        pytest.approx(1 / there["low"]),
    )
    assert (there["verdict"], back["verdict"]) == ("more", "less")


def test_five_blocks_decide_times_among_four_arms():
    parts = [
        rows(f"{arm}/x", "outage_s", [place * 10 + block for block in range(1, 6)])
        for place, arm in enumerate("abcd")
    ]
    assert set(compare(*parts)["verdict"]) == {"slower"}


def test_a_time_beyond_the_horizon_is_a_number_of_its_block():
    frame = pd.DataFrame(
        rows("a/x", "work_recovery_s", [3, (90, "beyond"), 4, (math.nan, "invalid"), 5]),
        columns=MEASURE_COLUMNS,
    )
    numbers = by_block(frame, METRICS["work_recovery_s"])
    assert list(numbers.values()) == [3, math.inf, 4, 5]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 1e4), st.floats(1, 1e4)), min_size=1, max_size=6), st.randoms()
)
def test_the_order_of_rows_changes_nothing(values, random):
    every = rows("a/x", "throughput", [a for a, _ in values]) + rows(
        "b/x", "throughput", [b for _, b in values]
    )
    shuffled = random.sample(every, len(every))
    pd.testing.assert_frame_equal(compare(every), compare(shuffled))
