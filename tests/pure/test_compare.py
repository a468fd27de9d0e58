"""bench compare: what was planted is found and unlike runs are refused.

Nothing that went wrong passes as an answer.
"""

import json
import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.comparison_result import Change, changed
from bench.analysis.comparisons import compare_arms
from bench.analysis.families import DUNNETT, TUKEY
from bench.base.errors import AllInvalid, UsageError
from bench.compare.change_phrases import by_how_much
from bench.compare.comparison import compare
from bench.compare.sides import Side, side_of
from bench.record import store
from bench.record.store import Run
from bench.report.compare_page import forest, page
from tests.fixture_run import altered, rewrite_measures, write_run
from tests.pure.test_cli import bench

CASES = {"burst": ("-",), "latency": ("capacity", "rate=30")}
SYSTEMS = ("celery", "huey", "floor")
PLANTED = {
    ("celery/default", "throughput"): 0.8,
    ("huey/default", "worker_memory_peak_bytes"): 0.85,
    ("huey/default", "broker_cpu_us_per_task"): 1.5,
}


def noisy(run: Run, seed: int, planted: dict[tuple[str, str], float] | None = None) -> Run:
    """One per cent of noise on all that is no count, and the changes that are asked for."""
    rng = np.random.default_rng(seed)

    def change(frame: pd.DataFrame) -> None:
        counts = frame["unit"].isin(["tasks", "", "runs", "commands"])
        factors = np.array(
            [
                (planted or {}).get((arm, metric), 1.0)
                for arm, metric in zip(frame["arm"], frame["metric"], strict=True)
            ]
        )
        factors *= np.where(counts, 1.0, np.exp(rng.normal(0, 0.01, len(frame))))
        frame["value"] *= factors

    return rewrite_measures(run, change)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return noisy(write_run(tmp_path_factory.mktemp("runs") / "base", CASES, SYSTEMS, blocks=5), 1)


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Run:
    made = write_run(
        tmp_path_factory.mktemp("runs") / "head",
        CASES,
        SYSTEMS,
        blocks=5,
        seed=8,
        versions={"celery/default": {"python": "3.11.7", "celery": "9.9"}},
    )
    return noisy(made, 2, PLANTED)


def found(changes: Any, metric: str, arm: str) -> Change:
    return next(line for line in changes.lines if line.metric == metric and line.head == arm)


def test_what_was_planted_is_found_and_nothing_else(base: Run, head: Run) -> None:
    made = compare(Side(base), Side(head))
    decided = {
        (line.head, line.metric): line
        for line in made.lines
        if line.says in ("regression", "improvement")
    }
    assert decided.keys() == PLANTED.keys()
    for key, line in decided.items():
        assert (
            line.low is not None and line.high is not None and line.low < PLANTED[key] < line.high
        )
        assert (
            line.says == ("improvement" if "memory" in key[1] else "regression")
            and line.blocks == 5
        )
        assert line.smallest_detectable is not None and 0 < line.smallest_detectable < 0.1
    assert (
        made.exit_code == 0 and "2 regressions" in made.summary and "1 improvement" in made.summary
    )
    assert [line.says in ("same", "unclear") for line in made.lines] == sorted(
        line.says in ("same", "unclear") for line in made.lines
    )
    assert "not interleaved" in made.notes[0]
    assert any("celery absent → 9.9" in note for note in made.notes)
    json.loads(json.dumps(made.as_json(), allow_nan=False))


def test_counts_are_exact(base: Run, head: Run) -> None:
    line = found(compare(Side(base), Side(head)), "broker_commands_per_task", "celery/default")
    assert (line.ratio, line.says, line.verdict) == (0.0, "same", "tie")
    more = rewrite_copy(
        head,
        lambda frame: frame["value"].where(
            frame["metric"] != "broker_commands_per_task", frame["value"] + 1
        ),
    )
    line = found(compare(Side(base), more), "broker_commands_per_task", "celery/default")
    assert (line.ratio, line.says, line.weight) == (
        pytest.approx(1.0),
        "regression",
        pytest.approx(5.0),
    )
    assert by_how_much(line) == "+1.00"


def rewrite_copy(run: Run, values: Callable[[pd.DataFrame], Any], column: str = "value") -> Side:
    """The run with another column in its measures, on no disk."""
    made = Run(run.path, run.manifest)
    frame = run.measures.copy()
    frame[column] = values(frame)
    made.__dict__["measures"] = frame
    return Side(made)


