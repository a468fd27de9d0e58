"""Runs within a real CPU quota: what was halted says so, and is no figure."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from bench.record import store
from bench.run.failures import Halted
from tests.cgroups import ROOT, inside, quota


def run(folder: Path, cores: float, *words: str) -> tuple[int, store.Run, str]:
    command = [sys.executable, "-m", "bench.cli", "run", *words, "--out", "run", "--wait"]
    with quota(cores) as group:
        done = inside(group, command, cwd=folder, timeout=300)
    return done.returncode, store.open_run(folder / "run"), done.stderr + done.stdout


@pytest.mark.e2e
@pytest.mark.slow
def test_a_cell_within_a_quota_is_invalid_and_says_that_it_was_throttled(tmp_path: Path) -> None:
    arms = ("--arm", "floor", "--arm", "huey/default")
    code, stored, said = run(tmp_path, 0.6, "burst", "--size", "smoke", *arms, "--tasks", "4000")
    assert code == 4, said
    speeds = stored.measures[stored.measures["metric"] == "throughput"]
    assert len(speeds) == 2 and (speeds["verdict"] == "invalid").all(), (
        "nothing is gained by a second try"
    )
    for row in speeds.itertuples():
        assert "throttled: the cgroup's CPU quota of 0.6 cores halted this cell for" in row.reason
        assert pd.isna(row.value)
    machine = stored.manifest.machine
    assert machine.cpu_quota_cores == 0.6 and stored.manifest.plan.workers == 1
    assert machine.cores == len(os.sched_getaffinity(0))
    assert any("a quota halts" in line for line in stored.manifest.warnings)


FAILED = """
import os, sys, time
from bench.run.failures import Halted
with open(sys.argv[1] + "/cgroup.procs", "w") as file: file.write(str(os.getpid()))
halted = Halted()
until = time.monotonic() + 0.5
while time.monotonic() < until: pass
print(halted.reason())
"""


def test_a_cell_that_failed_under_a_quota_says_so_too() -> None:
    with quota(0.1) as folder:
        # The imports are done before: they would take long.
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", FAILED, str(folder)]
        said = subprocess.check_output(command, env=env, timeout=60, text=True)
    assert said.startswith("throttled: the cgroup's CPU quota of 0.1 cores halted this cell for")


def test_without_one_nothing_is_said() -> None:
    assert Halted().reason() == ""
