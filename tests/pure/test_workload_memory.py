"""A million arrivals, from the draws to the figures, within the memory that bench may take."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_MB = 400
ARRIVALS = 1_000_000
FILE = f"""
[[task]]
name = "thumbnail"
share = 70
sleep_ms = {{ median = 5, p99 = 50 }}
payload = "4 KiB"

[[task]]
name = "mail"
share = 30
sleep_ms = 40
fails = 0.01
retries = 3

[arrivals]
kind = "steady"
rate = {ARRIVALS // 50}
seconds = 50

[objective]
p99_ms = 500

[objective.task.mail]
p90_ms = 200
"""


@pytest.mark.slow
def test_a_million_arrivals_take_400_mb_at_most(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(FILE)
    done = subprocess.run(
        [sys.executable, "-m", "tests.workload_million", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    arrivals, megabytes = map(int, done.stdout.split())
    assert arrivals == ARRIVALS and megabytes <= MOST_MB
