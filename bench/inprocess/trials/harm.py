"""A crafted pickle whose execution does no harm: it leaves an empty file."""

from pathlib import Path
from typing import Any


class Crafted:
    """Unpickling this opens a file for writing instead of making an object."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return open, (str(self.marker), "w")
