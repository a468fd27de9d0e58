"""The keeper of a far host, as a child of this process: no network is between, all else is real."""

import io
import os
import signal
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bench.base.errors import CellFailed, UsageError
from bench.hosts.cell_host import all_ended, kill_trees
from bench.hosts.channel import Channel
from bench.hosts.far_host import FarHost
from bench.hosts.sent_keeper import python_command, shell_command
from bench.inprocess import event_log

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import os, signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "os.fork() and os.fork()\n"
    "os.setsid() if os.getpid() != os.getsid(0) else None\n"
    "time.sleep(600)",
]
OURS = python_command(sys.executable, sys.version_info[:2])
IN_A_SHELL = shell_command(sys.executable, sys.version_info[:2])


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    with Channel("worker-1", OURS, tmp_path / "says.txt", ()) as opened:
        yield opened


@pytest.fixture
def host(channel: Channel, tmp_path: Path) -> Iterator[FarHost]:
    with FarHost(channel, "127.0.0.1").cell(tmp_path / "mirror") as made:
        yield made


def within(seconds: float, met: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_it_says_what_its_host_is(channel: Channel) -> None:
    assert channel.facts["python"] == list(sys.version_info[:3])
    assert channel.clock == event_log.clock_id().hex() and Path(channel.root).is_dir()


def test_processes_are_started_signalled_and_told_of(host: FarHost) -> None:
    good = host.spawn([sys.executable, "-c", "print('hello')"], host.logs / "good.log", {})
    bad = host.spawn([sys.executable, "-c", "import sys; sys.exit(3)"], host.logs / "b.log", {})
    long = host.spawn(SLEEP, host.logs / "long.log", {})
    assert all_ended([good, bad], 10) and (good.exit_status(), bad.exit_status()) == (0, 3)
    assert host.last_lines(host.logs / "good.log") == "hello"
    assert long.exit_status() is None and [each.pid for each in long.tree()] == [long.pid]
    assert long.signal(signal.SIGTERM) and long.wait(5) and long.exit_status() == -signal.SIGTERM
    assert not long.signal(signal.SIGTERM)
    with pytest.raises(
        CellFailed, match=r"cannot start /no/such/program: worker-1: .*No such file"
    ):
        host.spawn(["/no/such/program"], host.logs / "none.log", {})


def test_a_tree_is_killed_whole_and_its_stamp_is_of_our_clock(host: FarHost) -> None:
    root = host.spawn(DEAF, host.logs / "deaf.log", {})
    assert within(5, lambda: len(root.tree()) == 3)
    before = time.monotonic_ns()
    t0, pids = kill_trees([root])
    assert len(pids) == 3 and not any(psutil.pid_exists(pid) for pid in pids)
    assert before - 5_000_000 < t0 < time.monotonic_ns() + 5_000_000


def test_files_go_there_and_come_back(host: FarHost, tmp_path: Path) -> None:
    big = os.urandom(9_000_000)
    host.write(host.work / "big.bin", big)
    assert host.read(host.work / "big.bin") == big
    copy = host.fetch(host.work / "big.bin")
    assert copy.read_bytes() == big and copy.is_relative_to(tmp_path)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.add(__file__, "some/test.py")
    host.unpack(host.work, file.getvalue())
    assert host.read(host.work / "some" / "test.py") == Path(__file__).read_bytes()
    host.start_events(host.work / "runs.bin")
    assert host.read(host.work / "runs.bin") == event_log.header()
    host.write(host.work / "count", b"")
    host.grow(host.work / "count", 4000)
    assert host.size(host.work / "count") == 4000
    assert host.names(host.work, "*.bin") == [host.work / "big.bin", host.work / "runs.bin"]
    with pytest.raises(CellFailed, match="is not ours on this host"):
        host.read(Path("/etc/passwd"))
    with pytest.raises(CellFailed, match="is not ours on this host"):
        host.write(host.work / ".." / ".." / "elsewhere", b"")


def test_a_sample_has_memory_and_cpu_of_each_group(host: FarHost) -> None:
    busy = host.spawn([sys.executable, "-c", "while True: pass"], host.logs / "busy.log", {})
    first = host.usage({"workers": [busy.pid], "broker": []})
    time.sleep(0.5)
    second = host.usage({"workers": [busy.pid], "broker": []})
    spent = second["groups"]["workers"]["cpu_s"] - first["groups"]["workers"]["cpu_s"]
    assert 0.1 < spent < 1 and second["groups"]["workers"]["pss"] > 1e6
    assert second["groups"]["broker"]["processes"] == 0
    assert second["all_cpu_s"] >= second["groups"]["workers"]["cpu_s"]


def test_nothing_of_a_cell_is_left_at_its_end(channel: Channel, tmp_path: Path) -> None:
    with FarHost(channel, "127.0.0.1").cell(tmp_path / "mirror") as made:
        pids = [made.spawn(DEAF, made.logs / "deaf.log", {}).pid]
        work = made.work
    assert not any(psutil.pid_exists(pid) for pid in pids) and not work.exists()


@pytest.mark.parametrize("how", ["closed", "silent"])
def test_all_ends_when_nobody_answers_for_it(how: str, tmp_path: Path) -> None:
    channel = Channel("worker-1", OURS, tmp_path / "says.txt", ())
    with channel:
        host = FarHost(channel, "127.0.0.1")
        with host.cell(tmp_path / "mirror"):
            root = host.spawn(DEAF, host.logs / "deaf.log", {})
            assert within(5, lambda: len(root.tree()) == 3)
            pids = [each.pid for each in root.tree()]
            keeper = psutil.Process(int(channel.facts["pid"]))
            began = time.monotonic()
            channel.stop_beating()  # as when a link is down: the pipe stays open
            if how == "closed":
                channel.hang_up()
            gone = within(6, lambda: keeper.status() == psutil.STATUS_ZOMBIE)  # our child
            took = time.monotonic() - began
    assert gone and took < (1 if how != "silent" else 5.5), took
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not Path(channel.root).exists()


def test_a_host_that_is_lost_is_said_to_be(tmp_path: Path) -> None:
    with Channel("worker-1", OURS, tmp_path / "says.txt", ()) as channel:
        os.kill(int(channel.facts["pid"]), signal.SIGSTOP)
        with pytest.raises(CellFailed, match=r"worker-1 is lost: it was silent for 4\.\d s"):
            channel.ask("clock")
        os.kill(int(channel.facts["pid"]), signal.SIGCONT)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["sh", "-c", "echo 'Permission denied' >&2; exit 255"], "Permission denied"),
        (
            ["sh", "-c", f"echo Welcome, friend.; exec {IN_A_SHELL}"],
            "says something before Python does: 'Welcome",
        ),
        (python_command(sys.executable, (2, 7)), "Python 2.7 is needed, this is 3."),
        (["/no/such/ssh"], "the program /no/such/ssh is not there"),
    ],
)
def test_a_host_that_cannot_be_used_is_one_line(argv: list[str], said: str, tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="worker-1: ") as refused,
        Channel("worker-1", argv, tmp_path / "says.txt", ()),
    ):
        pass
    assert said in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_fails_what_is_written_and_the_keeper_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    small = f'mount -t tmpfs -o size=1m none {tmp_path} && exec "$0" "$@"'
    argv = ["unshare", "--mount", "sh", "-c", small, *OURS]
    with (
        tempfile.TemporaryDirectory() as ours,
        Channel("worker-1", argv, Path(ours) / "says.txt", ("TMPDIR",)) as channel,
        FarHost(channel, "127.0.0.1").cell(Path(ours) / "mirror") as host,
    ):
        with pytest.raises(CellFailed, match=r"worker-1: .*No space left on device"):
            host.write(host.work / "big.bin", bytes(9_000_000))
        host.write(host.work / "small.bin", b"abc")
        assert host.read(host.work / "small.bin") == b"abc"


def test_two_benches_do_not_measure_on_one_host(
    channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Channel("worker-1", OURS, tmp_path / "a.txt", ("TMPDIR",)) as first:
        first.ask("lock")
        with Channel("worker-1", OURS, tmp_path / "b.txt", ("TMPDIR",)) as second:
            with pytest.raises(CellFailed, match=f"another bench .* {first.facts['pid']}\\b"):
                second.ask("lock")
            first.__exit__()
            second.ask("lock")
