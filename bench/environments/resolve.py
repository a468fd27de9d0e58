"""Which distributions an environment gets: what was asked for, and of all else what bench has."""

import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.base.distributions import installed, needed_by
from bench.environments.cache import cache, everywhere
from bench.environments.pip import PipFailed, build_dir, missing_version, pip
from bench.hosts.local import Host
from bench.model.environment import Moved, Package
from bench.model.interpreter import Interpreter
from bench.model.requirements import Requirement

_NONE_AT_ALL = "(from versions: none)"
_OURS = re.compile(
    r"The user requested \(constraint\) ([\w.-]+)|No matching distribution found for ([\w.-]+)"
)


@dataclass(frozen=True)
class Resolved:
    """The distributions of an environment, and those of them that could not stay at the versions
    that bench has."""

    packages: tuple[Package, ...]
    moved: tuple[Moved, ...]


def resolve(
    arm: str,
    wanted: Sequence[Requirement],
    free: Collection[str],
    wheels: Mapping[str, Path],
    states: Mapping[str, str],
    building: Callable[[], None],
    python: Interpreter,
) -> Resolved:
    """What pip would install for this Python.

    The distributions in `free` may have other versions than bench has, `wheels` were built from
    paths, and `states` tell what is in them. `building` is called before pip is asked.

    An answer is kept, so that an environment that is there can be used without asking an index; not
    that to a range of versions, whose answer may be another one tomorrow.
    """
    name = f"{_key(wanted, free, states, python)}.json"
    if all(each.exact for each in wanted if each.name in free):
        for base in everywhere("resolved"):
            if answer := _read(base / name):
                return answer
    building()
    with build_dir(arm) as host:
        resolved = _ask(wanted, free, wheels, host, python.path)
    kept = cache("resolved") / name
    part = kept.with_name(f"{kept.stem}.{os.getpid()}.part")
    part.write_text(json.dumps(asdict(resolved)), encoding="utf-8")
    part.replace(kept)
    return resolved


def _key(
    wanted: Sequence[Requirement],
    free: Collection[str],
    states: Mapping[str, str],
    python: Interpreter,
) -> str:
    asked = [each.text.partition(" @ ")[0] + states.get(each.name, "") for each in wanted]
    whole = [
        python.name,
        platform.machine(),
        asked,
        sorted(free),
        sorted(installed().items()),
    ]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]


def _read(file: Path) -> Resolved | None:
    """An answer that was kept; None where there is none, or it cannot be read."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Resolved(
            tuple(Package(**p) for p in kept["packages"]), tuple(Moved(**m) for m in kept["moved"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ask(
    wanted: Sequence[Requirement],
    free: Collection[str],
    wheels: Mapping[str, Path],
    host: Host,
    python: str,
) -> Resolved:
    """Ask pip, and let go of the versions that it says are in the way, until it finds an answer."""
    stays = {name: version for name, version in installed().items() if name not in free}
    essential = needed_by(each.text.partition(" @ ")[0] for each in wanted) & stays.keys()
    while True:
        try:
            packages = _dry_run(wanted, wheels, stays, host, python)
            break
        except PipFailed as failed:
            output = str(failed)
            if _NONE_AT_ALL in output:  # whatever were let go: the index has none, or is not there
                raise
            in_the_way = {
                name.lower() for pair in _OURS.findall(output) for name in pair if name
            } & stays.keys() or essential & stays.keys()
            if not in_the_way or any(
                re.match(rf"{name}\b", missing_version(output) or "") for name in free
            ):
                raise
            for name in in_the_way:
                del stays[name]
    # pip names more than what is in the way: each goes back to where it was if it can.
    for gone in _moved(packages, free):
        try:
            packages = _dry_run(wanted, wheels, stays | {gone.name: gone.here}, host, python)
            stays[gone.name] = gone.here
        except PipFailed:
            continue
    return Resolved(packages, tuple(_moved(packages, free)))


def _moved(packages: Sequence[Package], free: Collection[str]) -> list[Moved]:
    here = installed(package.name for package in packages)
    return [
        Moved(p.name, here[p.name], p.version)
        for p in packages
        if p.name in here and p.name not in free and here[p.name] != p.version
    ]


def _dry_run(
    wanted: Sequence[Requirement],
    wheels: Mapping[str, Path],
    stays: Mapping[str, str],
    host: Host,
    python: str,
) -> tuple[Package, ...]:
    from packaging.utils import canonicalize_name

    constraints, requirements, report = (
        host.work / name for name in ("constraints.txt", "requirements.txt", "report.json")
    )
    constraints.write_text(
        "".join(f"{name}=={version}\n" for name, version in stays.items()), encoding="utf-8"
    )
    requirements.write_text("".join(f"{line(each, wheels)}\n" for each in wanted), encoding="utf-8")
    pip(
        host,
        "install",
        *("--progress-bar=off", "--dry-run", "--ignore-installed", "--prefer-binary"),
        *("--report", str(report), "-c", str(constraints), "-r", str(requirements)),
        python=python,
    )
    installs = json.loads(report.read_text(encoding="utf-8"))["install"]
    parts = ((each["metadata"], each["download_info"].get("archive_info", {})) for each in installs)
    packages = (
        Package(
            canonicalize_name(m["name"]), m["version"], archive.get("hashes", {}).get("sha256", "")
        )
        for m, archive in parts
    )
    return tuple(sorted(packages, key=lambda package: package.name))


def line(wanted: Requirement, wheels: Mapping[str, Path]) -> str:
    """The line of a requirements file that asks for this, by its wheel where there is one."""
    if wanted.name not in wheels:
        return wanted.text
    return f"{wanted.text.partition(' @ ')[0]} @ {wheels[wanted.name].as_uri()}"
