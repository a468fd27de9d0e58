"""Real cgroups for tests: made below the mounted root of v1 or v2, and removed again."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _hierarchy(controller: str) -> tuple[int, Path]:
    """(version, mounted root) of the hierarchy that has the controller; skips where none has."""
    unified = None
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    for _, point, kind, options, *_ in (line.split() for line in mounts):
        if kind == "cgroup" and controller in options.split(","):
            return 1, Path(point)
        if kind == "cgroup2":
            unified = Path(point)
    if unified is None:
        pytest.skip(f"no cgroup hierarchy with the controller {controller} is mounted")
    if controller not in (unified / "cgroup.subtree_control").read_text(encoding="utf-8").split():
        pytest.skip(f"cgroup v2 hands {controller} on to no child here")
    return 2, unified


@contextmanager
def made(controller: str, files: dict[int, dict[str, str]], inner: str = "") -> Iterator[Path]:
    """A cgroup whose files, by version, are written, or one below it; skips if not allowed."""
    version, root = _hierarchy(controller)
    folder = root / f"queue-bench-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error.strerror}")
    try:
        for name, text in files[version].items():
            (folder / name).write_text(text, encoding="utf-8")
        if inner:
            (folder / inner).mkdir()
        yield folder / inner
    finally:
        for each in [folder / inner] * bool(inner) + [folder]:
            _removed(each)


def _removed(folder: Path) -> None:
    """Remove a cgroup; the last of its processes may take a moment to be gone."""
    until = time.monotonic() + 5
    while True:
        try:
            return folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def quota(cores: float, inner: str = "") -> AbstractContextManager[Path]:
    """A cgroup that may use so many cores."""
    micros = str(round(cores * 100_000))
    v1 = {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": micros}
    return made("cpu", {1: v1, 2: {"cpu.max": f"{micros} 100000"}}, inner)


def memory(limit: int) -> AbstractContextManager[Path]:
    """A cgroup that may use so many bytes."""
    files = {1: {"memory.limit_in_bytes": str(limit)}, 2: {"memory.max": str(limit)}}
    return made("memory", files)


def inside(
    folder: Path, command: Sequence[str], **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Carry a command out in a cgroup."""
    into = ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(folder), *command]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(into, env=env, capture_output=True, text=True, check=False, **options)


def python_inside(folder: Path, code: str, *before: str) -> str:
    """What a piece of Python prints in a cgroup; `before` stands before the interpreter."""
    done = inside(folder, [*before, sys.executable, "-c", code], timeout=60)
    assert done.returncode == 0, done.stderr
    return str(done.stdout).strip()
