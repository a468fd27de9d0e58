"""The suite must end as clean as it began."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import newcomer

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


def ours() -> dict[int, str]:
    """Every living process that could be a leftover of a cell."""
    found = {}
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if any(word in line for word in OURS) and process.info["status"] != psutil.STATUS_ZOMBIE and not _of_another_bench(process):
            found[process.info["pid"]] = line
    return found


def _of_another_bench(process: psutil.Process) -> bool:
    """Whether it belongs to a bench that lives and is none of ours: somebody may be measuring on this host."""
    try:
        above = process.parents()
        return os.getpid() not in [p.pid for p in above] and any("bench" in word for p in above for word in p.cmdline()[1:2])
    except psutil.Error:
        return False


@pytest.fixture(scope="session", autouse=True)
def leaves_nothing_behind() -> Iterator[None]:
    """No process, no listening port and no temporary folder that was not there before."""
    before, listening, folders = ours(), ports(), set(Path(tempfile.gettempdir()).glob("queue-bench-*"))
    yield
    assert {pid: line for pid, line in ours().items() if pid not in before} == {}
    assert ports() <= listening
    assert set(Path(tempfile.gettempdir()).glob("queue-bench-*")) == folders


def ports() -> set[int]:
    """The ports on which a process of ours listens, whoever is its parent by now."""
    mine = ours().keys() | {process.pid for process in psutil.Process().children(recursive=True)}
    return {c.laddr.port for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid in mine}


@pytest.fixture(scope="session")
def installed() -> Iterator[Path]:
    """The programs of a fresh environment that has the wheel of these files, and no checkout on its path."""
    base = Path(tempfile.mkdtemp(prefix="newcomer-"))
    try:
        yield newcomer.install(base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
