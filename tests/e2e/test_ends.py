"""Every end has its own exit code: 0, 1 and 3 come only from what came to its end."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from bench.base.errors import CellFailed, UsageError, worst
from bench.base.streams import OutputLost, in_spite
from bench.record import store
from tests.e2e.test_end_to_end import BENCH, ENV

PLANTED = ("--adapter", str(Path(__file__).parents[1] / "planted"))
ADAPTER = """
from adapters.rq.adapter import Rq


class Silent(Rq):
    name = "silent"
    version = 1


ADAPTER = Silent()
"""
SILENT = """
from bench.inprocess.trials.lab import GaveUp
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("call.background")
def says_nothing(lab):
    raise GaveUp("no word came back")


@TRIALS.of("call.sync")
def says_nothing_either(lab):
    raise GaveUp("no word came back")
"""


def bench(folder: Path, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """The command in a folder; its output is caught unless told."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": ENV} | how
    command = [*BENCH, *words]
    return subprocess.run(
        command, cwd=folder, encoding="utf-8", timeout=120, check=False, **streams
    )


def begin(folder: Path, *words: str) -> tuple[subprocess.Popen[str], IO[str], IO[str]]:
    """The command while it runs, its output and its errors."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": ENV}
    running = subprocess.Popen([*BENCH, *words], cwd=folder, encoding="utf-8", **pipes)
    assert running.stdout and running.stderr
    return running, running.stdout, running.stderr


def fails(error: BaseException) -> Callable[[], None]:
    def step() -> None:
        raise error

    return step


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        *(((0, 64), 64), ((3, 64), 3), ((4, 3), 3), ((1, 4), 4), ((2, 1, 0), 1)),
        *(((0, 141), 141), ((1, 141), 1), ((70, 3), 70), ((0,), 0), ((64, 2), 2)),
    ],
)
def test_the_worst_code_wins(codes: tuple[int, ...], expected: int) -> None:
    assert worst(*codes) == worst(*reversed(codes)) == expected


def test_what_comes_after_a_measurement_does_not_hide_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done: list[int] = []
    left = fails(OutputLost(OSError(errno.EPIPE, ""), "stdout"))
    full = fails(UsageError("a.html cannot be written\n(no room)"))
    assert in_spite(3, full, left, lambda: done.append(1)) == 3 and done == [1]
    assert capsys.readouterr().err == "bench: a.html cannot be written (no room)\n"
    assert in_spite(0, full) == 64 and in_spite(0, left) == 141
    assert in_spite(1, fails(CellFailed("x"))) == 4


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("--help",), ("nonsense",)])
def test_a_reader_who_has_left_is_141_and_no_word(
    stream: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    said = "stderr" if words == ("nonsense",) else "stdout"
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    read, write = os.pipe()
    os.close(read)
    done = bench(tmp_path, *words, **{stream: write})
    os.close(write)
    if stream == said:
        assert (done.returncode, getattr(done, other)) == (141, "")
    else:
        assert done.returncode == (64 if words == ("nonsense",) else 0)


def test_a_full_disk_behind_standard_output_is_said(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = bench(tmp_path, "list", stdout=full)
    assert done.returncode == 64 and done.stderr.count("\n") == 1
    assert "standard output cannot be written (No space left on device)" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_trouble(closed: str, tmp_path: Path) -> None:
    command = ["bash", "-c", f'"{sys.executable}" -m bench.cli list --json {closed}']
    done = subprocess.run(command, cwd=tmp_path, env=ENV, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 0


def test_a_package_that_is_missing_is_no_regression(tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-m", "bench.cli", "list"]  # without any installed package
    done = subprocess.run(
        command, cwd=tmp_path, env=ENV, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 64 and done.stderr.startswith("bench: No module named"), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_traceback_that_was_asked_for_is_no_regression(tmp_path: Path) -> None:
    # A bug of ours, planted: Python's own code for a traceback is 1.
    fail = "def fail(commands): raise RuntimeError('a bug')"
    command = [
        sys.executable,
        "-c",
        f"from bench import cli\n{fail}\ncli._command = fail; cli.main()",
    ]
    env = ENV | {"QUEUE_BENCH_TRACEBACK": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 70 and "Traceback" in done.stderr and "a bug" in done.stderr


def leave_after(line: str, folder: Path, *words: str) -> tuple[int, str]:
    """Read the command's output up to this line, and leave: (exit code, standard error)."""
    running, output, errors = begin(folder, *words)
    assert any(line in each for each in output)
    output.close()
    said = errors.read()
    return running.wait(timeout=60), said


def states(folder: Path) -> list[str]:
    """What became of each cell of a run."""
    return [line.state for line in store.open_run(folder).manifest.cells]


@pytest.mark.e2e
def test_a_gate_whose_reader_left_is_not_a_regression(tmp_path: Path) -> None:
    arms = ("--base", "floor", "--aa", "--scenario", "burst", "--budget", "60s")
    assert leave_after("plan:", tmp_path, "check", *arms, "--out", "run", "--wait") == (141, "")
    assert set(states(tmp_path / "run")) == {"planned"}


@pytest.mark.e2e
@pytest.mark.slow  # the gate before it ends the same way; this one is taken up again
def test_a_run_whose_reader_left_keeps_what_it_has_and_can_be_taken_up(tmp_path: Path) -> None:
    # Two cells: the reader leaves after the first, and it is noticed within the second.
    words = ("burst", "--arm", "floor", "--blocks", "2", "--tasks", "2000", "--size", "smoke")
    assert leave_after("  1  burst", tmp_path, "run", *words, "--out", "run", "--wait") == (141, "")
    assert states(tmp_path / "run")[:2] == ["done", "planned"]
    again = bench(tmp_path, "run", "--resume", "run", "--wait")
    assert again.returncode in (0, 4), again.stderr
    assert set(states(tmp_path / "run")) == {"done"}


@pytest.mark.e2e
def test_a_report_that_cannot_be_written_does_not_hide_what_is_wrong(tmp_path: Path) -> None:
    words = (
        "run",
        "result",
        "--arm",
        "planted",
        *PLANTED,
        "--size",
        "smoke",
        "--out",
        "run",
        "--wait",
    )
    running, output, errors = begin(tmp_path, *words)
    assert any("plan:" in each for each in output)
    if (tmp_path / "reports").is_dir():
        (tmp_path / "reports").rmdir()
    (tmp_path / "reports").write_text("in the way", encoding="utf-8")
    output.read()
    said = errors.read()
    assert (running.wait(timeout=60), said.count("\n")) == (3, 1), said
    assert said.startswith("bench: reports/run.html cannot be written")


@pytest.mark.e2e
def test_features_of_which_nothing_was_found_out_are_no_success(tmp_path: Path) -> None:
    folder = tmp_path / "silent"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "app.py").write_text("", encoding="utf-8")
    (folder / "features.py").write_text(SILENT, encoding="utf-8")
    (folder / "adapter.py").write_text(ADAPTER, encoding="utf-8")
    words = ("--adapter", str(folder), "--system", "silent", "--out", str(tmp_path / "found"))
    done = bench(tmp_path, "features", *words, "--wait")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "nothing could be found out, 2 of 2 trials say: no word came back" in done.stdout
