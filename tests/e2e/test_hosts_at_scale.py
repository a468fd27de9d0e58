"""200 hosts and 20 million tasks fit into five minutes and a gigabyte; the hosts are made up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_files_of_200_hosts_are_gathered_and_reported(tmp_path: Path) -> None:
    folder = tmp_path / "hosts"
    program = [sys.executable, "-m", "tests.hosts_at_scale"]
    subprocess.run([*program, "write", str(folder)], cwd=ROOT, check=True)
    done = subprocess.run(
        [*program, "report", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    found = json.loads(done.stdout)
    assert found["seconds"] <= 300 and found["mb"] <= 1024, found
    assert found["lost"] == [19_999_998, 19_999_999] and found["doubled"] == [0]
    assert found["stored"] + found["left_out"] == 20_000_000
    for name, expected in (("latency_p50_ms", 2.7), ("latency_p99_ms", 14.4)):
        value, bound = found[name]
        assert abs(value - expected) <= bound + 0.01 * expected, found
