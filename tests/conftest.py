"""The suite must end as clean as it began."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import allowed_skips, newcomer

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
    "bench.inprocess",
    "keeper.py",
    "namespace_holder",
    "b64decode",  # a far keeper
    "adapters.floor",
    "planted.app",
)
STARTERS = ("bench.cli", "/bin/bench", "pytest")


def ours() -> dict[int, str]:
    """Every living process that could be a leftover of a cell."""
    found = {}
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if (
            any(word in line for word in OURS)
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and not _of_another_bench(process)
        ):
            found[process.info["pid"]] = line
    return found


def _of_another_bench(process: psutil.Process) -> bool:
    """Whether whoever started it lives and is none of ours: others may measure on this host."""
    try:
        chain = [process, *process.parents()]
        if os.getpid() in [each.pid for each in chain]:
            return False
        lineage = {1, *(each.pid for each in psutil.Process().parents())}
        return any(_starts_cells(each) for each in chain if each.pid not in lineage)
    except psutil.Error:
        return False


def _starts_cells(process: psutil.Process) -> bool:
    """Whether it is a bench, a pytest, or a program that uses either; not what runs in a cell."""
    line = process.cmdline()
    if any(starter in word for word in line[1:4] for starter in STARTERS):
        return True
    if line[1:2] == ["-c"] and Path(line[0]).name in ("sh", "bash", "dash"):
        return True  # what it says may name anything
    return not any(word in " ".join(line) for word in OURS)


@pytest.fixture(scope="session", autouse=True)
def leaves_nothing_behind() -> Iterator[None]:
    """No process, no listening port and no temporary folder that was not there before."""
    before, listening, folders = ours(), ports(), temporary()
    yield
    # Five seconds, as after a `kill -9`: what others measure here comes and goes meanwhile.
    left, until = ours().keys() - before, time.monotonic() + 5
    new = temporary() - folders
    while (left or new) and time.monotonic() < until:
        time.sleep(0.1)
        left, new = left & ours().keys(), new & temporary()
    assert {pid: line for pid, line in ours().items() if pid in left} == {}
    assert ports() <= listening
    assert new == set()


_SKIPPED: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        _SKIPPED.append(str(report.longrepr[2]).removeprefix("Skipped: "))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skip that nobody has thought of fails the suite."""
    if os.environ.get(allowed_skips.VARIABLE) and (left := allowed_skips.unlisted(_SKIPPED)):
        print("\nskipped, and not on the list of tests/allowed_skips.py:", *left, sep="\n  ")
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def temporary() -> set[Path]:
    """The temporary folders that a bench makes."""
    return set(Path(tempfile.gettempdir()).glob("queue-bench-*"))


def ports() -> set[int]:
    """The ports on which a process of ours listens, whoever is its parent by now."""
    mine = ours().keys() | {process.pid for process in psutil.Process().children(recursive=True)}
    return {
        c.laddr.port
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.pid in mine
    }


@pytest.fixture(scope="session")
def installed() -> Iterator[Path]:
    """The programs of a fresh environment with the wheel of these files.

    No checkout is on its path.
    """
    base = Path(tempfile.mkdtemp(prefix="newcomer-"))
    try:
        yield newcomer.install(base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
