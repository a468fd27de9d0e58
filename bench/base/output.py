"""Where a command will write, looked at before it measures for an hour."""

import os
import tempfile
from pathlib import Path

from bench.base.errors import UsageError


def refuse_unwritable(path: Path, instead: str) -> None:
    """UsageError unless a file can be written there; `instead` says what to do about it.

    Nothing is left behind: folders that are missing will be made by who writes.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        if path.exists() and not path.is_file():
            # A device or a pipe: to open it would wait for who reads, or let them go.
            if not os.access(path, os.W_OK):
                raise PermissionError(0, "Permission denied")
            return
        if path.exists():
            with open(path, "ab"):
                return
        with tempfile.TemporaryDirectory(dir=nearest(path.parent)):
            os.stat(path)  # its name may be too long
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): {instead}") from None


def nearest(folder: Path) -> Path:
    """The folder itself, or the one above it that is there."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.exists())
