"""Arguments for a function of the user's: a file with one JSON list or object a line."""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError, one_line
from bench.base.text_files import opened

DEEPEST = 100
MOST_DIGITS = 4_300  # Python reads no more
TOO_DEEP = f"lists or objects stand more than {DEEPEST} deep inside each other"


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
        arguments = json.loads(
            line,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_refused,
            object_pairs_hook=_each_once,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if not isinstance(arguments, list | dict):
        raise ValueError("write a list, or an object of names and values, on each line")
    # Whoever sends them on calls itself for each level, in a Python with a limit of its own.
    if line.count("[") + line.count("{") > DEEPEST and _depth(arguments) > DEEPEST:
        raise ValueError(TOO_DEEP)


def _depth(arguments: Any) -> int:
    """How many lists and objects stand inside each other, counted level by level."""
    level, depth = [arguments], 0
    while level := [each for each in level if isinstance(each, list | dict)]:
        depth += 1
        level = [
            inner for each in level for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits: write one of up to {MOST_DIGITS:,}")
    return int(digits)


def _finite(digits: str) -> float:
    if math.isinf(number := float(digits)):
        raise ValueError(f"{digits[:20]} is out of range")
    return number


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    given = dict(pairs)
    if len(given) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:60]!r} stands in one object twice: leave one out")
    return given


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no value of JSON")
