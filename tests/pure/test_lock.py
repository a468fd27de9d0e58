"""Two benches never measure at once, and a dead one leaves nobody waiting."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.base.errors import UsageError
from bench.hosts import lock

HOLD = (
    "from bench.hosts.lock import measuring\n"
    "with measuring():\n    print('held', flush=True)\n    input()\n"
)


@pytest.fixture(autouse=True)
def own_temp_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock of its own: the suite may run while a bench measures."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def other() -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input closes."""
    root = Path(lock.__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        assert process.stdout and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_bench_is_told_who_measures(other: subprocess.Popen[str]) -> None:
    with pytest.raises(UsageError, match=rf"pid {other.pid}\).*--wait"), lock.measuring():
        pytest.fail("both hold the lock")


def test_kill_9_gives_the_lock_back(other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    with lock.measuring():
        assert (Path(tempfile.gettempdir()) / lock.NAME).read_text(
            encoding="utf-8"
        ) == f"{os.getpid()}\n"


def test_wait_goes_on_when_the_other_is_through(other: subprocess.Popen[str]) -> None:
    said = []

    def end_the_other(line: str) -> None:
        said.append(line)
        threading.Timer(0.3, other.kill).start()

    start = time.monotonic()
    with lock.measuring(wait=True, say=end_the_other):
        assert other.wait(5) == -signal.SIGKILL
    assert 0.2 < time.monotonic() - start < 5
    assert len(said) == 1 and str(other.pid) in said[0]


def test_the_lock_is_given_back_on_an_error_and_can_be_taken_again() -> None:
    with pytest.raises(ZeroDivisionError), lock.measuring():
        _ = 1 / 0
    with lock.measuring():
        pass


def test_every_user_may_take_the_lock_whatever_the_umask() -> None:
    before = os.umask(0o077)
    try:
        with lock.measuring():
            mode = (Path(tempfile.gettempdir()) / lock.NAME).stat().st_mode
    finally:
        os.umask(before)
    assert stat.S_IMODE(mode) == 0o666


def test_a_link_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("kept", encoding="utf-8")
    (tmp_path / lock.NAME).symlink_to(target)
    with pytest.raises(UsageError, match="remove it"), lock.measuring():
        pytest.fail("followed a link")
    assert target.read_text(encoding="utf-8") == "kept"
