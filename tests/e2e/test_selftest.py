"""The selftest's own arithmetic, and its quick form on this machine."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.base.version import VERSION
from bench.hosts import machine
from bench.model.arm import parse_arm
from bench.model.manifest import Manifest
from bench.model.systems import load_adapters
from bench.record import documents
from bench.selftest import stored_selftest, waiting
from bench.selftest.expectations import same, within
from bench.selftest.synthetic_runs import ADAPTER, Session, arm
from tests.events_files import book, ran, sent

ROOT = Path(__file__).resolve().parents[2]
MS = 1_000_000


def test_lindley_against_a_queue_that_is_walked_through() -> None:
    rng = np.random.default_rng(3)
    gaps, service = rng.exponential(1.0, (4, 300)), rng.exponential(0.8, (4, 300))
    found = waiting.waits_ms(gaps, service)
    for row in range(4):
        wait = 0.0
        for at in range(300):
            if at:
                wait = max(0.0, wait + service[row, at - 1] - gaps[row, at])
            assert found[row, at] == pytest.approx(wait, abs=1e-9)


@pytest.mark.parametrize("load", [0.5, 0.9])
def test_the_band_holds_the_formula_of_pollaczek_and_khinchine(
    load: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "REPLAYS", 400)
    low, high = waiting.band(load, 5.0, 4000, exponential=False, p99=False)
    assert low < load * 5.0 / (2 * (1 - load)) < high
    low, high = waiting.band(load, 5.0, 4000, exponential=True, p99=True)
    assert low < 5.0 / (1 - load) * math.log(100 * load) < high


def test_a_slot_is_as_busy_as_its_starts_say(tmp_path: Path) -> None:
    # Five tasks due at once, a slot that needs 6 ms each; later one that finds it idle and begins
    # 0.4 ms late.
    plan = {task: 10 * MS for task in range(5)} | {5: 200 * MS}
    sends = [row for task, due in plan.items() for row in sent(task, due, due + 1, due + 2)]
    runs = [
        row
        for task in range(5)
        for row in ran(task, (11 + 6 * task) * MS, (11 + 6 * task) * MS + 5)
    ]
    runs += ran(5, 200 * MS + 400_000, 200 * MS + 400_005)
    slot = waiting.slot_of(book(tmp_path, plan, sends, runs), 5.0)
    assert slot.busy_ms == pytest.approx(6.0) and slot.transit_ms == pytest.approx(0.4)


def test_a_client_that_waits_for_its_answers_hardly_sees_a_stall(tmp_path: Path) -> None:
    # 1,000 per second for 10 s; nothing finishes between 4 s and 5.4 s.
    plan = {task: task * MS for task in range(10_000)}
    finish = {
        task: 5400 * MS if 4000 <= task < 5400 else due + MS // 2 for task, due in plan.items()
    }
    sends = [row for task, due in plan.items() for row in sent(task, due, due, due + 10)]
    runs = [row for task, at in finish.items() for row in ran(task, at - 10, at)]
    made = book(tmp_path, plan, sends, runs)
    honest = float(np.quantile((made.first_finish() - made.due) / MS, 0.99))
    assert honest > 1290 and waiting.closed_loop_p99_ms(made) < 1


def test_lines_pass_inside_their_band_only() -> None:
    assert (
        within(2, "x", 1.0, 1.0, 2.0, "s", "").passed
        and not within(2, "x", 2.01, 1.0, 2.0, "s", "").passed
    )
    assert not within(2, "x", float("nan"), 1.0, 2.0, "s", "").passed, "no figure is no proof"
    assert same(1, "x", [1], [1], "").passed and not same(1, "x", [1], [2], "").passed


def test_an_arm_of_the_synthetic_queue_is_written_as_on_the_command_line() -> None:
    known = load_adapters([ADAPTER])
    parsed = parse_arm(arm("kept", lose=[1, 2], service_ms=0.5, shuffle=True), known)
    assert (
        parsed.settings["lose"] == [1, 2]
        and parsed.settings["shuffle"] is True
        and parsed.profile.name == "kept"
    )
    assert parse_arm(arm(), known).settings["capacity"] == 0


def test_real_arms_are_taken_as_they_are_here(tmp_path: Path) -> None:
    """What a profile installs would take an index; the adapters' own profiles stay as they are."""
    session = Session(tmp_path, print)
    made = {name: session.adapters[name].profiles["tuned"] for name in ("celery", "rq", "huey")}
    assert not any(profile.installs for profile in made.values())
    assert parse_arm("celery/tuned", session.adapters).asked == ()
    theirs = load_adapters()
    assert all(theirs[name].profiles["tuned"].installs for name in made)


