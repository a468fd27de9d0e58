"""The truth lies within the bounds of real clocks of namespaces, over a cable and a slow line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clock_trials import TRIALS
from tests.e2e.test_end_to_end import ENV

ROOT = Path(__file__).resolve().parents[2]
QUIET_US = 100.0
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces with networks take root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="apt install iproute2"),
    pytest.mark.skipif(not Path("/dev/net/tun").exists(), reason="no TUN devices here"),
]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.clock_trials", str(tmp_path_factory.mktemp("trials"))],
        cwd=ROOT,
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_truth_lies_within_the_bounds_of_every_trial(trials: list[dict[str, Any]]) -> None:
    assert [each["name"] for each in trials] == [each.name for each in TRIALS]
    assert len(trials) == 12
    for each in trials:
        assert not each["unfit"] and each["pings"] >= 30, each
        assert each["outside"] == 0, each


def test_quiet_clocks_are_known_to_100_us_and_a_longer_way_widens_them(
    trials: list[dict[str, Any]],
) -> None:
    for each in trials:
        longer_us = abs(each["line_ms"][0] - each["line_ms"][1]) * 1e3 if each["line_ms"] else 0
        if each["name"].startswith("quiet"):
            assert each["half_us"] <= QUIET_US, each
        assert each["half_us"] >= longer_us / 2, "what it cannot know it does not claim"
