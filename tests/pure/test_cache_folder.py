"""The cache folder: no HOME, a nameless user, somebody else's cache, signs in its path."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.base.errors import UsageError
from bench.environments import cache
from bench.environments.build import environment_for
from bench.model.environment import Environment
from bench.model.requirements import Requirement
from tests.checkouts import NO_INDEX, make_tiny
from tests.other_user import NUMBER, ROOT, as_other, needs_root

# What `bench` does before it measures, up to the environment of an arm.
BUILD = """
import sys
from bench.base.errors import UsageError
from bench.environments.build import environment_for
from bench.model.requirements import Requirement
try:
    print(environment_for("an arm", (), [Requirement("tiny", path=sys.argv[1])], print).folder)
except UsageError as error:
    sys.exit(f"64 {error}")
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A folder that every user can read; pytest's own can only be entered by its user."""
    folder = Path(tempfile.mkdtemp(prefix="seen-by-all-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made(shared: Path) -> Environment:
    """What this user has built in a cache of its own."""
    tiny = make_tiny(shared / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**NO_INDEX, "XDG_CACHE_HOME": str(shared / "cache")}.items():
            patch.setenv(name, value)
        wanted = Requirement("tiny", path=str(tiny))
        return environment_for("an arm", (), [wanted], lambda line: None)


@pytest.fixture
def theirs(shared: Path) -> Iterator[Path]:
    """A temporary folder of the other user's."""
    folder = shared / "theirs"
    folder.mkdir()
    os.chown(folder, NUMBER, NUMBER)
    yield folder
    shutil.rmtree(folder)


def build_as_other(checkout: Path, theirs: Path, **env: str) -> subprocess.CompletedProcess[str]:
    whole = {**NO_INDEX, "PYTHONPATH": str(ROOT), "TMPDIR": str(theirs), **env}
    return as_other([sys.executable, "-c", BUILD, str(checkout)], whole)


@needs_root
def test_a_complete_cache_of_another_user_is_used_as_it_is(
    made: Environment, shared: Path, theirs: Path
) -> None:
    before = sorted(shared.glob("cache/**/*"))
    done = build_as_other(shared / "tiny", theirs, XDG_CACHE_HOME=str(shared / "cache"))
    assert (done.stdout.split(), done.returncode) == ([str(made.folder)], 0), done.stderr
    assert sorted(shared.glob("cache/**/*")) == before and not list(theirs.iterdir())


@needs_root
def test_without_a_home_or_a_cache_to_write_to_it_is_built_among_the_temporary_files(
    shared: Path, theirs: Path
) -> None:
    tiny = make_tiny(theirs / "tiny", "theirs")
    done = build_as_other(tiny, theirs, XDG_CACHE_HOME=str(shared / "cache"))
    own = theirs / f"queue-bench-{NUMBER}"
    told, folder = done.stdout.splitlines()
    assert told.endswith(
        f" in {own}/environments, because {shared}/cache/queue-bench/environments"
        " cannot be written …"
    )
    assert Path(folder).parent == own / "environments" and own.stat().st_mode & 0o777 == 0o700
    assert subprocess.check_output([f"{folder}/bin/tiny"], text=True) == "theirs\n"
    again = build_as_other(tiny, theirs)
    assert again.stdout.splitlines() == [folder], again.stderr


@needs_root
def test_a_folder_that_somebody_else_has_put_there_is_refused(theirs: Path) -> None:
    (theirs / f"queue-bench-{NUMBER}").mkdir()
    done = build_as_other(make_tiny(theirs / "tiny"), theirs)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("64 ") and "belongs to somebody else" in done.stderr
    assert done.stderr.endswith("set XDG_CACHE_HOME to a folder that you can write to\n")


@needs_root
def test_a_lock_that_root_has_left_in_a_folder_of_theirs_is_waited_for(theirs: Path) -> None:
    (theirs / "a.lock").touch(mode=0o644)
    held = (
        "from pathlib import Path; from bench.environments.cache import held\n"
        f"with held(Path({str(theirs)!r}) / 'a', wait=False) as ours: print(ours)"
    )
    command, env = [sys.executable, "-c", held], {"PYTHONPATH": str(ROOT)}
    assert as_other(command, env).stdout == "True\n"
    with (theirs / "a.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert as_other(command, env).stdout == "False\n"


def test_a_relative_cache_folder_is_ignored_as_its_specification_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", ".cache")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.cache("wheels") == tmp_path / "home/.cache/queue-bench/wheels"
    assert [each.name for each in tmp_path.iterdir()] == ["home"]


def test_an_environment_can_lie_below_any_usual_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / f"a b%20c#d'e äöü 中文\u3000 {'x' * 180}"
    for name, value in {**NO_INDEX, "XDG_CACHE_HOME": str(folder)}.items():
        monkeypatch.setenv(name, value)
    tiny = make_tiny(tmp_path / "wie 中文 #1 %d:e")
    made = environment_for("an arm", (), [Requirement("tiny", path=str(tiny))], lambda line: None)
    assert made.folder and folder in made.folder.parents
    assert subprocess.check_output([made.program("tiny")], text=True) == "as committed\n"


@pytest.mark.parametrize("sign", [":", '"', "$", "`", "\\", "\n", "\udcff"], ids=ascii)
def test_a_name_below_which_none_can_lie_is_refused_in_one_line(
    sign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"a{sign}b"))
    with pytest.raises(UsageError, match="set XDG_CACHE_HOME to another folder") as error:
        cache.cache("environments")
    assert "\n" not in str(error.value) and str(error.value).isascii()
    assert not list(tmp_path.iterdir())
