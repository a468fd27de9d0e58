"""Cells on several hosts: namespaces of this machine, with networks and clocks of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.measure.figures import fates_of
from bench.record import ledger, store
from bench.record.stored_pings import read_network, read_pings
from tests.conftest import ours
from tests.e2e.test_end_to_end import ENV
from tests.made_hosts import SCHEDULER, SSHD

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces with networks take root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="apt install iproute2"),
]
OF_SSH = pytest.mark.skipif(not Path(SSHD).exists(), reason="apt install openssh-server")
OF_DASK = pytest.mark.skipif(find_spec("distributed") is None, reason="pip install distributed")
ENGINES = [pytest.param("ssh", marks=OF_SSH), pytest.param("dask", marks=OF_DASK)]


def bench(
    folder: Path,
    *args: str,
    before: tuple[str, ...] = (),
    timeout: float = 900,
    variables: Mapping[str, str] = {},
) -> Any:
    return subprocess.run(
        [*before, sys.executable, "-m", "bench.cli", *args],
        cwd=folder,
        env=ENV | {"PYTHONPATH": str(ROOT)} | dict(variables),
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


RESTS_ON = "its rate is a share of the capacity"  # of a cell that somebody else has disturbed


def folders() -> set[str]:
    return {path.name for path in Path("/tmp").glob("queue-bench-*") if path.is_dir()}


def checked(folder: Path) -> store.Run:
    """A run whose cells are done, on hosts whose clocks differ by minutes and are known to µs."""
    run = store.open_run(folder)
    lines = [(line.number, line.state, line.verdict, line.reason) for line in run.manifest.cells]
    for _, state, _, reason in lines:
        assert state == "done" or reason.startswith(RESTS_ON), lines
    assert len({each.clock for each in run.manifest.hosts}) == len(run.manifest.hosts)
    assert any("one machine plays" in each for each in run.manifest.warnings)
    return run


def test_doctor_says_how_well_clocks_are_known(tmp_path: Path) -> None:
    done = bench(tmp_path, "doctor", "--hosts", "netns:4", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {each["what"]: each for each in json.loads(done.stdout)}
    assert {"broker", "generator-1", "worker-1", "worker-2", "broker's server"} <= set(found)
    clocks = [each["detail"] for what, each in found.items() if what.startswith("clocks of")]
    assert len(clocks) == 2
    assert all(float(each.split("± ")[1].split(" ")[0]) <= 100 for each in clocks), clocks
    assert not ours()


def test_a_smoke_run_on_hosts_with_clocks_of_their_own(tmp_path: Path) -> None:
    before = folders()
    asked = ("--hosts", "netns:4", "--arm", "huey", "--size", "smoke")
    done = bench(tmp_path, "run", "burst", "latency", *asked, "--out", "run", "--wait")
    assert done.returncode in (0, 4), done.stdout + done.stderr
    run = checked(tmp_path / "run")
    for line, cell in run.measured():
        book = ledger.load(cell)
        told = cell.runs("host").combine_chunks().dictionary.to_pylist()
        assert {"worker-1", "worker-2"} <= set(told), line
        offsets = [abs(each.offset_ns) for each in cell.log.hosts.values()][1:]
        assert min(offsets) > 100e9, "their clocks are minutes apart"
        # And yet nothing begins before it was sent, by one clock, nor much later.
        ours_by_id, give = book.measured(), book.give_of_tasks()
        assert (book.first_start() >= book.sent - give)[ours_by_id].all()
        assert give[ours_by_id].max() < 2e6
        if line.scenario == "latency":
            took_ns = (book.first_finish() - book.due)[ours_by_id]
            assert 0 < np.median(took_ns) < 150e6
        assert len(read_pings(cell.folder)) == 2 and not read_network(cell.folder).unfit(
            [each.clock for each in cell.log.hosts.values()]
        )
    assert not ours() and folders() <= before


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_of_a_run_that_was_ended(how: int, tmp_path: Path) -> None:
    before = folders()
    asked = ("run", "burst", "--hosts", "netns:4", "--arm", "huey", "--size", "quick")
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.cli", *asked, "--out", "run", "--wait"],
        cwd=tmp_path,
        env=ENV | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run" / "cells").glob("*/work/*/runs.bin")):
        assert time.monotonic() < deadline, "no cell began"
        time.sleep(0.1)
    process.send_signal(how)
    process.wait(30)
    time.sleep(5)
    assert not ours()
    assert folders() <= before


@pytest.mark.slow
def test_quick_on_namespaces_with_all_three_systems(tmp_path: Path) -> None:
    asked = ("--hosts", "netns:4", "--size", "quick", "--out", "run", "--wait")
    done = bench(tmp_path, "run", "burst", "latency", "recovery", *asked, timeout=2400)
    assert done.returncode in (0, 4), done.stdout + done.stderr
    run = checked(tmp_path / "run")
    fates = run.standing[run.standing["metric"] == "lost"]
    assert (fates["value"].fillna(0) <= 2).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arm", ["celery/durable", "celery/durable@rabbitmq", "rq/durable", "huey/default"]
)
def test_a_lost_host_and_a_partition_have_fates_by_id(arm: str, tmp_path: Path) -> None:
    asked = ("--hosts", "netns:4", "--case", "hosts", "--size", "quick", "--arm", arm)
    done = bench(tmp_path, "run", "recovery", *asked, "--out", "run", "--wait", timeout=1200)
    assert done.returncode in (0, 3, 4), done.stdout + done.stderr
    run = checked(tmp_path / "run")
    for line, cell in run.measured():
        (struck,) = cell.log.injections
        assert struck.victims, line
        assert (struck.back_ns is not None) == (line.case == "partition")
        book = ledger.load(cell)
        ids = np.concatenate(list(fates_of(cell, book).by_name.values()))
        sent = book.task[book.measured() & (book.enqueue != ledger.UNSENT)]
        assert sorted(ids.tolist()) == sent.tolist(), "each task that was sent has one fate"


def made(engine: str, folder: Path, count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what a command is preceded by to run where such hosts are, the option that names them)."""
    folder.mkdir()
    before = (sys.executable, "-m", "tests.made_hosts", engine, str(folder), str(count))
    if engine == "dask":
        return before, ("--cluster", SCHEDULER)
    return before, ("--hosts", str(folder / "hosts.toml"))


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What tells pip of a folder of wheels: out of the network of made hosts leads no way."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    wanted = ("celery[redis]", "rq", "huey", "redis", "gevent")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    order = ["-c", str(ROOT / "constraints.txt"), "-w", str(folder), *wanted]
    subprocess.run([*pip, *order], check=True)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_quick_over_a_real_engine_with_all_three_systems(
    engine: str, tmp_path: Path, wheelhouse: dict[str, str]
) -> None:
    before, hosts = made(engine, tmp_path / "made", 4)
    asked = ("--size", "quick", "--out", "run", "--wait")
    names = ("burst", "latency", "recovery")
    where = {"before": before, "timeout": 2400, "variables": wheelhouse}
    done = bench(tmp_path, "run", *names, *hosts, *asked, **where)
    assert done.returncode in (0, 4), done.stdout + done.stderr
    checked(tmp_path / "run")
    assert not ours()


