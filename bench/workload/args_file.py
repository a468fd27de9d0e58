"""Arguments for a function of the user's: a file with one JSON list or object a line."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError, one_line
from bench.workload.text_files import opened


@dataclass(frozen=True, eq=False)
class Arguments:
    """A file of arguments; its lines stay where they are, and only their digest is ever stored.

    `sizes` are the bytes of each line, (lines,).
    """

    path: Path
    sizes: npt.NDArray[np.int64]
    digest: str


def read_arguments(path: Path) -> Arguments:
    """Look through a file; UsageError with file and line for what is no list and no object."""
    sizes, digest = [], hashlib.sha256()
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                _check(line)
            except ValueError as error:
                raise UsageError(f"{path}:{number}: {one_line(error)}") from None
            content = line.encode()
            digest.update(content)
            sizes.append(len(content.strip()))
    if not sizes:
        raise UsageError(f"{path}:1: no arguments are in it: write a list or an object a line")
    return Arguments(path, np.array(sizes, np.int64), digest.hexdigest())


def _check(line: str) -> None:
    """ValueError unless a line holds a list or an object, in JSON as it is defined."""
    try:
        arguments = json.loads(line, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(arguments, list | dict):
        raise ValueError("write a list, or an object of names and values, on each line")


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no value of JSON")
