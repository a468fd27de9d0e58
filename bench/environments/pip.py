"""pip, run so that it dies with bench, and what it says in one line."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from bench.base.errors import UsageError
from bench.environments import pip_settings
from bench.environments.cache import fit
from bench.hosts.local import Host

PIP_S = 900.0
_ADDRESS = re.compile(r"\b\w+://\S+")
_NONE = re.compile(
    r"Could not find a version that satisfies the requirement (?P<what>.+?) "
    r"\((?:from .+?\) \()?from versions: (?P<versions>[^)]*)\)"
)
_A_KIND = re.compile(r"error: [\w-]+$")  # pip's word for the kind of failure, without the reason
_CONFLICT = re.compile(r"The conflict is caused by:\n(?P<lines>(?:[ \t]+\S.*\n)+)")


class PipFailed(Exception):
    """pip's own words, all of them."""


@contextmanager
def build_dir(arm: str) -> Iterator[Host]:
    """The folder in which pip builds, and its processes: nothing of either outlives bench.

    Where pip fails, UsageError in one line that names the arm and pip's reason.
    """
    fit(Path(tempfile.gettempdir()), "set TMPDIR to another folder")
    with Host(Path(tempfile.mkdtemp(prefix="queue-bench-pip-"))) as host:
        try:
            yield host
        except PipFailed as failed:
            raise UsageError(f"{arm} cannot be installed: {reason(str(failed))}") from None


def pip(host: Host, command: str, *args: str, python: str) -> None:
    """Run pip, which is that of bench, for this Python; PipFailed if it fails."""
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    into = ["--python", python] if python != sys.executable else []
    env = pip_settings.environment(command, lambda: _listed(pip_settings.where()))
    run(host, [*argv, *into, command, *args], env)


def run(host: Host, argv: list[str], env: Mapping[str, str]) -> None:
    """Run a program to its end in the build folder; PipFailed with its whole output if it fails."""
    log = host.work / "said.log"
    log.write_text("", encoding="utf-8")
    process = host.spawn(argv, log, {**env, "TMPDIR": str(host.work)})
    ended = process.wait(PIP_S)
    if not ended or process.exit_status() != 0:
        output = log.read_text(encoding="utf-8", errors="replace")
        raise PipFailed(output if ended else f"ERROR: no end after {PIP_S:.0f} s\n")


@lru_cache(maxsize=8)
def _listed(where: tuple[tuple[str, str], ...]) -> str:
    """What stands in the user's configuration files of pip; asked of pip, who knows where they are.

    Through a pipe: an index may have a password in its address.
    """
    command = [sys.executable, "-P", "-m", "pip", "config", "list"]
    env = pip_settings.base() | dict(where)
    done = subprocess.run(command, env=env, cwd="/", capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout.decode(errors="replace")
    why = reason(done.stderr.decode(errors="replace"))
    raise UsageError(f"pip cannot read its configuration files ({why}): see `pip config debug`")


def missing_version(output: str) -> str | None:
    """The requirement of which pip found no version at all; None if its output names none."""
    match = _NONE.search(output)
    return match["what"] if match else None


def reason(output: str) -> str:
    """Why pip failed, in short and without any address."""
    if "No module named pip" in output:
        return "pip is not installed beside bench: python -m ensurepip"
    if "'pkgutil' has no attribute 'ImpImporter'" in output:  # pip before 23.1.2, from 3.12 on
        return "the pip beside bench is too old for that Python: python -m pip install -U pip"
    if match := _NONE.search(output):
        return _no_version(match["what"], [text.strip() for text in match["versions"].split(",")])
    if match := _CONFLICT.search(output):
        return "these exclude each other: " + "; ".join(
            " ".join(line.split()) for line in match["lines"].splitlines()
        )
    errors = [
        line
        for line in output.splitlines()
        if re.match(r"\s*(ERROR|error|\w*Error)\b", line) and not _A_KIND.match(line)
    ]
    return _ADDRESS.sub(
        "…", " ".join((errors or output.splitlines() or ["pip said nothing"])[-1].split())
    )[:300]


def _no_version(what: str, versions: list[str]) -> str:
    """The message about a missing version, with the three that are nearest to it."""
    from packaging.requirements import Requirement
    from packaging.version import InvalidVersion, Version

    if versions in (["none"], [""]):
        return (
            f"{what}: no such package, or the package index cannot be reached: "
            "name another by PIP_INDEX_URL, or a folder of wheels by PIP_FIND_LINKS"
        )
    releases = sorted({Version(text) for text in versions})
    try:
        asked = Version(str(Requirement(what).specifier).lstrip("<>=!~"))
    except (InvalidVersion, ValueError):
        asked = releases[-1]
    below = sum(version < asked for version in releases)
    near = releases[max(0, min(below - 2, len(releases) - 3)) :][:3]
    return f"{what}: no such version; the nearest are {', '.join(map(str, near))}"
