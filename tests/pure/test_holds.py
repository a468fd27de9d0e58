"""Environments hold what was asked for, and arms can be used in them, or neither is used."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.base.errors import UsageError
from bench.environments import provision
from bench.environments.build import environment_for, is_whole
from bench.environments.provision import refuse_unusable
from bench.model.arm import Arm, parse_arm
from bench.model.environment import Environment
from bench.model.requirements import Requirement
from bench.model.systems import load_adapters
from tests.checkouts import NO_INDEX, make_tiny
from tests.other_user import ROOT

ADAPTERS = load_adapters()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**NO_INDEX, "XDG_CACHE_HOME": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What earlier tests have found usable is tried again."""
    monkeypatch.setattr(provision, "_tried", set())


def arm(text: str) -> Arm:
    return parse_arm(text, ADAPTERS)


def test_an_environment_that_has_lost_something_is_built_again(tmp_path: Path) -> None:
    wanted = [Requirement("tiny", path=str(make_tiny(tmp_path / "tiny")))]
    said: list[str] = []

    def made() -> Environment:
        return environment_for("an arm", (), wanted, said.append)  # it says when it builds

    first = made()
    assert first.folder
    libraries = next((first.folder / "lib").glob("python*/site-packages"))
    shutil.rmtree(libraries / "tiny-1.0.dist-info")  # as by pip uninstall
    assert made() == first and len(said) == 2
    assert made() == first and len(said) == 2
    assert subprocess.check_output([first.program("tiny")], text=True) == "as committed\n"
    (libraries / "tiny.py").unlink()
    assert not is_whole(first.folder, first.packages)


def test_what_pip_says_to_have_installed_is_looked_for(tmp_path: Path) -> None:
    """This one takes its own name away whenever Python starts."""
    tiny = make_tiny(tmp_path / "tiny")
    gone = "import shutil, site; shutil.rmtree(f'{site.getsitepackages()[0]}/tiny-1.0.dist-info')"
    (tiny / "tiny_gone.pth").write_text(gone)
    with pytest.raises(UsageError, match=r"^an arm cannot be installed: .* tiny==1\.0 is not in"):
        environment_for("an arm", (), [Requirement("tiny", path=str(tiny))], lambda line: None)
    assert not list((tmp_path / "cache/queue-bench/environments").glob("*/bin"))


@pytest.mark.slow
@pytest.mark.usefixtures("untried")
def test_every_arm_of_today_can_be_used_in_the_environment_of_bench() -> None:
    texts = [f"{name}/{each}" for name, adapter in ADAPTERS.items() for each in adapter.profiles]
    refuse_unusable([arm(text) for text in texts])
    texts = ["huey/default@sqlite", "huey/default@postgres", "celery@rabbitmq"]
    refuse_unusable([arm(text) for text in texts])


@pytest.mark.usefixtures("untried")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("huey/thread{-k=nosuch}", "has a worker that cannot be started .*nosuch"),
        ("rq/simple{-w=rq.NoSuchWorker}", "cannot import name 'NoSuchWorker' from 'rq'"),
        ("rq/heavy{task_module=nosuch}", "No module named 'nosuch'"),
        ("celery/default{task_serializer=nosuch}", "No encoder installed for nosuch"),
        ("huey/default{url=redis://elsewhere}", "multiple values for keyword argument 'url'"),
    ],
)
def test_what_the_library_does_not_know_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        refuse_unusable([arm("floor"), arm(text)])
    assert "\n" not in str(error.value) and str(error.value).startswith(text.partition("{")[0])


@pytest.mark.usefixtures("untried")
def test_an_environment_without_the_library_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    bare = replace(arm("floor[redis==1.0]"), environment=Environment(folder, "d"))
    with pytest.raises(UsageError) as error:
        refuse_unusable([bare])
    version = ".".join(map(str, sys.version_info[:3]))
    assert str(error.value) == (
        f"floor/default[redis==1.0] cannot be used with Python {version} "
        "(ModuleNotFoundError: No module named 'redis'): name other versions"
    )


def test_bench_run_measures_nothing_where_an_arm_cannot_be_used(tmp_path: Path) -> None:
    lame = tmp_path / "lame"
    lame.mkdir()
    told = "class Lame(Floor):\n    name = 'lame'\n    app = 'lame.app'\n\nADAPTER = Lame()\n"
    (lame / "adapter.py").write_text(f"from adapters.floor.adapter import Floor\n\n{told}")
    (lame / "app.py").write_text("import nosuchlibrary\n")
    command = [sys.executable, "-m", "bench.cli", "run", "burst", "--size", "smoke", "--out", "run"]
    command += ["--arm", "floor", "--arm", "lame", "--adapter", "lame"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 64 and not (tmp_path / "run").exists()
    assert done.stderr.strip().startswith("bench: lame/default cannot be used with Python")
    assert "No module named 'nosuchlibrary'" in done.stderr
    assert not list(tmp_path.glob("queue-bench-*/"))