def test_two_arms_of_one_run_are_paired_as_in_comparisons_csv(base: Run) -> None:
    made = compare(side_of(base, "celery/default"), side_of(base, "huey/default"))
    assert not any("interleaved" in note for note in made.notes)
    two = base.measures[base.measures["arm"].isin(["celery/default", "huey/default"])]
    rows = compare_arms(two, "full")
    assert len(rows) > 20
    for row in rows.itertuples():
        line = next(
            each
            for each in made.lines
            if (each.scenario, each.case, each.metric) == (row.scenario, row.case, row.metric)
        )
        assert line.verdict == row.verdict and line.blocks == row.blocks
        for name in ("ratio", "low", "high", "smallest_detectable"):
            mine, theirs = getattr(line, name), getattr(row, name)
            assert mine is None if math.isnan(theirs) else mine == pytest.approx(theirs)


def test_one_arm_beside_the_others_of_its_run_has_dunnetts_interval(base: Run) -> None:
    made = compare(side_of(base, "celery/default"), Side(base))
    assert made.title == "every other arm beside celery/default, in base"
    assert {line.head for line in made.lines} == {"huey/default", "floor/default"}
    every = compare_arms(base.measures, "full")
    cpu = every[(every["metric"] == "broker_cpu_us_per_task") & (every["head"] == "huey/default")]
    [tukey] = cpu[cpu["base"] == "celery/default"].itertuples()
    line = found(made, "broker_cpu_us_per_task", "huey/default")
    assert (line.method, tukey.method) == (DUNNETT, TUKEY)
    assert line.ratio == pytest.approx(tukey.ratio)
    assert line.low is not None and line.high is not None
    assert tukey.low < line.low < line.high < tukey.high
    assert "<b>arm + block, Dunnett</b>: one spread for all arms" in page(made)


def test_an_arm_of_another_guarantee_does_not_stand_beside_the_others(base: Run) -> None:
    run = altered(
        base, lambda said: said["arms"]["floor/default"].update(guarantee="at least once")
    )
    made = compare(side_of(run, "celery/default"), Side(run))
    assert {line.head for line in made.lines} == {"huey/default"}
    assert "left out, of another guarantee than celery/default: floor/default" in made.notes
    with pytest.raises(UsageError, match="no arm of base can stand beside floor/default"):
        compare(side_of(run, "floor/default"), Side(run))


def test_shares_of_unlike_capacities_are_said_and_a_head_at_the_rates_of_its_base_is_not(
    tmp_path: Path,
) -> None:
    run = write_run(tmp_path / "loads", {"latency": ("capacity", "load=0.5")}, SYSTEMS, blocks=3)
    sides = [side_of(run, arm) for arm in ("celery/default", "huey/default")]
    assert any("unlike rates" in note for note in compare(*sides).notes)
    gate = Run(run.path, run.manifest)
    gate.__dict__["measures"] = run.measures[
        (run.measures["arm"] != "huey/default") | (run.measures["case"] != "capacity")
    ]
    sides = [side_of(gate, arm) for arm in ("celery/default", "huey/default")]
    assert not any("unlike rates" in note for note in compare(*sides).notes)


def test_base_and_head_change_places(base: Run) -> None:
    arms = [side_of(base, arm) for arm in ("celery/default", "huey/default")]
    one, two = (found(compare(*sides), "throughput", sides[1].arm) for sides in (arms, arms[::-1]))
    assert one.ratio is not None and two.ratio is not None
    assert one.ratio == pytest.approx(1 / two.ratio) and {one.says, two.says} == {
        "improvement",
        "regression",
    }


