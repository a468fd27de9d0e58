"""Where environments, wheels and resolved lists are kept: the user's cache folder, or one of ours.

What is complete is used wherever it lies, by whomever it was made; something is only ever made in
a folder that we can write to.
"""

import fcntl
import os
import pwd
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.base.errors import UsageError

COMPLETE = "complete.json"  # written last: a folder without it is a half-built one
TO_TYPE = "set XDG_CACHE_HOME to a folder that you can write to"


def cache(kind: str) -> Path:
    """The folder in which this kind of thing can be made, made if missing; else UsageError."""
    reasons = []
    for base in _bases():
        folder = fit(base, "set XDG_CACHE_HOME to another folder") / kind
        if not (reason := _no_room(base, folder)):
            return folder
        reasons.append(f"{folder} {reason}")
    raise UsageError(f"{'; '.join(reasons)}: {TO_TYPE}")


def everywhere(kind: str) -> list[Path]:
    """Every folder that may hold such things, the user's own first; none of them is made."""
    return [base / kind for base in _bases() if there(base / kind) and not _not_ours(base)]


def elsewhere(folder: Path) -> str:
    """A few words where this is not the folder that a user would expect, else nothing."""
    wanted = _bases()[0] / folder.name
    return "" if folder == wanted else f" in {folder}, because {wanted} cannot be written"


def fit(path: Path, fix: str) -> Path:
    """The path itself; UsageError where no Python environment can lie below it.

    A colon parts the paths in a list of them; the rest cannot stand in the first line of a program.
    """
    for sign in str(path):
        if sign in ':"$`\\' or unicodedata.category(sign) in ("Cc", "Cs"):
            raise UsageError(
                f"{str(path)!a} has {sign!a} in it, and no environment can be made there: {fix}"
            )
    return path


def _bases() -> list[Path]:
    """The user's cache folder, if there is one, and the one of ours that serves where it does not.

    A relative XDG_CACHE_HOME is ignored, as its specification says.
    """
    given, home = os.environ.get("XDG_CACHE_HOME", ""), _home()
    theirs = given if os.path.isabs(given) else os.path.join(home, ".cache") if home else ""
    return [*([Path(theirs) / "queue-bench"] if theirs else []), _temporary()]


def _home() -> str:
    """The home folder; nothing where neither HOME nor the list of users names one."""
    try:
        home = os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""
    return home if os.path.isabs(home) else ""


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"queue-bench-{os.getuid()}"


def _no_room(base: Path, folder: Path) -> str:
    """Why nothing can be made in this folder; nothing where it can, and then it is there."""
    try:
        if base == _temporary():
            base.mkdir(mode=0o700, exist_ok=True)
        if reason := _not_ours(base):
            return reason
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"cannot be made ({error.strerror})"
    return "" if _writable(folder) else "cannot be written"


def _not_ours(base: Path) -> str:
    """Why a folder among everybody's temporary ones must not be trusted; nothing if it may be."""
    if base != _temporary():
        return ""
    status = base.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return "belongs to somebody else"
    return "can be written by others" if status.st_mode & 0o022 else ""


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def there(path: Path) -> bool:
    """Whether the path exists and we can get at it."""
    return os.path.exists(path)


@contextmanager
def held(folder: Path, wait: bool = True) -> Iterator[bool]:
    """Whether this folder is ours alone while the context lasts; the kernel gives the lock back.

    The lock file stays, for the reason that `bench.hosts.lock` gives.
    """
    file = _opened(folder.with_name(folder.name + ".lock"))
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        except OSError as error:
            raise UsageError(f"{folder} cannot be locked ({error.strerror}): {TO_TYPE}") from None
        yield True
    finally:
        os.close(file)


def _opened(lock: Path) -> int:
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        pass
    try:
        # Another user's file: to be locked, it need not be written to.
        return os.open(lock, os.O_RDONLY)
    except OSError as error:
        raise UsageError(f"{lock} cannot be opened ({error.strerror}): {TO_TYPE}") from None


@contextmanager
def or_nothing(folder: Path) -> Iterator[None]:
    """Whatever cuts the building off, nothing half built stays."""
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        raise UsageError(f"{folder} is of no use and cannot be removed by this user: remove it")
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def sweep(kind: str) -> None:
    """Remove what a killed bench left half built; what another bench builds is left alone."""
    parents = [parent for parent in everywhere(kind) if _writable(parent)]
    inside = [each for parent in parents for each in parent.iterdir()]
    for folder in (each for each in inside if each.is_dir() and not there(each / COMPLETE)):
        with held(folder, wait=False) as ours:
            if ours and not there(folder / COMPLETE):
                shutil.rmtree(folder, ignore_errors=True)
