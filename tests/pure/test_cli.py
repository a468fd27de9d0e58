"""Bad input: one line, the right exit code, no traceback."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import cli
from tests.fixture_run import write_run

PLANTED = str(Path(__file__).parents[1] / "planted")


def bench(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["bench", *args])
    # What is tried here measures nothing: it must not wait for a bench that does.
    monkeypatch.setattr("bench.hosts.lock.measuring", lambda *_: contextlib.nullcontext())
    monkeypatch.delenv("QUEUE_BENCH_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "brst"], "did you mean burst"),
        (["run", "--arm", "celry"], "did you mean celery"),
        (["run", "--arm", "floor[python==2.7]"], "is no Python to measure in"),
        (
            ["run", "--adapter", PLANTED, "--arm", "planted[python>=3.12]"],
            "is no Python to measure in",
        ),
        (["run", "--size", "ful"], "did you mean full"),
        (["run", "--tasks", "0"], "give a number from 1 on"),
        (["run", "--tasks", "-5"], "give a number from 1 on"),
        (["run", "--tasks", "many"], "valid integer"),
        (["run", "--time-cap", "0"], "give a number of seconds above 0"),
        (["run", "--adapter", "no/such/folder"], "is not an adapter folder"),
        (["run", "--redis", "redis://127.0.0.1:1/0", "--out", "never"], "cannot be reached"),
        (["run", "--redis", "nonsense", "--out", "never"], "cannot be read"),
        (["run", "--resume", "nothing"], "there is no run"),
        (["report", "nothing"], "there is no run"),
        (["measure", "."], "is not a run folder"),
        (["rn"], "Did you mean 'run'"),
        (["run", "--nope"], "No such option"),
    ],
)
def test_bad_words(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    args: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = bench(capsys, monkeypatch, *args)
    assert code == 64 and words in err
    assert "Traceback" not in out + err
    assert len([line for line in err.splitlines() if line.startswith("bench:")]) == 1
    assert not list(tmp_path.iterdir()), "nothing may be left by a command that was refused"


def test_a_folder_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    code, _, err = bench(
        capsys,
        monkeypatch,
        "run",
        "burst",
        "--size",
        "smoke",
        "--arm",
        "floor",
        "--out",
        str(tmp_path / "file" / "run"),
    )
    assert code == 64 and "cannot be written" in err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda info: info.update(format=99), "newer format"),
        (lambda info: info.update(format=0), "older format"),
        (lambda info: info.update(format="4"), "damaged"),
        (lambda info: info.pop("cells"), "is damaged (cells: field required): take another"),
        (lambda info: info["cells"][0].update(state="dune"), "is damaged (cells.0.state: "),
        (lambda info: info["machine"].update(cores=[]), "is damaged (machine.cores: "),
        (lambda info: info.update(odd=1), "is damaged (odd: extra inputs are not permitted): "),
    ],
)
def test_a_foreign_run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], Any],
    words: str,
) -> None:
    path = write_run(tmp_path / "run", {"burst": ("-",)}, ("floor",)).path / "run.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    change(info)
    path.write_text(json.dumps(info), encoding="utf-8")
    code, _, err = bench(capsys, monkeypatch, "report", str(path.parent))
    assert code == 64 and words in err
    assert len([line for line in err.splitlines() if line.startswith("bench:")]) == 1


def test_a_damaged_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text('{"format": 1,', encoding="utf-8")
    code, _, err = bench(capsys, monkeypatch, "measure", str(tmp_path))
    assert code == 64 and "damaged" in err


def test_list_answers_for_a_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = bench(capsys, monkeypatch, "list", "--json")
    known = json.loads(out)
    assert code == 0
    assert {arm["arm"] for arm in known["arms"]} >= {
        "celery/default",
        "celery/tuned",
        "rq/spawn",
        "huey/greenlet",
        "floor/default",
        "rq/durable@redis-always",
    }
    assert "worker-crash" in known["scenarios"]["recovery"]["cases"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--tasks", "999999999999"], "give a number up to"),
        (["--blocks", "999999999"], "give a number up to"),
        (["--workers", "100000"], "give a number up to"),
        (["--time-cap", "nan"], "seconds above 0"),
        (["--time-cap", "inf"], "seconds above 0"),
        (["--out", "loop"], "a loop of links"),
        (["--out", "full"], "is not empty"),
        (["--out", "file"], "is no folder"),
        (["--out", ""], "is not empty"),
        (["--report", "pipe"], "no plain file"),
        (["--pass", "TOKEN=hidden"], "the name of a variable alone"),
        (["--pass", "CELERY_BROKER_URL"], "change a setting of the arm"),
        (["--pass", ""], "the name of a variable alone"),
    ],
)
def test_slips_are_refused_before_anything_waits_or_is_made(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    args: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("kept", encoding="utf-8")
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    code, out, err = bench(capsys, monkeypatch, "run", "burst", "--arm", "floor", *args)
    assert code == 64 and words in err and "hidden" not in err, err + out
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
