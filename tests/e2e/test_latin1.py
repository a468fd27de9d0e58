"""The command in a shell whose locale is latin-1, and one whose terminal shows ASCII alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.base import streams
from tests.locales import environment

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "results" / "reference" / "main"
COMMANDS = {
    "list": ("list",),
    "help": ("run", "--help"),
    "compare": ("compare", f"{MAIN}#celery/default", f"{MAIN}#rq/default", "--all"),
    "advise": ("advise", str(MAIN), "--rate", "100"),
}


@pytest.fixture(scope="module")
def latin1(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(tmp_path_factory.mktemp("locale"), ROOT)


def bench(
    folder: Path, env: dict[str, str], *words: str | bytes
) -> subprocess.CompletedProcess[bytes]:
    command: list[str | bytes] = [sys.executable, "-m", "bench.cli", *words]
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, timeout=120, check=False
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_line_can_be_shown(name: str, tmp_path: Path, latin1: dict[str, str]) -> None:
    done = bench(tmp_path, latin1, *COMMANDS[name])
    assert done.returncode == 0 and not done.stderr, done.stderr
    if name == "list":
        assert " × ".encode("latin-1") in done.stdout and b"..." in done.stdout


def test_a_terminal_that_shows_ascii_alone(tmp_path: Path, latin1: dict[str, str]) -> None:
    done = bench(tmp_path, latin1 | {"PYTHONIOENCODING": "ascii"}, "list")
    assert done.returncode == 0 and done.stdout.isascii() and b" x " in done.stdout, done.stderr


def test_json_is_utf_8_and_says_the_same_everywhere(tmp_path: Path, latin1: dict[str, str]) -> None:
    here, there = (
        bench(tmp_path, env, "list", "--json").stdout
        for env in (latin1, latin1 | {"LC_ALL": "C.UTF-8"})
    )
    assert json.loads(here.decode("utf-8")) == json.loads(there.decode("utf-8")) and here != there


def test_a_document_for_another_tool_is_utf_8(tmp_path: Path, latin1: dict[str, str]) -> None:
    words = (*COMMANDS["compare"][:3], "--write", "markdown=-")
    assert "→" in bench(tmp_path, latin1, *words).stdout.decode("utf-8")


@pytest.mark.e2e
def test_a_run_with_umlauts_in_label_and_folder(tmp_path: Path, latin1: dict[str, str]) -> None:
    label, folder = "für Ä & Ö".encode("latin-1"), "grün".encode("latin-1")
    words = (
        "run",
        "burst",
        "--arm",
        "floor",
        "--size",
        "smoke",
        "--wait",
        "--label",
        label,
        "--out",
        folder,
    )
    done = bench(tmp_path, latin1, *words)
    # A busy test machine may make a cell invalid (4); nothing else may happen.
    assert done.returncode in (0, 4), done.stderr
    made = os.fsencode(tmp_path)
    with open(os.path.join(made, folder, b"run.json"), encoding="utf-8") as file:
        info = json.load(file)
    assert info["label"] == "für Ä & Ö" and info["cells"][0]["state"] == "done", info["cells"]
    with open(os.path.join(made, b"reports", folder + b".html"), encoding="utf-8") as file:
        assert "für Ä &amp; Ö" in file.read()
    again = bench(tmp_path, latin1, "measure", folder, "--json")
    assert again.returncode == 0 and json.loads(again.stdout), again.stderr


def test_an_argument_that_is_no_text_is_refused(tmp_path: Path, latin1: dict[str, str]) -> None:
    env = latin1 | {"LC_ALL": "C.UTF-8"}
    done = bench(tmp_path, env, "run", "burst", "--arm", "floor", "--label", b"gr\xfcn")
    assert done.returncode == 64 and done.stderr.startswith(
        b"bench: the argument 'gr?n' is no text in utf-8"
    ), done.stderr
    done = bench(
        tmp_path, env | {"QUEUE_BENCH_REDIS": os.fsdecode(b"redis://:\xfc@127.0.0.1")}, "list"
    )
    assert done.returncode == 64 and b"the variable QUEUE_BENCH_REDIS" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 × 4 − 1 … 9 – “x” → µs ≥ 2", '3 x 4 - 1 ... 9 - "x" -> us >= 2'),
        ("Ärger über café, ½ naïve, ß", "Arger uber cafe, 1/2 naive, ss"),
        ("▁▄█ ✓ ✗ 队列 \udcfc", "_=# + x ?? ?"),
    ],
)
def test_the_nearest_ascii(text: str, expected: str) -> None:
    assert text.encode("ascii", streams.HANDLER).decode() == streams.nearest(text) == expected


def test_every_sign_that_bench_prints_has_a_likeness() -> None:
    signs = {
        sign for path in (ROOT / "bench").rglob("*.py") for sign in path.read_text(encoding="utf-8")
    }
    without = {sign for sign in signs if not sign.isascii() and "?" in streams.nearest(sign)}
    assert without <= set("⌈⌉"), "of a comment"
