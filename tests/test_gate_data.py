"""Recorded blocks: kept, read back, replayed, and made into noise for suites that nobody could measure."""

import math
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import UsageError
from bench.check.blocks import (
    CALM,
    Block,
    Key,
    Number,
    Recording,
    blocks_of,
    read_recordings,
    write_recording,
)
from bench.check.gate_file import from_file, metrics, planted, seconds, thresholds
from bench.check.group_sequential import Rules
from bench.check.looks import START_S, Course
from bench.check.replay import disjoint, every_start, recordings_of, tally
from bench.check.run_blocks import blocks_in
from bench.check.simulate import fit, gates, suites
from bench.check.trimmed import calm_p99
from bench.measure.percentiles import percentile
from bench.record.store import MEASURE_COLUMNS
from tests.fixture_run import write_run

SPEED, LOST = Key("burst", "-", "throughput"), Key("burst", "-", "lost")


def of_18() -> Course:
    """A gate of at most 18 blocks."""
    return Course(Rules().within(18), 18)


def recording(blocks: int, shift: float = 0.0, sd: float = 0.02, memory: float = 0.0) -> Recording:
    rng = np.random.default_rng(1)
    value, made = 0.0, []
    for _ in range(blocks):
        value = memory * value + math.sqrt(1 - memory**2) * float(rng.standard_normal()) * sd
        made.append(
            Block(
                {
                    SPEED: (Number(1000.0), Number(1000.0 * math.exp(value + shift))),
                    LOST: (Number(0.0), Number(0.0)),
                },
                {"burst": 25.0},
            )
        )
    return Recording("night", "huey/process", "huey/process{again}", tuple(made))


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = recording(3)
    odd = Block(
        {
            SPEED: (Number(None, "invalid"), Number(1.5)),
            LOST: (Number(0.0), Number(None, "not_offered")),
        },
        {"burst": 1.0},
    )
    made = Recording(made.name, made.base, made.head, (*made.blocks, odd))
    write_recording(tmp_path / "deep" / "a.csv", made)
    found = read_recordings(tmp_path / "deep" / "a.csv")[0]
    assert (found.name, found.base, found.head) == (made.name, made.base, made.head)
    assert found.blocks[3] == odd and found.blocks[0].pairs[LOST] == made.blocks[0].pairs[LOST]
    assert found.blocks[1].pairs[SPEED][1].value == pytest.approx(
        made.blocks[1].pairs[SPEED][1].value
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "recording,base,head,block,seconds burst,burst/-/nonsense base\nr,a,b,0,1.0,5\n",
        "\x00\xff",
    ],
)
def test_a_damaged_recording_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match="no recording of blocks"):
        read_recordings(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_recordings(tmp_path / "none.csv")


def test_a_cell_measured_once_more_stands_for_the_first() -> None:
    rows = [
        ("a", 0, 1.0, "ok"),
        ("b", 0, None, "invalid"),
        ("b", 0, 2.0, "ok"),
        ("a", 1, 3.0, "ok"),
        ("a", 1, None, "invalid"),
        ("b", 1, 4.0, "ok"),
    ]
    lines = [
        ["r", "burst", "-", arm, "", "", "", "", block, "throughput", value, "", "", verdict, ""]
        for arm, block, value, verdict in rows
    ]
    found = blocks_of(pd.DataFrame(lines, columns=MEASURE_COLUMNS), "a", "b")
    assert [block.pairs[SPEED] for block in found] == [
        (Number(1.0), Number(2.0)),
        (Number(3.0), Number(4.0)),
    ]


def test_a_stored_run_of_two_arms_can_be_replayed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"burst": ("-",)}, ("huey", "floor"), blocks=3)
    found = recordings_of([str(run.path)])[0]
    assert (found.base, found.head, len(found.blocks)) == ("huey/default", "floor/default", 3)
    assert found.blocks[0].seconds == {"burst": pytest.approx(2 * 9.9)}
    write_run(tmp_path / "three", {"burst": ("-",)}, ("huey", "floor", "rq"))
    with pytest.raises(UsageError, match="3 arms"):
        recordings_of([str(tmp_path / "three")])


def test_windows_share_no_block_and_swapped_ones_stay_quiet() -> None:
    quiet = disjoint([recording(100)], of_18, random.Random(1))
    assert quiet.fired == 0 and quiet.gates >= 5 and quiet.gates * quiet.blocks <= 100
    assert every_start([recording(100)], of_18, random.Random(1)).gates == 100
    assert "fired 0.0% (0.00% to" in quiet.words()


def test_a_planted_change_is_found_in_every_window_and_an_improvement_is_counted() -> None:
    loud = disjoint([recording(54, shift=-0.1)], of_18)
    assert loud.fired == loud.gates == loud.worse["burst/-/throughput"] >= 3
    assert loud.minutes == pytest.approx((START_S + loud.blocks * 25) / 60)
    fine = disjoint([recording(54, shift=0.1)], of_18)
    assert fine.codes[0] == fine.better["burst/-/throughput"] == fine.gates >= 3
    with pytest.raises(UsageError, match="shorter than one gate"):
        disjoint([recording(10)], of_18)