def test_nothing_in_the_instrument_knows_the_synthetic_queue() -> None:
    named = [
        path
        for part in ("bench", "scenarios", "adapters")
        for path in (ROOT / part).rglob("*.py")
        # Its name; a synthetic task of a workload is another thing.
        if re.search(r"selftest[./]synthetic|[\"']synthetic[\"'/{]", path.read_text("utf-8"))
    ]
    assert named, "the pattern finds it in the selftest"
    assert all("selftest" in path.parts for path in named), named


def document(created: str, **changes: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "created": created,
        "seconds": 60,
        "bench_version": VERSION,
        "quick": True,
        "noise_blocks": 0,
        "machine": machine.describe().as_json(),
        "passed": True,
        "lines": [],
    } | changes


def begun() -> Manifest:
    """A run on this machine, as far as a selftest is concerned."""
    return Manifest.model_construct(machine=machine.describe(), warnings=(), selftest=None)


def test_a_run_takes_the_newest_selftest_of_its_machine_and_version(tmp_path: Path) -> None:
    another = machine.describe().as_json() | {"cpu": "another"}
    for name, made in {
        "old": document("2026-01-01"),
        "new": document("2026-02-01"),
        "other-version": document("2026-03-01", bench_version="0"),
        "other-machine": document("2026-03-01", machine=another),
    }.items():
        (tmp_path / name).mkdir()
        documents.write_json(tmp_path / name / stored_selftest.FILE, made)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / stored_selftest.FILE).write_text("{", encoding="utf-8")
    run = stored_selftest.attached(begun(), tmp_path, tmp_path)
    assert (
        run.selftest is not None
        and run.selftest["created"] == "2026-02-01"
        and (tmp_path / stored_selftest.FILE).exists()
        and not run.warnings
    )


def test_without_one_the_run_says_so(tmp_path: Path) -> None:
    run = stored_selftest.attached(begun(), tmp_path, tmp_path)
    assert run.selftest is None and "bench selftest" in run.warnings[0]


def test_a_stored_selftest_comes_back_as_it_was() -> None:
    for path in sorted((ROOT / "results" / "reference").glob("**/selftest*.json")):
        there = documents.read_json(path)
        back = stored_selftest.StoredSelftest.of(there, str(path), "").as_json()
        assert back["lines"] == [
            {**line, "unfit": line.get("unfit", "")} for line in there["lines"]
        ]
        assert {**back, "machine": 0, "lines": 0} == {**there, "machine": 0, "lines": 0}


def quick(folder: Path) -> tuple[int, dict[str, Any], str]:
    """(exit code, the document, what was said)."""
    command = [
        sys.executable,
        "-m",
        "bench.cli",
        "selftest",
        "--quick",
        "--json",
        "--wait",
        "--out",
        "proof",
    ]
    folder.mkdir()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr[-3000:]


def too_busy(proof: dict[str, Any]) -> bool:
    """Whether all that did not pass has no figure, for a machine that was unfit."""
    rest = [line for line in proof["lines"] if not line["passed"]]
    return bool(rest) and all(line["verdict"] == "invalid" for line in rest)


@pytest.mark.e2e
def test_the_quick_selftest_passes_here(tmp_path: Path) -> None:
    code, proof, said = quick(tmp_path / "quick")
    if code and too_busy(proof):
        pytest.skip("the machine is too busy for a selftest: a cell was refused four times")
    assert code == 0, said
    assert proof["passed"] and {line["item"] for line in proof["lines"]} == {1, 2, 4, 5, 6, 10}
    assert proof["seconds"] <= 240
