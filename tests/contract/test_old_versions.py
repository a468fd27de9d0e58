"""Old versions as arms: they run, or are refused before anything is measured. It needs an index."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bench.base.errors import UsageError
from bench.environments import pythons
from bench.environments.provision import provision
from bench.model.arm import Arm, parse_arm
from bench.model.cell import Cell
from bench.model.interpreter import OWN, minor_of
from bench.model.schedule import at_once, merge
from bench.model.systems import load_adapters
from bench.testbed.testbed import Ending, Testbed
from tests.other_user import ROOT

ADAPTERS = load_adapters()


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


def waited(met: Callable[[], bool], timeout_s: float = 30) -> bool:
    deadline = time.monotonic() + timeout_s
    while not met():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.slow
@pytest.mark.contract
@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("rq/simple[rq==1.16.2]", {"rq": "1.16.2"}),
        ("rq/default[rq==1.10.1]", {"rq": "1.10.1"}),
        ("huey/process[huey==3.3.0, redis==6.4.0]", {"huey": "3.3.0", "redis": "6.4.0"}),
        ("huey/default[huey==2.5.3]", {"huey": "2.5.3"}),
        ("huey/default[huey==2.5.0]", {"huey": "2.5.0"}),
        ("celery/default[celery==5.4.0]", {"celery": "5.4.0"}),
        ("celery/default[celery==5.2.7]", {"celery": "5.2.7"}),
    ],
)
def test_another_version_runs_each_task_once_and_what_it_holds_can_still_be_told(
    text: str, seen: dict[str, str], tmp_path: Path
) -> None:
    """Versions are asked for inside; the tasks of another version are found on its queue."""
    assert seen.items() <= versions_inside(text, tmp_path).items()


@pytest.mark.slow
@pytest.mark.contract
@pytest.mark.parametrize("plain", ["floor/default", "rq/default", "huey/default", "celery/default"])
def test_another_python_runs_each_task_once_and_says_inside_what_it_is(
    plain: str, tmp_path: Path
) -> None:
    others = (each for each in pythons.found_here() if minor_of(each.name) != minor_of(OWN.name))
    if (other := next(others, None)) is None:
        pytest.skip(f"this machine has one Python only, {OWN.name}")
    wanted = minor_of(other.name) + "t" * other.free_threaded
    inside = versions_inside(f"{plain}[python=={wanted}]", tmp_path)
    build = "cpython, free-threaded" if other.free_threaded else "cpython"
    assert (inside["python"], inside["implementation"]) == (other.version, build)
    assert ("GIL" in inside) is other.free_threaded


def versions_inside(text: str, tmp_path: Path) -> Mapping[str, str]:
    """The versions that are stored of a cell which has run 20 tasks."""
    there = provision([arm(text)], print)[0]
    cell = Cell(1, "recovery", "none", there, 0, 2, 1)
    testbed = Testbed(cell, tmp_path / "cell", {}, 120, lambda *_: None)
    with testbed.open():
        testbed.load.send(merge((at_once(20, 0.0), "")), time.monotonic_ns())
        testbed.expect(20)
        assert waited(testbed.load.done)
        held = testbed.held(list(range(20)))
        assert held is not None, testbed.notes.sentences
        assert {each.place for each in held.values()} == {"queue"} and len(held) == 20
        testbed.fleet.start()
        assert waited(lambda: testbed.finished() == 20, 60)
        assert waited(lambda: testbed.held(list(range(20))) == {})
        return testbed.finish(Ending()).versions


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("huey/default@postgres[huey==2.5.0]", "cannot import name 'PostgresHuey' from 'huey'"),
        ("huey/durable[huey==2.5.0]", "no such option: -g"),
        ("huey/default[huey==2.5.0]{notify_result=true}", "cannot be used with Python"),
        ("celery/durable@rabbitmq[celery==5.2.7]", "5.2.7 does not read task_default_queue_type"),
        ("rq/simple[rq==1.16.2]{repeat=2}", "this version of RQ does not read repeat"),
        ("rq/durable[rq==1.10.1]", "[Nn]o such option:? '?--maintenance-interval"),
        ("rq/spawn[rq==1.16.2]", "cannot import name 'SpawnWorker' from 'rq'"),
    ],
)
def test_what_an_old_version_lacks_is_refused_before_anything_is_measured(
    text: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as error:
        provision([arm(text)], print)
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 still has what it imports")
def test_a_celery_that_this_python_cannot_import_is_refused_with_the_reason(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.cli", "run", "burst", "--size", "smoke", "--wait"]
    command += ["--arm", "celery/default[celery==4.4.7]", "--out", str(tmp_path / "run")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 64 and "ImportError: cannot import name" in done.stderr
    assert not (tmp_path / "run").exists()


OLD = """
import {system}
for name in {lacking}:
    delattr({system}, name)
import adapters.{system}.app as app
app.connect()
"""


@pytest.mark.parametrize(
    ("system", "lacking"),
    [("huey", ("PostgresHuey", "FileHuey")), ("rq", ("SpawnWorker", "Repeat"))],
)
def test_an_app_needs_nothing_at_its_top_that_an_older_version_lacks(
    system: str, lacking: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "cell.json").write_text(
        f'{{"system": "{system}", "settings": {{}}, "params": {{}}}}'
    )
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "QUEUE_BENCH_CELL": str(tmp_path / "cell.json"),
        "QUEUE_BENCH_BROKER": "redis://127.0.0.1:1/0",
    }
    program = OLD.format(system=system, lacking=lacking)
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
