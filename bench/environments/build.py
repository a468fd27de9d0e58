"""Environments: made once, in the place where they stay, and used only when they are whole."""

import hashlib
import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.base.errors import UsageError
from bench.environments import checkout as checkouts
from bench.environments import pip_settings
from bench.environments.cache import COMPLETE, cache, elsewhere, everywhere, held, or_nothing, sweep
from bench.environments.pip import PipFailed, build_dir, not_installable, pip, run
from bench.environments.resolve import Resolved, resolve
from bench.environments.whole import is_whole, lacks
from bench.hosts.local import Host
from bench.model.environment import Checkout, Environment, Package
from bench.model.requirements import Requirement, merged

Say = Callable[[str], None]


def environment_for(
    arm: str, needs: Sequence[str], asked: Sequence[Requirement], say: Say
) -> Environment:
    """The environment with what an arm needs, in the versions that were asked for.

    It is made if it is not there yet, and `say` is told so. UsageError where it cannot be made.
    """
    for kind in ("environments", "wheels"):
        sweep(kind)
    announced: list[str] = []

    def building() -> None:
        if not announced:
            texts = ", ".join(each.text for each in asked)
            where = elsewhere(cache("environments"))
            announced.append(f"building an environment with {texts}{where} …")
            say(announced[0])

    wanted = merged(needs, asked)
    looked = [checkouts.look(each, arm) for each in wanted if each.path]
    if any(not checkouts.is_built(each) for each in looked):
        building()
    wheels = {each.name: checkouts.wheel(each, arm) for each in looked}
    states = {each.name: f"{each.digest} {each.commit}" for each in looked}
    resolved = resolve(
        arm,
        wanted,
        {each.name for each in asked if each.specifier or each.path},
        wheels,
        states,
        building,
    )
    digest = _digest(resolved, looked)
    folder = _ready(digest, resolved.packages)
    if folder is None:
        folder = _made(arm, digest, resolved.packages, wheels, building)
    return Environment(folder, digest, resolved.packages, tuple(looked), resolved.moved)


def _ready(digest: str, packages: Sequence[Package]) -> Path | None:
    """The folder of an environment that is there and whole; None where none is."""
    folders = (base / digest for base in everywhere("environments"))
    return next((folder for folder in folders if is_whole(folder, packages)), None)


def _made(
    arm: str,
    digest: str,
    packages: Sequence[Package],
    wheels: Mapping[str, Path],
    building: Callable[[], None],
) -> Path:
    """Make the environment where we can, unless somebody else has made it meanwhile."""
    folder = cache("environments") / digest
    with held(folder):
        if not is_whole(folder, packages):
            building()
            _make(arm, folder, packages, wheels)
    return folder


def _digest(resolved: Resolved, looked: Sequence[Checkout]) -> str:
    """What the environment is made of, its Python included, in 16 hexadecimal digits.

    A wheel that is built again from the same files has another digest: there the files count.
    """
    built = {each.name: f"{each.digest} {each.commit}" for each in looked}
    lines = [
        f"{each.name}=={each.version} {built.get(each.name, each.sha256)}"
        for each in resolved.packages
    ]
    return hashlib.sha256(
        "\n".join([platform.python_version(), sys.base_prefix, *lines]).encode()
    ).hexdigest()[:16]


def _make(arm: str, folder: Path, packages: Sequence[Package], wheels: Mapping[str, Path]) -> None:
    """Make the environment where it stays.

    Programs name their interpreter by its path, and a moved .pyc costs time in every import.
    """
    with or_nothing(folder), build_dir() as host:
        try:
            venv = [sys.executable, "-P", "-m", "venv", "--without-pip", str(folder)]
            run(host, venv, pip_settings.base())
            _install(host, folder, packages, wheels)
        except PipFailed as failed:
            raise not_installable(arm, failed) from None
        if lacking := lacks(folder, packages):
            raise UsageError(
                f"{arm} cannot be installed: pip ended well, and yet {', '.join(lacking)} "
                f"is not in {folder}: look for a sitecustomize or .pth that meddles"
            )
        names = [f"{each.name}=={each.version}" for each in packages]
        (folder / COMPLETE).write_text(json.dumps({"packages": names}), encoding="utf-8")


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
    locked = host.work / "locked.txt"
    # pip checks all of them or none.
    suffixes = [f" --hash=sha256:{sha}" for sha in hashes] if all(hashes) else [""] * len(lines)
    text = "".join(f"{line}{sha}\n" for line, sha in zip(lines, suffixes, strict=True))
    locked.write_text(text, encoding="utf-8")
    python = folder / "bin" / "python"
    pip(host, "install", "--quiet", "--no-deps", "-r", str(locked), python=python)
