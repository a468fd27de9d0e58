"""A system from outside the repository, written from docs/adding-a-system.md.

It loses, doubles, stalls and leaks: all of that must show.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.measure.figures import fates_of
from bench.measure.latencies import latency_ms
from bench.measure.order_statistics import percentile
from bench.record import ledger, store
from bench.selftest.resources import slope

ROOT = Path(__file__).resolve().parents[2]
LOST, DOUBLED, STALLED, STALL_S, LEAK = 700, 900, 1000, 1.0, 8192
PLANT = f"""
            plant = cell_context.load()["settings"]["plant"]
            if plant == "losses" and task == {LOST}:
                continue
            if plant == "losses" and task == {DOUBLED}:
                body.run(task, work)
            if plant == "stall" and task == {STALLED}:
                import time
                time.sleep({STALL_S})
            if plant == "leak":
                kept.append(bytes({LEAK}))
            client.hset("tiny:results", str(task), body.run(task, work))
"""
SETTING = 'POLL, Setting("plant", "", "https://tiny.example/docs/plant", "what it does wrong")'
pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the page, with what it does wrong put in."""
    folder = tmp_path_factory.mktemp("outside") / "tiny"
    folder.mkdir()
    page = (ROOT / "docs" / "adding-a-system.md").read_text(encoding="utf-8")
    adapter, app = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[:2]
    line = '            client.hset("tiny:results", str(task), body.run(task, work))\n'
    assert line in app and "(POLL,)" in adapter
    (folder / "adapter.py").write_text(adapter.replace("(POLL,)", f"({SETTING})"), encoding="utf-8")
    (folder / "app.py").write_text(
        app.replace(line, PLANT.lstrip("\n")).replace(
            "    while True:\n", "    kept = []\n    while True:\n", 1
        ),
        encoding="utf-8",
    )
    return folder


def run(tiny: Path, name: str, plant: str, *args: str) -> store.Run:
    """A run of the command as a user types it."""
    command = [
        sys.executable,
        "-m",
        "bench.cli",
        "run",
        *args,
        "--arm",
        f"tiny/default{{plant={plant}}}",
        "--adapter",
        str(tiny),
    ]
    command += ["--workers", "1", "--wait", "--out", name]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command,
        cwd=tiny.parent,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 3, 4), done.stderr
    return store.open_run(tiny.parent / name)


def test_its_loss_and_its_double_are_found_by_id(tiny: Path) -> None:
    cell = run(
        tiny, "losses", "losses", "burst", "--case", "-", "--tasks", "5000", "--size", "quick"
    ).cell(1)
    told = fates_of(cell, ledger.load(cell)).by_name
    assert told["lost"].tolist() == [LOST] and told["doubled"].tolist() == [DOUBLED]
    assert len(told["finished"]) == 4998


def test_its_leak_is_measured(tiny: Path) -> None:
    cell = run(
        tiny, "leak", "leak", "burst", "--case", "-", "--tasks", "10000", "--size", "quick"
    ).cell(1)
    assert slope(cell) == pytest.approx(LEAK, rel=0.1)


def test_its_stall_is_in_the_latency_and_makes_no_percentile(tiny: Path) -> None:
    stalled = run(tiny, "stall", "stall", "latency", "--case", "rate=200")
    # A cell that somebody disturbed was measured once more.
    row = stalled.standing.set_index("metric").loc["latency_p99_ms"]
    if row["verdict"] == "invalid":
        pytest.skip("the machine was too busy for this cell: " + str(row["reason"]))
    book = ledger.load(stalled.cell(int(row["cell"])))
    # The worst of the stall is its length; the 1 % of the 6,000 tasks that may be worse than a P99
    # are 60, which fall due within 0.3 s on average.
    found_ms = percentile(latency_ms(book, book.measured(), book.due), 99.0)
    assert 500 <= found_ms <= 1000
    assert row["verdict"] == "withheld" and "one spell" in row["reason"]
