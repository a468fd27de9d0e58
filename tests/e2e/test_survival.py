"""Nothing of ours outlives what kept it, whatever happens: over a real sshd and over Dask."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.hosts.sent.lease import ENDING_NS, PATIENCE_NS
from tests.e2e.test_end_to_end import ENV

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces with networks take root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="apt install iproute2"),
]
HAS = {
    "ssh": Path("/usr/sbin/sshd").exists(),
    "dask": find_spec("distributed") is not None,
}
AT_ONCE_S, UNHEARD_S = 5.0, (PATIENCE_NS + ENDING_NS) / 1e9
ROWS = {
    "controller-killed": AT_ONCE_S,
    "channel-killed": AT_ONCE_S,
    "session-killed": AT_ONCE_S,
    "engine-killed": AT_ONCE_S,
    "controller-stopped": UNHEARD_S,
    "link-down": UNHEARD_S,
}
NO_SUCH_THING = {
    ("dask", "session-killed"): "Dask has no sessions",
    ("ssh", "engine-killed"): "sessions of ssh outlive its listener",
}


@pytest.mark.parametrize("event", ROWS)
@pytest.mark.parametrize("engine", HAS)
def test_nothing_lives_on(engine: str, event: str, tmp_path: Path) -> None:
    if not HAS[engine]:
        pytest.skip(f"{engine} is not installed")
    if (engine, event) in NO_SUCH_THING:
        pytest.skip(NO_SUCH_THING[engine, event])
    done = subprocess.run(
        [sys.executable, "-m", "tests.survival", engine, event, str(tmp_path)],
        cwd=ROOT,
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["before"] >= 4, "a family of three and its keeper"
    assert found["seconds"] <= ROWS[event], found
    assert not found["folder"], "its folder is gone"
