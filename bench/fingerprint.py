"""Which code made a number: a part of the reference is measured again when this has changed."""

import hashlib
import subprocess

from bench.host import ROOT

SHARED = (
    "bench/probe/*.py",
    "bench/brokers/redis.py",
    "adapters/base.py",
    "adapters/*/a*.py",
    "adapters/*/settings.py",
    "scenarios/common.py",
    *(f"bench/{name}.py" for name in ("cell", "fleet", "gates", "host", "keeper", "ledger", "load", "fates", "resources", "schedule", "stage")),
)
OWN = {"recovery": ("bench/recovery.py", "bench/faults.py"), "latency": ("bench/stats.py",)}


def fingerprint(scenario: str) -> str:
    """A digest of every file that a scenario's numbers depend on."""
    patterns = (*SHARED, f"scenarios/{scenario}.py", *OWN.get(scenario, ()))
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def commit() -> tuple[str, bool]:
    """(commit, whether the tree differs from it); ('', False) outside a checkout."""

    def git(*args: str) -> str:
        return subprocess.run(["git", "-C", str(ROOT), *args], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", "bench", "adapters", "scenarios"))
    except (OSError, subprocess.CalledProcessError):
        return "", False
