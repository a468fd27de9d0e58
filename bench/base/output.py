"""Where a command will write, looked at before it measures for an hour."""

import os
import tempfile
from pathlib import Path

from bench.errors import UsageError


def refuse_unwritable(path: Path, instead: str) -> None:
    """UsageError unless a file can be written there; `instead` says what to do about it.

    Missing folders above the file are made, as they would be later.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        if path.exists():
            with open(path, "ab"):
                return
        with tempfile.TemporaryFile(dir=path.parent):
            # The name itself may be too long for the folder.
            os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): {instead}") from None
