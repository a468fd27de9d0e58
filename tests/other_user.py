"""Another user, by a number that no list of users knows: containers run as such."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

NUMBER = 54321
ROOT = Path(__file__).resolve().parent.parent
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
_BECOME = ("setpriv", f"--reuid={NUMBER}", f"--regid={NUMBER}", "--clear-groups")
# It may read what root may, where Python itself lies in root's home; it writes as any other.
_READS = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


def as_other(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program as that user, in just this environment and a PATH."""
    env = {"PATH": os.environ["PATH"], **env}
    # By way of `env`: what setpriv itself starts is still found by root.
    plain = [*_BECOME, "env", sys.executable, "-c", ""]
    reached = subprocess.run(plain, capture_output=True, check=False).returncode == 0
    command = [*_BECOME, *(() if reached else _READS), *argv]
    return subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=False)