@OF_SSH
@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (": > known_hosts", "Host key verification failed"),
        (": > key.pub", "Permission denied"),
        ("sed -i s/10.217.0.4/10.217.0.99/ hosts.toml", "No route to host"),
        ("sed -i s/10.217.0.4/10.217.0.3/ hosts.toml", "a host has one role, once"),
    ],
    ids=["unknown host key", "wrong key", "unreachable", "one host twice"],
)
def test_hosts_that_cannot_be_used_are_one_line_before_anything_is_measured(
    spoilt: str, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    before, hosts = made("ssh", folder, 3)
    spoil = ("sh", "-c", f'(cd {folder} && {spoilt}); exec "$0" "$@"')
    done = bench(tmp_path, "run", "burst", *hosts, "--arm", "floor", before=(*before, *spoil))
    assert done.returncode == 64, done.stdout + done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not ours()


@OF_SSH
@pytest.mark.slow
@pytest.mark.parametrize("host", [0, 1, 2], ids=["broker", "generator", "worker"])
def test_a_link_that_goes_down_fails_its_cell_and_what_was_gathered_stays(
    host: int, tmp_path: Path, wheelhouse: dict[str, str]
) -> None:
    before, hosts = made("ssh", tmp_path / "made", 3)
    asked = ("--arm", "floor", "--size", "smoke", "--blocks", "2", "--out", "run", "--wait")
    argv = [*before, sys.executable, "-m", "bench.cli", "run", "burst", *hosts, *asked]
    with (tmp_path / "says.txt").open("wb") as says:
        process = subprocess.Popen(
            argv,
            cwd=tmp_path,
            env=ENV | {"PYTHONPATH": str(ROOT)} | wheelhouse,
            stdout=says,
            stderr=says,
        )
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "cells" / "002" / "work").exists():
            assert time.monotonic() < deadline and process.poll() is None, said(tmp_path)
            time.sleep(0.02)
        (tmp_path / "made" / "unplug").write_text(str(host), encoding="utf-8")
        assert process.wait(120) == 4, said(tmp_path)
    assert "Traceback" not in said(tmp_path)
    first, *others = store.open_run(tmp_path / "run").manifest.cells
    assert first.state == "done" and others
    for each in others:
        assert each.state == "failed", each
        assert "lost" in each.reason or "does not answer" in each.reason, each.reason
    assert bench(tmp_path, "report", "run", "--out", "page.html").returncode == 0
    assert not ours()


def said(folder: Path) -> str:
    return (folder / "says.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_somebody_else_may_too_where_user_namespaces_are() -> None:
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    own = (*nobody, "unshare", "--user", "--map-root-user", "--net", "--mount")
    if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces for everybody here")
    system = Path("/usr/bin/python3")
    ours_py = f"Python {sys.version_info.major}.{sys.version_info.minor}."
    told = subprocess.run([system, "-V"], check=False, capture_output=True, encoding="utf-8")
    if not told.stdout.startswith(ours_py):
        pytest.skip("another user cannot read this Python")
    with tempfile.TemporaryDirectory(prefix="hosts-") as made_folder:
        folder = Path(made_folder)
        folder.chmod(0o777)
        # An environment that everybody can read, with what ours has installed.
        subprocess.run([system, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
        # What redis-py needs in Python 3.11.2, and ours does not have.
        into = [sys.executable, "-m", "pip", "install", "--quiet", "--target", packages]
        subprocess.run([*into, "async-timeout"], check=True)
        shared = f"{sysconfig.get_path('purelib')}\n{ROOT}\n"
        (packages / "shared.pth").write_text(shared, encoding="utf-8")
        asked = ("run", "burst", "--hosts", "netns:3", "--arm", "floor", "--size", "smoke")
        done = subprocess.run(
            [*own, folder / "venv/bin/python", "-m", "bench.cli", *asked, "--out", "run"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": made_folder, "TMPDIR": made_folder},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode in (0, 4), done.stdout + done.stderr
        checked(folder / "run")
    assert not ours()
