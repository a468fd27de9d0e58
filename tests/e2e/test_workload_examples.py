"""The example loads live on the three systems, shortened: every task finishes, and what imports
cost shows where it is paid."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.measure.goals import MeasuredLoad, load_of
from bench.record import store
from tests.e2e.test_end_to_end import ROOT, bench

EXAMPLES = ROOT / "examples" / "workloads"
SYSTEMS = ("celery", "rq", "huey")
STEPS = '[["5s", "10/s"], ["2s", "100/s"], ["15s", "10/s"]]'
IMPORT_MS = 100.0  # less than pandas takes anywhere
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def shortened(name: str, folder: Path) -> Path:
    """The workload file of an example with all that lies beside it, so that a cell takes 15 s."""
    shutil.copytree(EXAMPLES / name, folder / name)
    path = folder / name / "workload.toml"
    text = path.read_text(encoding="utf-8")
    text, whole = re.subn(r"^seconds = \d+$", "seconds = 15", text, flags=re.MULTILINE)
    text, stepped = re.subn(r"^steps = .*$", f"steps = {STEPS}", text, flags=re.MULTILINE)
    assert whole + stepped == 1
    path.write_text(text, encoding="utf-8")
    return path


def loads(name: str, folder: Path) -> dict[str, MeasuredLoad]:
    """System → the load as it ran it."""
    arms = [word for system in SYSTEMS for word in ("--arm", f"{system}/default")]
    file = shortened(name, folder)
    done = bench(
        folder,
        *("run", "workload", "--workload", str(file), *arms, "--size", "quick", "--out", "run"),
        timeout=1200,
    )
    # A busy test machine may make a cell invalid (4); nothing else may happen.
    assert done.returncode in (0, 4), done.stderr + done.stdout
    run = store.open_run(folder / "run")
    assert {line.state for line in run.manifest.cells} == {"done"}
    page = bench(folder, "report", "run", "--out", "page.html")
    assert page.returncode == 0, page.stderr
    assert "Goal by goal" in (folder / "page.html").read_text(encoding="utf-8")
    return {line.arm.partition("/")[0]: load_of(cell) for line, cell in run.measured()}


@pytest.mark.parametrize("name", ["fan-out", "orders", "thumbnails"])
def test_every_task_of_every_type_finishes(name: str, tmp_path: Path) -> None:
    found = loads(name, tmp_path)
    assert set(found) == set(SYSTEMS)
    for system, load in found.items():
        told = load.outcomes
        assert np.isfinite(told.latency_ms).all(), f"{system} left tasks undone"
        assert not told.failed.any() and not told.lost.any(), system
        assert set(told.kinds.tolist()) == set(range(len(load.workload.task))), system
    arrivals = [load.outcomes.due_ns - load.begin_ns for load in found.values()]
    assert all(np.array_equal(arrivals[0], each) for each in arrivals), "the same for every system"


def test_heavy_imports_cost_where_each_task_pays_them(tmp_path: Path) -> None:
    more = {}
    for system, load in loads("heavy-imports", tmp_path).items():
        light, heavy = (np.median(load.of(name).latency_ms) for name in ("light", "heavy"))
        more[system] = float(heavy - light)
    assert more["rq"] > IMPORT_MS
    assert max(more["celery"], more["huey"]) < IMPORT_MS / 2, more
