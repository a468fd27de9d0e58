"""The Pythons of this machine: on PATH, pyenv's, and those that uv has or can fetch.

Each is asked what it is. A name says little: pyenv has a `python3.13` on PATH for a version that
is not switched on, and PyPy may go by that name too.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.base.environ import built
from bench.base.errors import UsageError
from bench.environments.pip import PipFailed, build_dir, reason, run
from bench.environments.pip_settings import ALSO
from bench.model.interpreter import OWN, Interpreter, minor_of

ASK_S = 30.0
KNOWN = ("3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t")
PROGRAM = """
import json, platform, sys, sysconfig
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
told = [sys.executable, platform.python_version(), platform.python_implementation(), free_threaded]
json.dump([*told, sys.base_prefix], sys.stdout)
"""
SHIMS = ("PYENV_*", "ASDF_*", "MISE_*")  # what a shim reads to know which Python is meant
# uv's own, and what it reads beside it to load something.
UV = ("UV_*", "XDG_*", *ALSO)


def find(wanted: str, arm: str, say: Callable[[str], None]) -> Interpreter:
    """The Python that an arm asks for, `3.13`, `3.13.2` or `3.14t`; that of bench wherever it fits.

    uv fetches one that is nowhere, and `say` is told so. UsageError where none can be had.
    """
    if not wanted or OWN.satisfies(wanted):
        return OWN
    uv, why = shutil.which("uv"), ""
    found = _on_path(wanted) or (_of_uv(uv, wanted) if uv else None)
    if uv and not found:
        say(f"fetching Python {wanted} with uv …")
        why = _fetch(uv, wanted, arm)
        found = _of_uv(uv, wanted)
    if found:
        return found
    raise UsageError(
        f"{arm}: this machine has no Python {wanted}, it has {named(found_here())}"
        f"{f' (uv: {why})' if why else ''}: put such a {_programs(wanted)[0]} on PATH"
        f"{'' if uv else ', or install uv, which fetches one'}"
    )


def found_here() -> list[Interpreter]:
    """The Pythons that an arm can have without fetching one, bench's own first."""
    uv = shutil.which("uv")
    others = (_on_path(each) or (_of_uv(uv, each) if uv else None) for each in KNOWN)
    return [OWN, *{each.name: each for each in others if each and each.name != OWN.name}.values()]


def named(found: Sequence[Interpreter]) -> str:
    """Their versions in words; one that stands alone says so."""
    return ", ".join(each.name for each in found) + " only" * (len(found) == 1)


def ask(program: str) -> Interpreter | None:
    """What a program says of itself; None where it does not answer as a Python does."""
    command = [program, "-I", "-c", PROGRAM]
    try:
        return Interpreter(*json.loads(_said(command, SHIMS)))
    except (OSError, ValueError, TypeError, subprocess.SubprocessError):
        return None


def _on_path(wanted: str) -> Interpreter | None:
    answers = (ask(program) for program in _candidates(wanted))
    return next((each for each in answers if each and each.satisfies(wanted)), None)


def _candidates(wanted: str) -> Iterator[str]:
    """The programs that may be this Python, the likeliest first."""
    programs = _programs(wanted)
    for program in programs:
        for folder in os.get_exec_path():
            if path := shutil.which(program, path=folder):
                yield path
    # pyenv puts on PATH what is switched on; the others are there all the same.
    root = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    versions = root.glob(f"versions/{minor_of(wanted)}*")
    for version in sorted(versions, key=_numbers, reverse=True):
        yield from (str(version / "bin" / program) for program in programs)


def _programs(wanted: str) -> list[str]:
    """By which names this Python goes: a free-threaded one may have no name of its own."""
    plain = f"python{minor_of(wanted)}"
    return [f"{plain}t", plain] if wanted.endswith("t") else [plain]


def _numbers(folder: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", folder.name)]


def _of_uv(uv: str, wanted: str) -> Interpreter | None:
    """One that uv has installed itself: PATH has been looked through."""
    command = [uv, "python", "find", wanted]
    try:
        path = _said(command, UV, UV_PYTHON_PREFERENCE="only-managed").strip()
    except (OSError, subprocess.SubprocessError):
        return None
    found = ask(path)
    return found if found and found.satisfies(wanted) else None


def _fetch(uv: str, wanted: str, arm: str) -> str:
    """Have uv install it where uv keeps its Pythons; why that failed, or nothing."""
    env = built({"UV_PYTHON_INSTALL_BIN": "0"}, kept=UV)  # nothing new on the user's PATH
    with build_dir(arm) as host:
        try:
            run(host, [uv, "python", "install", wanted], env)
        except PipFailed as failed:
            return reason(str(failed))
    return ""


def _said(command: list[str], kept: tuple[str, ...], **extra: str) -> str:
    """What a program prints, run without the user's other variables."""
    return subprocess.check_output(
        command,
        env=built(extra, kept=kept),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=ASK_S,
        encoding="utf-8",
    )
