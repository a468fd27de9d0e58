"""Carried over: only by runs of both codes in turns, and only where they bear that nothing changed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench import store
from bench.carried.parts import carried
from bench.carried.speed import compared
from bench.errors import UsageError
from bench.export import export_slim
from bench.report.data import join
from bench.report.evidence import STORED
from bench.report.page import build_page
from bench.store import Run
from tests.fixture_run import rewrite_measures, write_run

OLD, NEW = "0ld", "new"
ENTRY = {"scenarios": ["burst", "recovery"], "from": [OLD], "to": [NEW], "reason": "a task of another kind", "evidence": ["kinds"]}
PRINTS = {"burst": OLD, "recovery": OLD}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("runs") / "main", {"burst": ("-",), "recovery": ("worker-crash",)}, ("celery", "huey"), fingerprint=PRINTS)


@pytest.fixture
def reference(whole: Run, tmp_path: Path) -> Run:
    """results/reference/main, a carried.json beside it, and four pairs of evidence in which nothing changed."""
    made = export_slim(whole, (tmp_path / "reference" / "main"))
    store.write_json(tmp_path / "reference" / "carried.json", [ENTRY])
    for place in range(4):
        for at, side in enumerate(("old", "new")):
            _evidence(whole, tmp_path / "carried" / "kinds" / f"{side}-{place + 1}", 2 * place + at, OLD if side == "old" else NEW)
    return store.open_run(made.path)


def _evidence(whole: Run, folder: Path, at: int, code: str) -> None:
    export_slim(whole, folder)
    _tell(folder, created=f"2026-11-20T22:{at:02d}:00Z", fingerprint=dict.fromkeys(PRINTS, code))
    _multiply(folder, at)


def _multiply(folder: Path, seed: int, factor: float = 1.0, metric: str = "throughput", noise: float = 0.005) -> None:
    rng = np.random.default_rng(seed)

    def change(frame: Any) -> None:
        timed = frame["unit"].isin(["tasks/s", "ms", "µs", "bytes"])
        frame["value"] *= np.where(timed, np.exp(rng.normal(0, noise, len(frame))), 1.0) * np.where(frame["metric"] == metric, factor, 1.0)

    rewrite_measures(store.open_run(folder), change)


def _tell(folder: Path, **said: Any) -> None:
    store.write_json(folder / "run.json", {**store.read_json(folder / "run.json"), **said})


def folder_of(run: Run, name: str = "") -> Path:
    return run.path.parent.parent / "carried" / "kinds" / name


def test_runs_in_turns_bear_that_nothing_changed(reference: Run) -> None:
    found = carried(reference, "burst", NEW)
    assert found is not None and found.holds and found.pairs == 4
    speeds = {(each.arm, each.metric): each for each in found.shown}
    assert speeds.keys() >= {("celery/default", "throughput"), ("huey/default", "broker_cpu_us_per_task"), ("huey/default", "broker_commands_per_task")}
    one = speeds["celery/default", "throughput"]
    assert one.low < 1 < one.high and one.bound < 0.05 and one.smallest_detectable is not None and 0 < one.smallest_detectable < 0.1
    assert "no difference larger than" in found.words and "4 pairs" in found.words
    fates = carried(reference, "recovery", NEW)
    assert fates is not None and fates.holds and "every fate" in fates.words


def test_what_no_entry_covers_is_not_carried(reference: Run) -> None:
    assert carried(reference, "burst", "newer") is None
    assert carried(reference, "latency", NEW) is None
    reference.info["fingerprint"]["burst"] = "older"
    assert carried(reference, "burst", NEW) is None


@pytest.mark.parametrize(
    ("metric", "factor", "words"),
    [
        ("throughput", 0.9, "throughput differs"),
        ("broker_commands_per_task", 1.2, "broker_commands_per_task differs"),
        ("worker_memory_peak_bytes", 1.1, "differs"),
    ],
)
def test_a_difference_is_never_carried(reference: Run, metric: str, factor: float, words: str) -> None:
    for place in range(4):
        _multiply(folder_of(reference, f"new-{place + 1}"), 50 + place, factor, metric)
    found = carried(reference, "burst", NEW)
    assert found is not None and not found.holds and words in found.words and "NOT shown" in found.words


def test_noise_bears_nothing(reference: Run) -> None:
    """With noise enough no difference is ever decided; then the interval is too wide."""
    for place in range(4):
        _multiply(folder_of(reference, f"new-{place + 1}"), 70 + place, noise=0.6)
    found = carried(reference, "burst", NEW)
    assert found is not None and not found.holds and "more pairs are needed" in found.words


def test_a_capacity_that_the_generator_limited_is_no_speed_of_the_arm() -> None:
    frame = pd.DataFrame(
        [
            ["latency", "capacity", arm, metric, value, "ok", "limited by the enqueue call: …" if arm == "a" and metric == "capacity" else ""]
            for arm in ("a", "b")
            for metric, value in (("capacity", 900.0), ("worker_cpu_ms_per_task", 1.0))
        ]
        + [["latency", case, arm, "latency_p50_ms", 2.0, "ok", ""] for arm in ("a", "b") for case in ("load=0.5", "load=0.9", "rate=30")],
        columns=["scenario", "case", "arm", "metric", "value", "verdict", "reason"],
    )
    run = Run(Path("r"), {})
    run.__dict__["measures"] = frame
    shown = {(each.arm, each.case) for each in compared([(run, run)] * 3, "latency")}
    assert shown == {("a", "rate=30"), ("b", "rate=30"), ("b", "load=0.5"), ("b", "capacity")}


def test_evidence_of_other_code_of_another_machine_out_of_turn_or_too_little(reference: Run) -> None:
    last = folder_of(reference, "new-4")
    for said, words in (
        ({"fingerprint": {"burst": OLD}}, "other code than the entry says"),
        ({"fingerprint": {"burst": NEW}, "machine": {"cpu": "Another", "cores": 2}}, "several machines"),
        ({"machine": reference.info["machine"], "created": "2026-11-20T22:00:30Z"}, "not measured in turns"),
    ):
        _tell(last, **said)
        found = carried(reference, "burst", NEW)
        assert found is not None and words in found.words
    for place in (2, 3, 4):
        (folder_of(reference, f"new-{place}")).rename(folder_of(reference, f"gone-{place}"))
    found = carried(reference, "burst", NEW)
    assert found is not None and "1 pairs of runs where 3 are needed" in found.words


def test_a_system_without_evidence(reference: Run) -> None:
    reference.info["arms"]["huey/default"] = {**reference.info["arms"]["huey/default"], "system": "other"}
    for scenario, words in (("burst", "no speed of other"), ("recovery", "no recovery of other")):
        found = carried(reference, scenario, NEW)
        assert found is not None and words in found.words


def test_other_fates_are_a_difference(reference: Run) -> None:
    path = folder_of(reference, "new-2") / STORED
    told = json.loads(path.read_text())
    told["worker-crash huey/default"]["running"] = {"recovered": 2}
    store.write_json(path, told)
    found = carried(reference, "recovery", NEW)
    assert found is not None and "huey/default worker-crash met other fates in new-2 than in old-2" in found.words


def test_the_report_says_so(reference: Run) -> None:
    assert "carried over: the code has changed since (a task of another kind)" in build_page([reference])
    assert join([reference]).runs[0].slim


@pytest.mark.parametrize("text", ["{", "{}", '[{"scenarios": []}]'])
def test_a_damaged_file(reference: Run, text: str) -> None:
    (reference.path.parent / "carried.json").write_text(text)
    with pytest.raises(UsageError, match="damaged"):
        carried(reference, "burst", NEW)
