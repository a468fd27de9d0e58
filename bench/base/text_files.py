"""Files that a user has written, and the line on which one of them cannot be read."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bench.base.errors import UsageError

MOST_BYTES = 2**30  # of arguments and traces: five million arrivals need less


class NoFile(UsageError):
    """A file that cannot be read as a whole, so that no line of it can be named."""


@contextmanager
def opened(path: Path, most: int = MOST_BYTES) -> Iterator[TextIO]:
    """A file of text, its byte order mark left out and its ends of lines as they are.

    UsageError where it cannot be read, with the line where it is not UTF-8; NoFile for what is no
    regular file or has more than `most` bytes.
    """
    _refuse_strange(path, most)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise NoFile(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}:{_undecodable(path)}: save it as UTF-8: this is not") from None


def _refuse_strange(path: Path, most: int) -> None:
    """NoFile for what has no end, or would wait for one who writes; before it is opened."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise NoFile(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL, or a letter that the locale cannot write
        raise NoFile(f"{str(path)!r} cannot be the name of a file: name another") from None
    if stat.S_ISDIR(found.st_mode):
        raise NoFile(f"{path} cannot be read: it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise NoFile(f"{path} cannot be read: it is a pipe or a device: name a regular file")
    if found.st_size > most:
        raise NoFile(
            f"{path} cannot be read: it has {found.st_size:,} bytes, and {most:,} are the most: "
            "take a part of it"
        )


def _undecodable(path: Path) -> int:
    """The first line that is not UTF-8: what the decoder says counts from a part of the file."""
    content = path.read_bytes()
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 1
