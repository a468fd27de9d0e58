"""`bench check` as a user types it: wrong use ends in one line and never green; a gate is run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.record import store
from tests.e2e.test_end_to_end import ENV
from tests.pure.test_cli import (
    bench as typed,  # in this process: one of its own for each took 1.2 s
)

ROOT = Path(__file__).resolve().parents[2]
CHANGED = ("--adapter", str(ROOT / "tests" / "changed"))


def bench(folder: Path, *args: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """The command in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bench.cli", *args],
        cwd=folder,
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "there is no base: give --base ARM"),
        (("--base", "huey/process"), "there is no head: give --head ARM"),
        (("--base", "huey/process", "--head", "huey/process"), "nothing would be compared"),
        (("--base", "huey/proces", "--head", "huey/default"), "did you mean process"),
        (("--base", "huey/process", "--aa", "--scenario", "recovery"), "recovery has no size gate"),
        (
            ("--base", "huey/process", "--aa", "--scenario", "latency", "--case", "load=0.9"),
            "nothing is selected that the gate judges",
        ),
        (("--base", "huey/process", "--aa", "--case", "worker-crash"), "unknown case"),
        (("--base", "huey/process", "--aa", "--fail-on", "throughputt"), "did you mean throughput"),
        (
            ("--base", "huey/process", "--aa", "--scenario", "latency", "--fail-on", "throughput"),
            "no chosen case measures it, take --scenario burst --case - or rtt=0",
        ),
        (
            (
                "--base",
                "huey/process",
                "--aa",
                "--case",
                "backlog=10000",
                "--fail-on",
                "throughput",
            ),
            "no chosen case measures it, take --scenario burst --case - or rtt=0",
        ),
        (
            ("--base", "huey/process", "--aa", "--threshold", "throughput=0"),
            "give a change such as 5%",
        ),
        (("--base", "huey/process", "--aa", "--budget", "soon"), "write a time such as 10m"),
        (("--base", "huey/process", "--aa", "--blocks", "5"), "No such option"),
    ],
)
def test_wrong_use_is_said_in_one_line_and_is_never_green(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = typed(capsys, monkeypatch, "check", *args)
    assert code == 64 and words in err, err + out
    assert len([line for line in err.splitlines() if line.startswith("bench:")]) == 1
    assert "Traceback" not in err and not (tmp_path / "results").exists()


def test_an_unknown_word_in_bench_toml_stops_it(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text("[check]\nbasis = 'huey/process'\n", encoding="utf-8")
    done = bench(tmp_path, "check", "--aa")
    assert done.returncode == 64 and "did you mean base" in done.stderr


def test_an_arm_that_is_not_installed_stops_it_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "absent"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "app.py").write_text("", encoding="utf-8")
    body = "name = 'absent'\n    packages = ('surely-not-installed',)"
    text = (
        "from adapters.floor.adapter import Floor\n\n\n"
        f"class Absent(Floor):\n    {body}\n\n\nADAPTER = Absent()\n"
    )
    (folder / "adapter.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    asked = ("--base", "floor", "--head", "absent", "--adapter", str(folder))
    code, _, err = typed(capsys, monkeypatch, "check", *asked)
    assert code == 64 and "pip install surely-not-installed" in err
    assert not (tmp_path / "results").exists()


@pytest.mark.e2e
@pytest.mark.slow  # each of its cells waits a minute for workers
def test_a_head_that_cannot_work_is_invalid_and_not_green(tmp_path: Path) -> None:
    only = ("--scenario", "burst", "--tasks", "500", "--wait")
    known = ("--base", "floor", "--head", "huey/process{-k=nonsense}")
    done = bench(tmp_path, "check", *known, *only, "--out", "refused")
    assert done.returncode == 64 and "invalid choice" in done.stderr, done.stderr + done.stdout
    assert not (tmp_path / "refused").exists()
    head = ("--head", "failing/worker", "--adapter", str(ROOT / "tests" / "failing"))
    done = bench(tmp_path, "check", "--base", "floor", *head, *only, "--out", "run")
    assert done.returncode == 4 and "invalid" in done.stdout, done.stderr + done.stdout


@pytest.mark.e2e
def test_a_gate_of_the_burst_alone_catches_one_command_more(tmp_path: Path) -> None:
    arms = ("--base", "changed/process", "--head", "changed/process{plant=command}", *CHANGED)
    only = ("--scenario", "burst", "--tasks", "500", "--workers", "2")
    judged = ("--fail-on", "broker_commands_per_task", "--budget", "60s")
    done = bench(tmp_path, "check", *arms, *only, *judged, "--out", "run", "--wait", "--json")
    if done.returncode == 4:
        pytest.skip("the machine was too busy for this gate")
    assert done.returncode == 1, done.stderr + done.stdout
    changes = json.loads(done.stdout)
    worst = changes["lines"][0]
    assert (worst["metric"], worst["says"]) == ("broker_commands_per_task", "regression")
    assert round(worst["ratio"], 1) == 1.0
    run = store.open_run(tmp_path / "run")
    assert run.manifest.plan.base == "changed/process"
    assert run.manifest.plan.blocks == changes["about"]["blocks"] == 2
    assert {(line.scenario, line.block) for line in run.manifest.cells} == {
        ("burst", 0),
        ("burst", 1),
    }


@pytest.mark.e2e
@pytest.mark.slow
def test_a_tiny_gate_catches_one_command_more_and_leaves_a_normal_run(tmp_path: Path) -> None:
    arms = ("--base", "changed/process", "--head", "changed/process{plant=command}", *CHANGED)
    only = (
        "--tasks",
        "500",
        "--workers",
        "2",
        "--fail-on",
        "broker_commands_per_task",
        "--budget",
        "60s",
    )
    done = bench(tmp_path, "check", *arms, *only, "--out", "run", "--wait", "--json")
    if done.returncode == 4:
        pytest.skip("the machine was too busy for this gate")
    assert done.returncode == 1, done.stderr + done.stdout
    changes = json.loads(done.stdout)
    worst = changes["lines"][0]
    assert (worst["metric"], worst["says"], round(worst["ratio"], 1)) == (
        "broker_commands_per_task",
        "regression",
        1.0,
    )
    run = store.open_run(tmp_path / "run")
    assert (
        run.manifest.plan.blocks == changes["about"]["blocks"] == 2
        and run.manifest.plan.base == "changed/process"
    )
    assert run.manifest.plan.until == {"latency": 1}, (
        "no measure of it counts here: the first block was its last"
    )
    assert {(line.scenario, line.block) for line in run.manifest.cells} == {
        ("burst", 0),
        ("latency", 0),
        ("burst", 1),
    }
    assert bench(tmp_path, "report", "run", "--out", "page.html").returncode == 0
    again = bench(tmp_path, "run", "--resume", "run", *CHANGED)
    assert (
        again.returncode in (0, 4) and len(store.open_run(tmp_path / "run").manifest.cells) >= 4
    ), again.stderr
