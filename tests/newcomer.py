"""Bench as somebody has it who has just installed it: a clone, an environment of its own, an empty
folder outside of the checkout."""

import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Of those who run the tests, not of a newcomer.
NOT_THEIRS = ("PYTHON", "PYTEST", "VIRTUAL_ENV", "QUEUE_BENCH_", "GIT_", "XDG_CACHE_HOME")
TAKEN = "another bench measures on this host"
PATIENCE_S = 1800.0


def environment(programs: Path, cache: Path) -> dict[str, str]:
    """The variables of a newcomer who has these programs first on PATH."""
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(NOT_THEIRS)}
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return {
        "PIP_CACHE_DIR": str(usual / "pip"),
        **theirs,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(cache),
    }


def shell(
    line: str, folder: Path, env: Mapping[str, str], timeout: float = PATIENCE_S
) -> subprocess.CompletedProcess[str]:
    """Type a line; where another bench has the host, wait for it as bench asks one to."""
    end = time.monotonic() + timeout
    while True:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=max(1.0, end - time.monotonic()),
            check=False,
        )
        if TAKEN not in done.stderr or time.monotonic() > end - 60:
            return done
        time.sleep(1.0)


def clone(folder: Path) -> Path:
    """A fresh clone with what is changed here and not yet committed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*args: str, text: bytes | None = None) -> bytes:
        return subprocess.run(
            ["git", *args], input=text, env=env, capture_output=True, check=True
        ).stdout

    git("clone", "-q", str(ROOT), str(folder))
    if changed := git("-C", str(ROOT), "diff", "--binary", "HEAD"):
        git("-C", str(folder), "apply", "--whitespace=nowarn", text=changed)
    return folder


def install(base: Path) -> Path:
    """The programs of a fresh environment, with the wheel of these files in it and nothing else."""
    source = clone(base / "source")
    subprocess.run([sys.executable, "-m", "venv", str(base / "venv")], check=True)
    programs = base / "venv" / "bin"
    env = environment(programs, base / "cache")
    line = f"pip install -q --disable-pip-version-check -c constraints.txt {source}"
    done = shell(line, source, env)
    assert done.returncode == 0, done.stderr[-2000:]
    return programs


def sources_of(requirement: str, folder: Path, env: Mapping[str, str]) -> Path:
    """A checkout of a released version: what its authors packed."""
    name = re.split(r"[=<>~! ]", requirement)[0]
    line = f"pip download -q --no-deps --no-binary {name} -d . '{requirement}'"
    work = folder.with_suffix(".download")
    work.mkdir()
    done = shell(line, work, env)
    assert done.returncode == 0, done.stderr[-2000:]
    with tarfile.open(next(work.glob("*.tar.gz"))) as packed:
        packed.extractall(work, filter="data")
    next(path for path in work.iterdir() if path.is_dir()).rename(folder)
    return folder


def files_in(page: str) -> dict[str, str]:
    """The files that a page gives in full: their path in a line of its own, their text below."""
    found = re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return dict(found)
