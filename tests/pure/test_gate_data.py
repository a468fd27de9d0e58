"""What the gate is fed and told: blocks of a run, the P99 of the calmer half, bench.toml."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import UsageError
from bench.check.blocks import P50, P99, TRIMMED_P99, Key, Number, blocks_of
from bench.check.gate_file import from_file, metrics, seconds, thresholds
from bench.check.run_blocks import blocks_in, trimmed_p99
from bench.measure.order_statistics import percentile
from tests.fixture_run import write_run

SPEED = Key("burst", "-", "throughput")


def test_a_cell_measured_once_more_stands_for_the_first() -> None:
    rows = [
        ("a", 0, 1.0, "ok", 1),
        ("b", 0, None, "invalid", 0),
        ("b", 0, 2.0, "ok", 1),
        ("a", 1, 3.0, "ok", 1),
        ("a", 1, None, "invalid", 0),
        ("b", 1, 4.0, "ok", 1),
    ]
    columns = ["arm", "block", "value", "verdict", "stands"]
    frame = pd.DataFrame(rows, columns=columns).assign(
        scenario=SPEED.scenario, case=SPEED.case, metric=SPEED.metric
    )
    found = blocks_of(frame, "a", "b")
    assert [block.pairs[SPEED] for block in found] == [
        (Number(1.0), Number(2.0)),
        (Number(3.0), Number(4.0)),
    ]


@pytest.mark.parametrize(
    ("text", "found"), [("10m", 600.0), ("90s", 90.0), ("1h", 3600.0), ("45", 45.0)]
)
def test_a_budget_is_a_time(text: str, found: float) -> None:
    assert seconds(text) == found


def test_bad_words_are_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="write a time"):
        seconds("soon")
    with pytest.raises(UsageError, match="did you mean throughput"):
        metrics(["throughputt"])
    with pytest.raises(UsageError, match="write METRIC=5%"):
        thresholds(["throughput"], {})
    with pytest.raises(UsageError, match="give a change"):
        thresholds(["throughput=much"], {})
    assert thresholds(["throughput=5%"], {"throughput": 0.2, "latency_p99_ms": "30%"}) == {
        "throughput": 0.05,
        "latency_p99_ms": 0.3,
    }


def test_bench_toml_gives_what_options_do_not(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text(
        '[check]\nbase = "huey/process"\nfail_on = ["throughput"]\n'
        '[check.thresholds]\nthroughput = "5%"\n',
        encoding="utf-8",
    )
    found = from_file(tmp_path)
    assert found.base == "huey/process" and found.thresholds == {"throughput": "5%"}
    (tmp_path / "bench.toml").write_text("[check]\nbugdet = '10m'\n", encoding="utf-8")
    with pytest.raises(UsageError, match="did you mean budget"):
        from_file(tmp_path)
    (tmp_path / "bench.toml").write_text("[check\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bench.toml:1: this is not TOML"):
        from_file(tmp_path)


def test_the_calmer_half_of_a_cell_forgets_a_stall_and_keeps_what_is_slow_throughout() -> None:
    rng = np.random.default_rng(4)
    even = 1.0 + rng.exponential(0.3, 5000)
    stalled = even.copy()
    stalled[2000:2600] += 20.0
    assert percentile(stalled, 99.0) > 15 > 2 * trimmed_p99(stalled), "12 % of the cell were slow"
    assert trimmed_p99(stalled) == pytest.approx(trimmed_p99(even), rel=0.1)
    slower = even + np.where(rng.random(5000) < 0.02, 1.0, 0.0)
    assert trimmed_p99(slower) / trimmed_p99(even) == pytest.approx(
        percentile(slower, 99.0) / percentile(even, 99.0), rel=0.1
    )


def test_a_run_gives_the_calm_p99_of_each_judged_load_and_of_no_other(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run",
        {"latency": ("capacity", "load=0.5", "load=0.9")},
        ("huey", "floor"),
        blocks=2,
    )
    found = blocks_in(run, "huey/default", "floor/default")
    assert {key.case for block in found for key in block.pairs if key.metric == TRIMMED_P99} == {
        "load=0.5"
    }
    whole, calm = (
        found[0].pairs[Key("latency", "load=0.5", metric)][0].value
        for metric in ("latency_p99_ms", TRIMMED_P99)
    )
    assert whole is not None and calm is not None and 0 < calm <= whole


def test_a_gate_takes_its_latencies_from_the_events_of_cells_too_short_for_ten_spells(
    tmp_path: Path,
) -> None:
    run = write_run(tmp_path / "run", {"latency": ("capacity", "load=0.5")}, ("huey", "floor"))
    key = {metric: Key("latency", "load=0.5", metric) for metric in (P50, P99, TRIMMED_P99)}
    long = blocks_in(run, "huey/default", "floor/default")[0].pairs
    measures = run.measures.copy()
    of_them = measures["metric"].str.startswith("latency_p")
    measures.loc[of_them, "value"] = math.nan
    measures.loc[of_them, "verdict"] = "withheld"
    short = blocks_in(run, "huey/default", "floor/default", measures)[0].pairs
    for metric in (P50, P99, TRIMMED_P99):
        assert short[key[metric]] == long[key[metric]]
        assert all(number.value and number.verdict == "ok" for number in short[key[metric]])


def test_a_latency_cell_that_failed_has_no_calm_p99_and_breaks_nothing(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run", {"latency": ("capacity", "load=0.5")}, ("huey", "floor"), blocks=2
    )
    measures = run.measures.copy()
    of_it = (
        (measures["case"] == "load=0.5")
        & (measures["arm"] == "floor/default")
        & (measures["block"] == 0)
    )
    measures.loc[of_it, ["value", "verdict"]] = [math.nan, "invalid"]
    found = blocks_in(run, "huey/default", "floor/default", measures)
    calm = [block.pairs[Key("latency", "load=0.5", TRIMMED_P99)] for block in found]
    assert calm[0][1] == Number(None, "invalid") and calm[0][0].value is not None
    assert calm[1][0].value is not None and calm[1][1].value is not None
