"""The folder of the user in which environments, wheels and resolved lists are kept."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import UsageError

COMPLETE = "complete.json"  # written last: a folder without it is a half-built one


def cache(kind: str) -> Path:
    """The folder for this kind of thing, made if missing."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "queue-bench" / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made ({error.strerror}): set XDG_CACHE_HOME to a folder you can write to") from None
    return folder


@contextmanager
def held(folder: Path, wait: bool = True) -> Iterator[bool]:
    """Whether this folder is ours alone while the context lasts; the kernel gives the lock back however we end.

    The lock file stays, for the reason that `bench.lock` gives.
    """
    file = os.open(folder.with_name(folder.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield True
        except BlockingIOError:
            yield False
    finally:
        os.close(file)


@contextmanager
def or_nothing(folder: Path) -> Iterator[None]:
    """Whatever cuts the building off, nothing half built stays."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def sweep(kind: str) -> None:
    """Remove what a killed bench left half built; what another bench is building is left alone."""
    for folder in cache(kind).iterdir():
        if folder.is_dir() and not (folder / COMPLETE).exists():
            with held(folder, wait=False) as ours:
                if ours and not (folder / COMPLETE).exists():
                    shutil.rmtree(folder, ignore_errors=True)
