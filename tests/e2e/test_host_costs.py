"""What we add on a measured host stays below what the guide says, over sshd and over Dask."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

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
# Between cells: percent of a core, and MB.
MOST = {"ssh": (0.1, 25.0), "dask": (0.3, 60.0)}
WITHIN = 1.0


@pytest.mark.parametrize("engine", HAS)
def test_it_takes_next_to_nothing(engine: str, tmp_path: Path) -> None:
    if not HAS[engine]:
        pytest.skip(f"{engine} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.host_costs", engine, str(tmp_path)],
        cwd=ROOT,
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    core_percent, mb = MOST[engine]
    assert found["between"]["core_percent"] <= core_percent, found
    assert found["between"]["mb"] <= mb, found
    assert found["within"]["core_percent"] <= WITHIN, found
