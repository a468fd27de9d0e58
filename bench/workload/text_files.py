"""Files that a user has written, and the line on which one of them cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bench.base.errors import UsageError


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """A file of text, its byte order mark left out and its ends of lines as they are.

    UsageError where it cannot be read, with the line where it is not UTF-8.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}:{_undecodable(path)}: save it as UTF-8: this is not") from None


def _undecodable(path: Path) -> int:
    """The first line that is not UTF-8: what the decoder says counts from a part of the file."""
    content = path.read_bytes()
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 1