def test_few_blocks_decide_nothing(base: Run, head: Run) -> None:
    few = rewrite_copy(
        head, lambda frame: frame["verdict"].where(frame["block"] < 2, "invalid"), "verdict"
    )
    made = compare(Side(base), few)
    assert {line.says for line in made.lines} == {"unclear"} and all(
        line.low is None for line in made.lines
    )
    assert any("no interval" in note for note in made.notes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda info: info["machine"].update(cpu="Another"), "machine: cpu A CPU and Another"),
        (lambda info: info["machine"].update(cores=8), "machine: cores 2 and 8"),
        (lambda info: info["machine"].update(memory_bytes=1), "machine: memory"),
        (lambda info: info["machine"].update(kernel="Linux 9"), "machine: kernel"),
        (lambda info: info["plan"].update(size="quick"), "size: full and quick"),
        (lambda info: info["plan"].update(tasks=5), "tasks: 2000 and 5"),
        (lambda info: info["plan"].update(workers=4), "workers: 2 and 4"),
        (lambda info: info["plan"].update(time_cap_s=9), "time cap: 1200.0 and 9.0"),
        (
            lambda info: info["code"]["scenarios"]["burst"].update(drive=2),
            "version: drive of burst 1 and 2",
        ),
        (lambda info: info["code"].update(recording=2), "version: recording 1 and 2"),
        (
            lambda info: info["code"]["adapters"].update(celery=7),
            "version: adapter of celery 1 and 7",
        ),
        (lambda info: info.pop("code"), "version: recording 1 and 0.1"),
        (
            lambda info: info["brokers"]["redis"].update(version="8.0"),
            "broker: redis (redis-server 7.0.15) and redis (redis-server 8.0)",
        ),
        (
            lambda info: info["arms"]["celery/default"].update(guarantee="at least once"),
            "guarantee: at most once",
        ),
    ],
)
def test_unlike_runs_are_refused_unless_forced(
    base: Run, head: Run, change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    other = Side(altered(head, change))
    with pytest.raises(UsageError) as refused:
        compare(Side(base), other)
    assert words in str(refused.value) and "--force" in str(refused.value)
    forced = compare(Side(base), other, force=True)
    assert forced.notes[0].startswith("FORCED") and words in forced.notes[0]


def test_smoke_runs_are_refused_always(base: Run, head: Run) -> None:
    with pytest.raises(UsageError, match="smoke"):
        smoke = altered(head, lambda info: info["plan"].update(size="smoke"))
        compare(Side(base), Side(smoke), force=True)


def test_a_head_without_a_number_is_not_overlooked(base: Run, head: Run) -> None:
    broken = rewrite_copy(
        head,
        lambda frame: frame["verdict"].where(frame["metric"] != "latency_p50_ms", "unbounded"),
        "verdict",
    )
    lines = [line for line in compare(Side(base), broken).lines if line.metric == "latency_p50_ms"]
    assert lines and all(
        line.ratio is None and line.reason == "head: 5 unbounded" and line.weight > 50
        for line in lines
    )


def test_a_broken_promise_stands_on_top(base: Run, head: Run) -> None:
    wrong = rewrite_copy(
        head,
        lambda frame: frame["verdict"].where(frame["arm"] != "huey/default", "wrong"),
        "verdict",
    )
    assert any(
        note.startswith("WRONG in head, huey/default") for note in compare(Side(base), wrong).notes
    )


def test_unfit_blocks_are_named_unless_a_second_try_was_fit(base: Run, head: Run) -> None:
    bad = rewrite_copy(
        head,
        lambda frame: frame["verdict"].where(
            (frame["arm"] != "huey/default") | (frame["block"] > 0), "invalid"
        ),
        "verdict",
    )
    made = compare(Side(base), bad)
    assert [
        note for note in made.notes if note.startswith("invalid in head, huey/default, 3 cells")
    ]
    again = Run(head.path, head.manifest)
    first = bad.measures.assign(stands=(bad.measures["verdict"] != "invalid").astype(int))
    second = head.measures[(head.measures["arm"] == "huey/default") & (head.measures["block"] == 0)]
    again.__dict__["measures"] = pd.concat([first, second], ignore_index=True)
    assert not [
        note for note in compare(Side(base), Side(again)).notes if note.startswith("invalid")
    ]


def test_all_invalid_is_an_exit_of_its_own(base: Run, head: Run) -> None:
    with pytest.raises(AllInvalid, match="no measure has a number on both sides") as stop:
        compare(Side(base), rewrite_copy(head, lambda frame: "invalid", "verdict"))
    assert stop.value.exit_code == 4


def test_nothing_in_common(base: Run, head: Run) -> None:
    stranger = altered(
        head, lambda info: info.update(arms={"x/default": info["arms"]["celery/default"]})
    )
    with pytest.raises(UsageError, match="no arm in common"):
        compare(Side(base), Side(stranger))
    with pytest.raises(UsageError, match="no measure in common: base has burst"):
        compare(Side(base), rewrite_copy(head, lambda frame: "elsewhere", "scenario"))
    with pytest.raises(UsageError, match="nothing is compared"):
        compare(Side(base), Side(base))
    with pytest.raises(UsageError, match="name an arm on both sides"):
        compare(Side(base, "celery/default"), Side(head))
    with pytest.raises(UsageError, match="did you mean celery/default"):
        side_of(base, "celery/defalt")


def test_the_page_needs_nothing_and_escapes_everything(base: Run, head: Run) -> None:
    evil = Side(altered(head, lambda info: info.update(run="<script>alert(1)</script>")))
    text = page(compare(Side(base), evil))
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert text == page(compare(Side(base), evil))
    assert text.count('class="change regression"') == 2 * sum(
        line.says == "regression" for line in compare(Side(base), evil).lines
    )


def test_the_forest_keeps_its_scale(base: Run, head: Run) -> None:
    made = compare(Side(base), Side(head))
    scale = forest(made.lines)
    assert (
        scale.at(1.0) == 50
        and scale.at(0.8) < 50 < scale.at(1.25)
        and scale.at(0.8) + scale.at(1.25) == pytest.approx(100, abs=0.02)
    )
    for line in made.lines:
        mark = scale.mark(line)
        if mark and mark.bar:
            assert mark.bar[0] <= mark.dot <= mark.bar[0] + mark.bar[1] + 0.02
    places = [at for at, _ in scale.ticks()]
    assert 50 in places and all(b - a >= 13 for a, b in pairwise(places))


def test_versions() -> None:
    assert changed({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == [
        "b 2 → 3",
        "c absent → 4",
    ]


def test_the_command(
    base: Run,
    head: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    code, out, _ = bench(
        capsys,
        monkeypatch,
        "compare",
        str(base.path),
        str(head.path),
        "--html",
        str(tmp_path / "page.html"),
    )
    assert (
        code == 0 and "not interleaved" in out and "worse" in out and "inside their tie zone" in out
    )
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    code, out, _ = bench(
        capsys,
        monkeypatch,
        "compare",
        f"{base.path}#celery/default",
        f"{base.path}#huey/default",
        "--json",
    )
    assert code == 0 and json.loads(out)["base"] == "base#celery/default"
    code, out, _ = bench(capsys, monkeypatch, "compare", str(base.path), str(head.path), "--all")
    assert code == 0 and "inside their tie zone" not in out


def test_other_formats(
    base: Run,
    head: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    pytest.importorskip("bench.formats.registry")
    code, _, _ = bench(
        capsys,
        monkeypatch,
        "compare",
        str(base.path),
        str(head.path),
        "--write",
        f"markdown={tmp_path / 'a.md'}",
    )
    assert code == 0 and "Throughput" in (tmp_path / "a.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["compare", "nothing", "HEAD"], 64, "there is no run"),
        (["compare", "BASE", "HEAD#huey/default"], 64, "name an arm on both sides"),
        (["compare", "BASE", "BASE#huey/default"], 64, "RUN#ARM RUN is one arm beside the others"),
        (["compare", "BASE#nobody", "HEAD#huey/default"], 64, "unknown arm of base"),
        (["compare", "BASE", "BASE"], 64, "nothing is compared"),
        (["compare", "BASE", "BROKEN"], 64, "damaged"),
        (["compare", "BASE", "TORN"], 64, "no number"),
        (["compare", "BASE", "INVALID"], 4, "no measure has a number on both sides"),
        (["compare", "BASE", "HEAD", "--html", "BASE/run.json/x.html"], 64, "cannot be written"),
        (
            ["compare", "BASE", "HEAD", "--json", "--write", "markdown=-"],
            64,
            "both want standard output",
        ),
    ],
)
def test_odd_input(
    base: Run,
    head: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    args: list[str],
    code: int,
    words: str,
) -> None:
    small = {"burst": ("-",)}
    broken, torn, invalid = (
        write_run(tmp_path / name, small, ("huey",)) for name in ("broken", "torn", "invalid")
    )
    (broken.path / "run.json").write_text("{", encoding="utf-8")
    rewrite_measures(torn, lambda frame: frame.__setitem__("value", "many"))
    rewrite_measures(invalid, lambda frame: frame.__setitem__("verdict", "invalid"))
    places = {
        "BASE": base.path,
        "HEAD": head.path,
        "BROKEN": broken.path,
        "TORN": torn.path,
        "INVALID": invalid.path,
    }
    monkeypatch.chdir(tmp_path)
    said = [
        re.sub("^(BASE|HEAD|BROKEN|TORN|INVALID)", lambda found: str(places[found[0]]), word)
        for word in args
    ]
    got, out, err = bench(capsys, monkeypatch, *said)
    assert got == code and words in err and "Traceback" not in out + err
    assert len([line for line in err.splitlines() if line.startswith("bench:")]) == 1
    assert store.open_run(base.path).id == "base"
