"""Environments: made once, in the place where they stay, and used only when they are whole."""

import hashlib
import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.environments import checkout as checkouts
from bench.environments.cache import COMPLETE, cache, held, or_nothing, sweep
from bench.environments.environment import Checkout, Environment, Package
from bench.environments.pip import PipFailed, not_installable, pip, run, workshop
from bench.environments.resolve import Resolved, resolve
from bench.environments.wanted import Wanted, merged
from bench.host import Host

Say = Callable[[str], None]


def environment_for(arm: str, needs: Sequence[str], asked: Sequence[Wanted], say: Say) -> Environment:
    """The environment with what an arm needs, in the versions that were asked for; made if it is not there yet."""
    for kind in ("environments", "wheels"):
        sweep(kind)
    told: list[str] = []

    def building() -> None:
        if not told:
            told.append(f"building an environment with {', '.join(each.text for each in asked)} …")
            say(told[0])

    wanted = merged(needs, asked)
    looked = [checkouts.look(each, arm) for each in wanted if each.path]
    if any(not checkouts.is_built(each) for each in looked):
        building()
    wheels = {each.name: checkouts.wheel(each, arm) for each in looked}
    states = {each.name: f"{each.digest} {each.commit}" for each in looked}
    resolved = resolve(arm, wanted, {each.name for each in asked if each.specifier or each.path}, wheels, states, building)
    digest = _digest(resolved, looked)
    folder = cache("environments") / digest
    with held(folder):
        if not _whole(folder):
            building()
            _make(arm, folder, resolved, wheels)
    return Environment(folder, digest, resolved.packages, tuple(looked), resolved.moved)


def _digest(resolved: Resolved, looked: Sequence[Checkout]) -> str:
    """What the environment is made of, its Python included. A wheel that is built again from the same files has another digest: there the files count."""
    built = {each.name: f"{each.digest} {each.commit}" for each in looked}
    lines = [f"{each.name}=={each.version} {built.get(each.name, each.sha256)}" for each in resolved.packages]
    return hashlib.sha256("\n".join([platform.python_version(), sys.base_prefix, *lines]).encode()).hexdigest()[:16]


def _whole(folder: Path) -> bool:
    """Built to the end, and its interpreter is still there."""
    return (folder / COMPLETE).exists() and (folder / "bin" / "python").exists()


def _make(arm: str, folder: Path, resolved: Resolved, wheels: Mapping[str, Path]) -> None:
    """Made where it stays: programs name their interpreter by its path, and a moved .pyc costs time in every import."""
    with or_nothing(folder), workshop() as host:
        try:
            run(host, [sys.executable, "-m", "venv", "--without-pip", str(folder)])
            _install(host, folder, resolved.packages, wheels)
        except PipFailed as failed:
            raise not_installable(arm, failed) from None
        (folder / COMPLETE).write_text(json.dumps({"packages": [f"{p.name}=={p.version}" for p in resolved.packages]}), encoding="utf-8")


def _install(host: Host, folder: Path, packages: Sequence[Package], wheels: Mapping[str, Path]) -> None:
    """Just these files, each known by its digest: a wheel that was built again since is not what was resolved."""
    lines = [f"{p.name} @ {wheels[p.name].as_uri()}" if p.name in wheels else f"{p.name}=={p.version}" for p in packages]
    hashes = [hashlib.sha256(wheels[p.name].read_bytes()).hexdigest() if p.name in wheels else p.sha256 for p in packages]
    locked = host.work / "locked.txt"
    # pip checks all of them or none.
    known = [f" --hash=sha256:{sha}" for sha in hashes] if all(hashes) else [""] * len(lines)
    locked.write_text("".join(f"{line}{sha}\n" for line, sha in zip(lines, known, strict=True)), encoding="utf-8")
    pip(host, "--python", str(folder / "bin" / "python"), "install", "--quiet", "--no-deps", "-r", str(locked))
