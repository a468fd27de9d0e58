"""Git as bench asks it: the folder it was asked about and no other, and a refusal is an answer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.base.errors import UsageError
from bench.base.git import Answer, git
from bench.environments import checkout
from bench.model.requirements import Requirement
from tests import checkouts
from tests.checkouts import commit_all, make_tiny
from tests.other_user import NUMBER, ROOT, needs_root

HEAD = ("rev-parse", "HEAD")
COMMIT = "from bench.model.versions import commit; print(*commit(), sep='\\n')"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A checkout with one commit."""
    folder = make_tiny(tmp_path / "tiny")
    (folder / ".gitignore").write_text("*.log\n")
    commit_all(folder)
    (folder / "some.log").write_text("ignored")
    return folder


@pytest.fixture
def another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Another repository, which every variable names as in one of its hooks; its commit."""
    folder = make_tiny(tmp_path / "another", "something else")
    commit_all(folder)
    head = git(folder, *HEAD).text
    named = {"DIR": ".git", "WORK_TREE": "", "INDEX_FILE": ".git/index"}
    for name, place in named.items():
        monkeypatch.setenv(f"GIT_{name}", str(folder / place))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", "/")
    yield head


@pytest.fixture
def foreign(tiny: Path) -> Path:
    """The same checkout, owned by somebody else."""
    give_away(tiny)
    return tiny


def give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NUMBER, NUMBER, follow_symlinks=False)


def test_the_variables_of_a_hook_make_no_difference(tiny: Path, another: str) -> None:
    head = git(tiny, *HEAD)
    assert len(head.text) == 41 and head.text != another
    found = checkout.look(Requirement("tiny", path=str(tiny)), "an arm")
    assert (found.commit, found.dirty) == (head.text.strip(), False)
    assert "some.log" not in checkout.files(tiny) and len(checkout.files(tiny)) == 4


def test_no_checkout_no_commit_and_no_git_are_no_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git(tmp_path, *HEAD) == Answer()
    checkouts.git(tmp_path, "init", "-q")
    assert git(tmp_path, *HEAD) == Answer()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git(tmp_path, *HEAD) == Answer()


def test_a_worktree_whose_repository_is_gone_is_a_refusal(tiny: Path) -> None:
    shutil.rmtree(tiny / ".git")
    (tiny / ".git").write_text("gitdir: /nowhere/.git/worktrees/tiny\n")
    assert git(tiny, *HEAD).refused == "not a git repository: /nowhere/.git/worktrees/tiny"
    with pytest.raises(UsageError, match=r"git refuses .*: mend it, or name a copy without \.git"):
        checkout.look(Requirement("tiny", path=str(tiny)), "an arm")


@needs_root
def test_a_checkout_of_somebody_else_is_refused_with_what_git_advises(foreign: Path) -> None:
    assert git(foreign, *HEAD).refused.startswith("detected dubious ownership")
    with pytest.raises(UsageError) as error:
        checkout.look(Requirement("tiny", path=str(foreign)), "an arm")
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(f": git config --global --add safe.directory {foreign}")


@needs_root
def test_it_is_read_where_the_user_trusts_it(
    foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    trusts = ["git", "config", "--global", "--add", "safe.directory", str(foreign)]
    subprocess.run(trusts, check=True)
    assert len(checkout.look(Requirement("tiny", path=str(foreign)), "an arm").commit) == 40


@needs_root
def test_under_sudo_the_checkouts_of_whoever_called_it_are_trusted(
    foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", str(NUMBER))
    assert len(git(foreign, *HEAD).text) == 41


def test_without_git_the_files_of_a_checkout_cannot_be_told(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"an arm: only git knows which files of .*: install git"):
        checkout.look(Requirement("tiny", path=str(tiny)), "an arm")


def test_names_that_are_not_utf_8_count_in_every_locale(tiny: Path) -> None:
    (tiny / "a\udce4b.py").write_text("")
    (tiny / "中文.py").write_text("")
    program = "import pathlib, sys; from bench.environments.checkout import digest\n"
    program += "print(digest(pathlib.Path(sys.argv[1])))"

    def found(**env: str) -> str:
        whole = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env}
        ask = [sys.executable, "-c", program, str(tiny)]
        return subprocess.check_output(ask, env=whole, text=True)

    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert found(LC_ALL="C.UTF-8") == found(**ascii_only)
    assert checkout.digest(tiny) + "\n" == found(LC_ALL="C.UTF-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Our own code where it can be a repository of its own."""
    folder = tmp_path / "copy"
    for name in ("bench", "adapters", "scenarios"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def told(copy: Path) -> list[str]:
    """What run.json would have as commit and dirty, from the code of this copy."""
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    out = subprocess.check_output([sys.executable, "-P", "-c", COMMIT], env=env, cwd="/", text=True)
    return out.split("\n")[:2]


def test_our_own_commit_and_whether_our_code_differs_from_it(copy: Path) -> None:
    assert told(copy) == ["", "False"], "no repository"
    checkouts.git(copy, "init", "-q")
    assert told(copy) == ["", "True"], "no commit yet"
    commit_all(copy)
    head = git(copy, *HEAD).text.strip()
    assert len(head) == 40 and told(copy) == [head, "False"]
    (copy / "results").mkdir()
    (copy / "results" / "run.json").write_text("{}")
    assert told(copy) == [head, "False"]
    (copy / "bench" / "cli.py").write_text("")
    assert told(copy) == [head, "True"]


def test_in_a_hook_it_is_still_ours(copy: Path, another: str) -> None:
    assert told(copy) == ["", "False"]
    assert another.strip() not in told(ROOT)


@needs_root
def test_where_git_refuses_the_commit_is_unknown_and_says_why(copy: Path) -> None:
    commit_all(copy)
    give_away(copy)
    commit, dirty = told(copy)
    assert commit.startswith("unknown (git refuses: detected dubious ownership")
    assert dirty == "False"


def test_installed_in_somebody_elses_project_we_have_no_commit(copy: Path, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "project")
    site = project / ".venv" / "lib" / "python3" / "site-packages"
    shutil.copytree(copy, site)
    (project / ".gitignore").write_text("")
    commit_all(project)
    assert len(git(site, *HEAD).text) == 41, "git finds the project from there"
    assert told(site) == ["", "False"]
