"""bench trend: steps are found where they were planted, and few where there are none.

A slower machine is no step.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.base.errors import AllInvalid, UsageError
from bench.model.metric import METRICS
from bench.record.store import Run
from bench.report.trend_page import page
from bench.trend.detect import MIN_POINTS, steps
from bench.trend.history import trend
from bench.trend.series import Series, series_name, series_of
from tests.fixture_run import altered, write_run
from tests.pure.test_cli import bench

CV = 0.0266  # from night to night, as was seen on hosted machines
ZONE = math.log1p(METRICS["throughput"].tie_zone)
NIGHTS = 12


def drifting(nights: int, series: int, phi: float, sd: float, seed: int) -> Any:
    """Noise in which a night resembles the one before."""
    noise = np.random.default_rng(seed).standard_normal((series, nights))
    for night in range(1, nights):
        noise[:, night] = phi * noise[:, night - 1] + math.sqrt(1 - phi**2) * noise[:, night]
    return sd * noise


def test_at_most_one_false_step_in_100_nights_that_drift() -> None:
    """Looked at every fifth night, as a reader does who comes back.

    A step that was shown before is not new.
    """
    false = 0
    for series in drifting(100, 60, 0.6, CV, 1):
        seen: set[int] = set()
        for night in range(10, 101, 5):
            for place, _ in steps(series[:night], ZONE):
                false += not any(abs(place - other) <= 5 for other in seen)
                seen.add(place)
    assert false / 60 <= 1.0


def test_nights_that_do_not_drift_show_next_to_nothing() -> None:
    assert sum(len(steps(series, ZONE)) for series in drifting(100, 200, 0.0, CV, 2)) <= 2


@pytest.mark.parametrize(("before", "least"), [(30, 0.75), (60, 0.85), (100, 0.85)])
def test_a_step_of_10_per_cent_is_seen_within_3_nights(before: int, least: float) -> None:
    found = 0
    for series in drifting(before + 3, 200, 0.0, CV, 3):
        series[before:] += math.log(1.1)
        found += any(abs(place - before) <= 1 for place, _ in steps(series, ZONE))
    assert found / 200 >= least


def test_two_steps_and_their_places() -> None:
    series = drifting(60, 1, 0.3, 0.01, 4)[0]
    series[20:] += 0.1
    series[40:] -= 0.2
    found = steps(series, ZONE)
    assert [place for place, _ in found] == [20, 40] and all(0 < p <= 0.05 for _, p in found)


def test_inside_the_tie_zone_nothing_is_a_step() -> None:
    assert steps([0.0] * 10 + [0.9 * ZONE] * 10, ZONE) == []
    assert [place for place, _ in steps([0.0] * 10 + [1.1 * ZONE] * 10, ZONE)] == [10]


def test_one_bad_night_is_no_step_and_few_nights_say_nothing() -> None:
    assert steps([0.0] * 10 + [1.0] + [0.0] * 10, ZONE) == []
    assert steps([0.0] * 2 + [1.0] * 3, ZONE) == [] and len([0.0] * 5) < MIN_POINTS
    assert steps([], ZONE) == [] and steps([1.0] * 20, ZONE) == []


def test_versions_of_an_arm_are_one_series() -> None:
    assert series_name("celery/default[celery==5.6.2]") == "celery/default"
    assert (
        series_name("celery/default@rabbitmq[celery==5.6.2, kombu==5.6]{x=[1, 2]}")
        == "celery/default@rabbitmq{x=[1, 2]}"
    )
    assert series_name("huey/default{x=[1, 2]}") == "huey/default{x=[1, 2]}"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(
        tmp_path_factory.mktemp("runs") / "one",
        {"burst": ("-",), "recovery": ("worker-crash",)},
        ("celery", "huey", "floor"),
    )


def nights(
    one: Run,
    changes: dict[tuple[str, str], Sequence[float]] | None = None,
    versions: Sequence[str] | None = None,
    speed: Sequence[float] | None = None,
) -> list[Run]:
    """A run a night: the same but for noise, a machine of another speed, and what is planted."""
    runs = []
    for night in range(NIGHTS):
        changed = {
            "run": f"night-{night:02d}",
            "created": f"2026-10-{night + 1:02d}T01:00:00Z",
            "seed": night,
            "versions": {
                arm: {"celery": versions[night] if versions else "1"} for arm in one.manifest.arms
            },
        }
        made = altered(one, lambda info, to=changed: info.update(to))
        made.__dict__["measures"] = _night(
            one.measures,
            np.random.default_rng(night),
            night,
            changes or {},
            speed[night] if speed else 1.0,
        )
        runs.append(made)
    return runs


def _night(
    frame: pd.DataFrame,
    rng: np.random.Generator,
    night: int,
    changes: dict[tuple[str, str], Sequence[float]],
    speed: float,
) -> pd.DataFrame:
    frame = frame.copy()
    factors = np.array(
        [
            changes.get((arm, metric), [1.0] * NIGHTS)[night]
            for arm, metric in zip(frame["arm"], frame["metric"], strict=True)
        ]
    )
    timed = frame["unit"].isin(["tasks/s", "ms", "µs"])
    frame["value"] *= factors * np.where(
        timed, speed * np.exp(rng.normal(0, 0.005, len(frame))), 1.0
    )
    return frame


def stepped(runs: list[Run]) -> dict[tuple[str, str], list[Any]]:
    return {
        (line.series.arm, line.series.metric): list(line.steps)
        for line in trend(runs).lines
        if line.steps
    }


def test_a_step_is_found_with_the_version_that_changed_there(one: Run) -> None:
    found = stepped(
        nights(
            one,
            {("celery/default", "throughput"): [1.0] * 7 + [0.9] * 5},
            ["5.6.1"] * 7 + ["5.6.2"] * 5,
        )
    )
    assert found.keys() == {("celery/default", "throughput")}
    (step,) = found["celery/default", "throughput"]
    assert (step.last, step.first, step.says) == ("night-06", "night-07", "regression")
    assert step.change == pytest.approx(0.9, abs=0.02) and step.changed == ("celery 5.6.1 → 5.6.2",)


def test_a_slower_machine_is_no_change(one: Run) -> None:
    assert stepped(nights(one, speed=[1.0] * 6 + [0.5] * 6)) == {}


def test_a_count_needs_no_floor(one: Run) -> None:
    found = stepped(
        nights(one, {("huey/default", "broker_commands_per_task"): [1.0] * 6 + [1.2] * 6})
    )
    (step,) = found["huey/default", "broker_commands_per_task"]
    assert step.says == "regression" and step.change == pytest.approx(1.0)


def test_without_the_floor_a_value_is_left_out_and_that_is_said(one: Run) -> None:
    runs = nights(one)
    frame = runs[3].measures
    runs[3].__dict__["measures"] = frame[frame["arm"] != "floor/default"]
    found = trend(runs)
    assert any("without the floor" in note and "night-03" in note for note in found.notes)
    line = next(
        line
        for line in found.lines
        if (line.series.arm, line.series.metric) == ("celery/default", "throughput")
    )
    assert len(line.series.points) == NIGHTS - 1 and "night-03" not in [
        point.run for point in line.series.points
    ]


def test_versions_in_one_run_are_points_of_one_series(one: Run) -> None:
    pinned = "celery/default[celery==9]"
    made = altered(
        one,
        lambda info: info["arms"].update(
            {pinned: info["arms"]["celery/default"] | {"arm": pinned}}
        ),
    )
    extra = one.measures[one.measures["arm"] == "celery/default"].assign(arm=pinned)
    made.__dict__["measures"] = pd.concat([one.measures, extra], ignore_index=True)
    (series,) = [
        each
        for each in series_of([made])
        if (each.arm, each.metric) == ("celery/default", "throughput")
    ]
    assert [point.arm for point in series.points] == ["celery/default", pinned]


def test_what_says_nothing(one: Run) -> None:
    few = trend(nights(one)[:4])
    assert any("nothing can be said yet: 4 runs" in note for note in few.notes) and not any(
        line.steps for line in few.lines
    )
    runs = nights(one)
    with pytest.raises(UsageError, match="named twice"):
        trend([runs[0], runs[0]])
    runs[1] = altered(runs[1], lambda info: info["plan"].update(workers=9))
    with pytest.raises(UsageError, match="night-01 has workers 9"):
        trend(runs)
    smoke = altered(runs[0], lambda info: info["plan"].update(size="smoke"))
    with pytest.raises(UsageError, match="smoke"):
        trend([smoke])
    for run in (bad := nights(one)[:2]):
        run.__dict__["measures"] = run.measures.assign(verdict="invalid")
    with pytest.raises(AllInvalid):
        trend(bad)


def test_the_order_of_the_runs_does_not_matter(one: Run) -> None:
    runs = nights(one)
    assert trend(runs).as_json() == trend(runs[::-1]).as_json()


def test_the_page(one: Run) -> None:
    runs = nights(
        one, {("celery/default", "throughput"): [1.0] * 7 + [0.9] * 5}, ["<b>1"] * 7 + ["2"] * 5
    )
    text = page(trend(runs))
    assert text == page(trend(runs)) and "<b>1" not in text and "&lt;b&gt;1 → 2" in text
    assert "http" not in text.replace("http-equiv", "") and text.count("stroke-dasharray") == 1
    assert "0 every time: " in text


def test_the_command(
    one: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, out, _ = bench(
        capsys, monkeypatch, "trend", str(one.path), "--html", str(tmp_path / "t.html")
    )
    assert (
        code == 0
        and "nothing can be said yet" in out
        and "<svg" in (tmp_path / "t.html").read_text(encoding="utf-8")
    )
    code, out, _ = bench(capsys, monkeypatch, "trend", str(one.path), "--json")
    assert code == 0 and json.loads(out)["runs"] == ["one"]
    for args in (["trend"], ["trend", str(tmp_path)], ["trend", str(one.path), str(one.path)]):
        assert bench(capsys, monkeypatch, *args)[0] == 64


def test_a_series_knows_its_scale() -> None:
    assert Series("burst", "-", "lost", "a/b", ()).zone == 0.0 and Series(
        "burst", "-", "throughput", "a/b", ()
    ).zone == pytest.approx(ZONE)
