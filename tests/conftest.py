"""The suite must end as clean as it began."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

OURS = (
    "redis-server",
    "rabbitmq",
    "beam.smp",
    "epmd",
    "/bin/postgres",
    "valkey-server",
    "celery",
    "rq worker",
    "huey_consumer",
    "bench.probe",
    "keeper.py",
    "adapters.floor",
    "planted.app",
)
# Others may measure and test on this host at the same time.
STARTERS = ("bench.cli", "/bin/bench", "pytest")


def ours() -> dict[int, str]:
    """Every living process that could be a leftover of a cell."""
    found = {}
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if any(word in line for word in OURS) and process.info["status"] != psutil.STATUS_ZOMBIE and not _of_another_bench(process):
            found[process.info["pid"]] = line
    return found


def _of_another_bench(process: psutil.Process) -> bool:
    """Whether a bench or a pytest that lives and is none of ours is above it."""
    try:
        above = {each.pid: each for each in process.parents()}
        ours = {os.getpid()} | {each.pid for each in psutil.Process().parents()}
        others = [each.cmdline()[1:4] for pid, each in above.items() if pid not in ours]
        return os.getpid() not in above and any(
            starter in word for line in others for word in line for starter in STARTERS
        )
    except psutil.Error:
        return False


@pytest.fixture(scope="session", autouse=True)
def leaves_nothing_behind() -> Iterator[None]:
    """No process, no listening port and no temporary folder that was not there before."""
    before, listening, folders = ours(), ports(), set(Path(tempfile.gettempdir()).glob("queue-bench-*"))
    yield
    # Seen twice: what a killed bench of somebody else's leaves is an orphan until its keeper is through.
    left = ours().keys() - before
    until = time.monotonic() + 5
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left &= ours().keys()
    assert {pid: line for pid, line in ours().items() if pid in left} == {}
    assert ports() <= listening
    assert set(Path(tempfile.gettempdir()).glob("queue-bench-*")) == folders


def ports() -> set[int]:
    """The ports on which a process of ours listens, whoever is its parent by now."""
    mine = ours().keys() | {process.pid for process in psutil.Process().children(recursive=True)}
    return {c.laddr.port for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid in mine}
