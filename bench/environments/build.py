"""Environments: made once, in the place where they stay, and used only when they are whole."""

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from bench.base.environ import built
from bench.base.errors import UsageError
from bench.environments import cache, checkout, pip_settings
from bench.environments.pip import build_dir, pip, run
from bench.environments.resolve import resolve
from bench.hosts.local import Host
from bench.model import interpreter
from bench.model.environment import Environment, Package
from bench.model.interpreter import Interpreter
from bench.model.requirements import Requirement, merged

ASK_S = 60.0
# Run in the environment: name → [version, how many of its files are gone].
PROGRAM = """
import json, os, re, sys
from importlib.metadata import distributions

found = {}
for each in distributions():
    name = re.sub(r"[-_.]+", "-", each.metadata["Name"] or "").lower()
    files = [f for f in each.files or () if not f.name.endswith(".pyc")]
    gone = sum(not os.path.lexists(each.locate_file(f)) for f in files)
    found[name] = [each.version, gone]
json.dump(found, sys.stdout)
"""


def environment_for(
    arm: str,
    needs: Sequence[str],
    asked: Sequence[Requirement],
    say: Callable[[str], None],
    python: Interpreter = interpreter.OWN,
) -> Environment:
    """The environment of this Python with what an arm needs, in the versions that were asked for.

    It is made if it is not there yet, and `say` is told so. UsageError where it cannot be made.
    """
    for kind in ("environments", "wheels"):
        cache.sweep(kind)

    @lru_cache  # it is said once, by whatever is built first
    def building() -> None:
        texts = ", ".join(each.text for each in asked)
        where = cache.elsewhere(cache.cache("environments"))
        say(f"building an environment with {texts}{where} …")

    distributions = [each for each in asked if each.name != interpreter.PYTHON]
    wanted = merged(needs, distributions)
    looked = [checkout.look(each, arm) for each in wanted if each.path]
    if any(checkout.built(each, python) is None for each in looked):
        building()
    wheels = {each.name: checkout.wheel(each, arm, python) for each in looked}
    states = {each.name: f"{each.digest} {each.commit}" for each in looked}
    free = {each.name for each in distributions if each.specifier or each.path}
    resolved = resolve(arm, wanted, free, wheels, states, building, python)
    packages = resolved.packages
    digest = _digest(packages, states, python)
    folder = _ready(digest, packages) or _made(arm, digest, packages, wheels, building, python)
    return Environment(folder, digest, packages, tuple(looked), resolved.moved, python)


def _ready(digest: str, packages: Sequence[Package]) -> Path | None:
    """The folder of an environment that is there and whole; None where none is."""
    folders = (base / digest for base in cache.everywhere("environments"))
    return next((folder for folder in folders if is_whole(folder, packages)), None)


def _made(
    arm: str,
    digest: str,
    packages: Sequence[Package],
    wheels: Mapping[str, Path],
    building: Callable[[], None],
    python: Interpreter,
) -> Path:
    """Make the environment where we can, unless somebody else has made it meanwhile."""
    folder = cache.cache("environments") / digest
    with cache.held(folder):
        if not is_whole(folder, packages):
            building()
            _make(arm, folder, packages, wheels, python)
    return folder


def _digest(packages: Sequence[Package], states: Mapping[str, str], python: Interpreter) -> str:
    """What the environment is made of, its Python included, in 16 hexadecimal digits.

    A wheel that is built again from the same files has another digest: there the files count.
    """
    lines = [f"{p.name}=={p.version} {states.get(p.name, p.sha256)}" for p in packages]
    return hashlib.sha256("\n".join([python.name, python.prefix, *lines]).encode()).hexdigest()[:16]


def _make(
    arm: str,
    folder: Path,
    packages: Sequence[Package],
    wheels: Mapping[str, Path],
    python: Interpreter,
) -> None:
    """Make the environment where it stays.

    Programs name their interpreter by its path, and a moved .pyc costs time in every import.
    """
    with cache.or_nothing(folder), build_dir(arm) as host:
        venv = [python.path, "-P", "-m", "venv", "--without-pip", str(folder)]
        run(host, venv, pip_settings.base())
        _install(host, folder, packages, wheels)
        if lacking := lacks(folder, packages):
            raise UsageError(
                f"{arm} cannot be installed: pip ended well, and yet {', '.join(lacking)} "
                f"is not in {folder}: look for a sitecustomize or .pth that meddles"
            )
        names = [f"{each.name}=={each.version}" for each in packages]
        (folder / cache.COMPLETE).write_text(json.dumps({"packages": names}), encoding="utf-8")


def _install(
    host: Host, folder: Path, packages: Sequence[Package], wheels: Mapping[str, Path]
) -> None:
    """Install these files alone, each known by its digest: a wheel that was built again since is
    not what was resolved."""
    lines = [
        f"{p.name} @ {wheels[p.name].as_uri()}" if p.name in wheels else f"{p.name}=={p.version}"
        for p in packages
    ]
    hashes = [
        hashlib.sha256(wheels[p.name].read_bytes()).hexdigest() if p.name in wheels else p.sha256
        for p in packages
    ]
    if all(hashes):  # pip checks all of them or none
        lines = [f"{at} --hash=sha256:{sha}" for at, sha in zip(lines, hashes, strict=True)]
    locked = host.work / "locked.txt"
    locked.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    pip(host, "install", "--quiet", "--no-deps", "-r", str(locked), python=f"{folder}/bin/python")


def is_whole(folder: Path, packages: Sequence[Package]) -> bool:
    """Whether an environment was built to the end and still holds all of these."""
    return cache.there(folder / cache.COMPLETE) and not lacks(folder, packages)


def lacks(folder: Path, packages: Sequence[Package]) -> list[str]:
    """The distributions that are not there, not in this version, or not with all their files.

    Its own Python is asked, not the mark on it; all are missing where that cannot be run.
    """
    ask = [str(folder / "bin" / "python"), "-I", "-c", PROGRAM]
    found: dict[str, list[str | int]] = {}
    try:
        output = subprocess.check_output(ask, env=built(), timeout=ASK_S, stderr=subprocess.DEVNULL)
        found = json.loads(output)
    except (OSError, ValueError, subprocess.SubprocessError):
        pass
    missing = (each for each in packages if found.get(each.name) != [each.version, 0])
    return [f"{each.name}=={each.version}" for each in missing]
