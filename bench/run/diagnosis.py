"""`bench doctor`: what a run needs, what of it is missing, and what to type."""

import importlib
import os
import platform
import shutil
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from bench.base import environ
from bench.base.distributions import installed
from bench.base.errors import Unavailable, UsageError
from bench.base.output import nearest
from bench.brokers import choice
from bench.environments import pythons
from bench.hosts.machine import describe, disk_free, disturbances
from bench.model.broker import KINDS, MAIN, BrokerKind
from bench.model.machine_facts import given
from bench.model.systems import load_adapters, read_by

# What to type when a library cannot be imported.
LIBRARIES = {
    "celery": "pip install 'celery[redis]'",
    "kombu": "pip install 'celery[redis]'",
    "packaging": (
        "pip install 'celery[redis]' "
        "(kombu's Redis transport needs packaging, and the extra brings it)"
    ),
    "rq": "pip install rq",
    "huey": "pip install huey",
    "gevent": "pip install gevent",
    "redis": "pip install redis",
}
_COLOURS = {"ok": "green", "missing": "red", "note": "yellow"}


@dataclass(frozen=True)
class Diagnosis:
    """The result of one check. `fix` is what to do about it, empty if nothing is to be done."""

    what: str
    state: Literal["ok", "missing", "note"]
    detail: str
    fix: str = ""


def check(results: Path = Path("results")) -> list[Diagnosis]:
    """The findings on everything that a run needs, then on what would disturb it."""
    here = describe()
    return [
        _python(),
        _pythons(),
        Diagnosis("machine", "ok", given(here)),
        *_brokers(),
        *(_library(name, fix) for name, fix in LIBRARIES.items()),
        *_installs(),
        _results(results),
        Diagnosis("disk", "ok", f"{disk_free(results) / 2**30:.1f} GiB free"),
        _loopback(),
        *_variables(),
        *(Diagnosis("measuring", "note", *_with_fix(line)) for line in disturbances(here, results)),
    ]


def _with_fix(line: str) -> tuple[str, str]:
    """What is the matter, and what to do about it."""
    detail, _, fix = line.partition(": ")
    return detail, fix


def render(findings: Iterable[Diagnosis], console: Console) -> None:
    """One line per finding, and below it what to type."""
    for finding in findings:
        # Text, not markup: a path or a library's message may hold square brackets.
        line = Text.assemble(
            (f"{finding.state:<8}", _COLOURS[finding.state]),
            (finding.what, "bold"),
            f"  {finding.detail}",
        )
        console.print(line, soft_wrap=True)
        if finding.fix:
            console.print(Text(f"        → {finding.fix}"), soft_wrap=True)


def _python() -> Diagnosis:
    detail = f"{platform.python_version()} on {platform.system()}"
    if Path("/proc/self/smaps_rollup").exists():
        return Diagnosis("Python", "ok", detail)
    fix = "memory is read from /proc/PID/smaps_rollup: use Linux 4.14 or newer"
    return Diagnosis("Python", "missing", detail, fix)


def _pythons() -> Diagnosis:
    """Those that an arm can ask for, such as celery/default[python==3.13]."""
    found = pythons.found_here()
    missing = [each for each in pythons.KNOWN if not any(one.satisfies(each) for one in found)]
    detail = pythons.named(found) + (f"; no {', '.join(missing)}" if missing else "")
    if not missing or shutil.which("uv"):
        return Diagnosis("Pythons of arms", "ok", detail + "; uv fetches them" * bool(missing))
    fix = (
        f"for [python=={missing[0]}] in an arm: python{missing[0]} on PATH, or uv, which fetches it"
    )
    return Diagnosis("Pythons of arms", "note" if len(found) == 1 else "ok", detail, fix)


def _brokers() -> list[Diagnosis]:
    """One for each server program, those that stand for a whole family first."""
    kinds = sorted(KINDS.values(), key=lambda kind: kind.name != kind.family)
    titles = dict.fromkeys(kind.title for kind in kinds if kind.server)
    return [_broker(next(kind for kind in kinds if kind.title == title)) for title in titles]


def _broker(kind: BrokerKind) -> Diagnosis:
    """Without the main one there is no run, without another its arms are `unavailable`."""
    what = f"{kind.title} server" if kind.name == MAIN else kind.title
    try:
        return Diagnosis(what, "ok", choice.live(kind).find(kind))
    except Unavailable as error:
        return Diagnosis(what, "note", *_with_fix(str(error)))
    except UsageError as error:
        detail, _, fix = str(error).rpartition(": ")
        return Diagnosis(what, "missing", detail, fix)


def _library(name: str, fix: str) -> Diagnosis:
    try:
        importlib.import_module(name)
        return Diagnosis(name, "ok", version(name))
    except (ModuleNotFoundError, PackageNotFoundError):
        return Diagnosis(name, "missing", "not installed", fix)
    except Exception as error:  # a broken installation may raise anything while it is imported
        return Diagnosis(
            name,
            "missing",
            f"cannot be imported: {type(error).__name__}: {error}",
            f"{fix} --force-reinstall",
        )


def _installs() -> list[Diagnosis]:
    """What some profiles install: they need an index for it, and no other arm should find it."""
    profiles: dict[str, list[str]] = {}
    for adapter in load_adapters().values():
        for profile in adapter.profiles.values():
            for each in profile.installs:
                profiles.setdefault(each.name, []).append(f"{adapter.name}/{profile.name}")
    return [_installed_by(name, ", ".join(arms)) for name, arms in profiles.items()]


def _installed_by(name: str, arms: str) -> Diagnosis:
    if here := installed([name]):
        detail = f"{here[name]} is installed beside bench: arms other than {arms} use it too"
        return Diagnosis(name, "note", detail, f"pip uninstall {name}, to have them as shipped")
    detail = f"{arms} get it in environments of their own; their first run needs a package index"
    return Diagnosis(name, "ok", detail)


def _results(results: Path) -> Diagnosis:
    there = nearest(results)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Diagnosis("results folder", "ok", f"{results} can be written")
    return Diagnosis(
        "results folder",
        "missing",
        f"{there} cannot be written",
        "name a folder of yours: --out DIR",
    )


def _loopback() -> Diagnosis:
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection(server.getsockname(), timeout=2),
        ):
            return Diagnosis("loopback", "ok", "127.0.0.1 answers")
    except OSError as error:
        return Diagnosis(
            "loopback", "missing", f"127.0.0.1 does not answer: {error}", "ip link set lo up"
        )


def _variables() -> list[Diagnosis]:
    """The user's variables that a measured library would read, were they handed on."""
    names = environ.strange(read_by(load_adapters().values()))
    detail = f"set here, and left out of all measured processes: {', '.join(names)}"
    fix = "--pass NAME hands one on, its name is recorded"
    return [Diagnosis("variables", "note", detail, fix)] if names else []