def test_the_fit_finds_spread_and_memory() -> None:
    found = fit([recording(2000, sd=0.03, memory=0.4)])[0]
    assert (
        found.key == SPEED
        and found.sd == pytest.approx(0.03, rel=0.1)
        and found.memory == pytest.approx(0.4, abs=0.08)
    )
    assert found.df > 10 and found.missing == 0
    with pytest.raises(UsageError, match="needs 20 recorded"):
        fit([recording(5)])


def test_the_fit_finds_heavy_tails() -> None:
    rng = np.random.default_rng(3)
    made = [
        Block({SPEED: (Number(1.0), Number(math.exp(0.02 * x)))}) for x in rng.standard_t(3, 500)
    ]
    assert fit([Recording("r", "a", "b", tuple(made))])[0].df < 6


def test_simulated_suites_are_as_wide_as_the_fit_and_hold_what_is_planted() -> None:
    noise = fit([recording(400, sd=0.02)])
    drawn = [
        math.log(block.pairs[SPEED][1].value or 0)
        for suite in suites(noise, 200, 18, 1, {})
        for block in suite
    ]
    assert np.std(drawn) == pytest.approx(noise[0].sd, rel=0.05)
    assert tally(gates(suites(noise, 200, 18, 1, {}), of_18)).fired == 0
    assert tally(gates(suites(noise, 50, 18, 1, {"throughput": 0.9}), of_18)).fired == 50


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
    with pytest.raises(UsageError, match="write METRIC=25%"):
        planted(["throughput"])
    assert thresholds(["throughput=5%"], {"throughput": 0.2, "latency_p99_ms": "30%"}) == {
        "throughput": 0.05,
        "latency_p99_ms": 0.3,
    }
    assert planted(["throughput=-10%", "broker_commands_per_task=1"]) == {
        "throughput": 0.9,
        "broker_commands_per_task": 1.0,
    }


def test_bench_toml_gives_what_options_do_not(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text(
        '[check]\nbase = "huey/process"\nfail_on = ["throughput"]\n[check.thresholds]\nthroughput = "5%"\n',
        encoding="utf-8",
    )
    found = from_file(tmp_path)
    assert found.base == "huey/process" and found.thresholds == {"throughput": "5%"}
    (tmp_path / "bench.toml").write_text("[check]\nbugdet = '10m'\n", encoding="utf-8")
    with pytest.raises(UsageError, match="did you mean budget"):
        from_file(tmp_path)
    (tmp_path / "bench.toml").write_text("[check\n", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        from_file(tmp_path)


def test_the_calmer_half_of_a_cell_forgets_a_stall_and_keeps_what_is_slow_throughout() -> None:
    rng = np.random.default_rng(4)
    even = 1.0 + rng.exponential(0.3, 5000)
    stalled = even.copy()
    stalled[2000:2600] += 20.0
    assert percentile(stalled, 99.0) > 15 > 2 * calm_p99(stalled), "12 % of the cell were slow"
    assert calm_p99(stalled) == pytest.approx(calm_p99(even), rel=0.1)
    slower = even + np.where(rng.random(5000) < 0.02, 1.0, 0.0)
    assert calm_p99(slower) / calm_p99(even) == pytest.approx(
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
    assert {key.case for block in found for key in block.pairs if key.metric == CALM} == {
        "load=0.5"
    }
    whole, calm = (
        found[0].pairs[Key("latency", "load=0.5", metric)][0].value
        for metric in ("latency_p99_ms", CALM)
    )
    assert whole is not None and calm is not None and 0 < calm <= whole


def test_a_latency_cell_that_failed_has_no_calm_p99_and_breaks_nothing(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run", {"latency": ("capacity", "load=0.5")}, ("huey", "floor"), blocks=2
    )
    lines = [
        line
        for line in run.info["cells"]
        if line["case"] == "load=0.5" and line["arm"] == "floor/default"
    ]
    lines[0].update(state="failed", verdict="invalid", reason="it did not start")
    measures = run.measures.copy()
    of_it = (
        (measures["case"] == "load=0.5")
        & (measures["arm"] == "floor/default")
        & (measures["block"] == lines[0]["block"])
    )
    measures.loc[of_it, ["value", "verdict"]] = [math.nan, "invalid"]
    found = blocks_in(run, "huey/default", "floor/default", measures)
    calm = [block.pairs[Key("latency", "load=0.5", CALM)] for block in found]
    assert calm[0][1] == Number(None, "invalid") and calm[0][0].value is not None
    assert calm[1][0].value is not None and calm[1][1].value is not None
