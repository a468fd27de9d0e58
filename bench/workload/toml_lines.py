"""TOML files that a user has written, and on which line something stands in one: tomllib, which
reads them, does not say."""

import re
import tomllib
from bisect import bisect_left
from pathlib import Path
from typing import Any

from bench.base.errors import UsageError
from bench.workload.text_files import opened

Place = tuple[str | int, ...]
"""Keys and indexes from the top of a document down: ("task", 1, "share")."""

MOST_BYTES = 2**20
DEEPEST = 20  # tables and lists inside each other: what reads them further calls itself

_NO_TOML = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file and what it says; UsageError with file and line where it is none."""
    with opened(path, MOST_BYTES) as file:
        text = file.read()
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = _NO_TOML.fullmatch(str(error))
        what = told["what"] if told else str(error)
        line = int((told and told["line"]) or text.rstrip("\n").count("\n") + 1)
        raise UsageError(f"{path}:{line}: this is not TOML: {what}") from None
    except RecursionError:
        raise _too_deep(path, _line_that_raises(text, RecursionError)) from None
    except ValueError:  # Python reads no decimal number of more than 4,300 digits
        line = _line_that_raises(text, ValueError)
        what = "a number of more digits than Python reads: write a smaller one"
        raise UsageError(f"{path}:{line}: {what}") from None
    if place := _deep_place(document):
        raise _too_deep(path, line_of(text, place))
    return text, document


def _too_deep(path: Path, line: int) -> UsageError:
    return UsageError(
        f"{path}:{line}: tables or lists stand more than {DEEPEST} deep inside each other"
    )


def _line_that_raises(text: str, fault: type[Exception]) -> int:
    """The line at which the parser raises a fault that is none of TOML's grammar."""
    lines = text.split("\n")

    def raises(count: int) -> bool:
        try:
            tomllib.loads("\n".join(lines[:count]) + "\n")
        except tomllib.TOMLDecodeError:
            return False
        except fault:
            return True
        return False

    return 1 + bisect_left(range(1, len(lines) + 1), True, key=raises)


def _deep_place(document: dict[str, Any]) -> Place:
    """The first place that is too deep; empty where none is. It does not call itself."""
    waiting: list[tuple[Place, Any]] = [((), document)]
    while waiting:
        place, value = waiting.pop()
        if len(place) > DEEPEST:
            return place
        if isinstance(value, dict):
            waiting += [((*place, key), each) for key, each in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, at), each) for at, each in enumerate(value)]
    return ()


def line_of(text: str, place: Place) -> int:
    """The line, from 1, on which the statement begins that brings that place into being.

    The text must be valid and have the place; the top of the document is line 1.

    The parser itself is asked, about longer and longer beginnings of the text: one that ends inside
    a statement is not valid, and a place that is there once stays there. So quoted keys, dotted
    keys and texts of many lines need no second grammar that could differ from the parser's.
    """
    if not place:
        return 1
    lines = text.split("\n")
    counts = range(1, len(lines) + 1)
    return 1 + bisect_left(counts, True, key=lambda count: _has(_beginning(lines, count), place))


def _beginning(lines: list[str], count: int) -> dict[str, Any]:
    """The document in the first `count` lines, or in as many more as make it valid."""
    for end in range(count, len(lines)):
        try:
            # The last line keeps its end: a carriage return without a newline is not valid.
            return tomllib.loads("\n".join(lines[:end]) + "\n")
        except tomllib.TOMLDecodeError:
            continue
    return tomllib.loads("\n".join(lines))


def _has(document: Any, place: Place) -> bool:
    return len(known_part(document, place)) == len(place)


def known_part(document: Any, place: Place) -> Place:
    """The steps of a place that lead on in the document; those that do not are left out."""
    steps: list[str | int] = []
    for step in place:
        # A text has indexes too, and they are no places.
        keys = range(len(document)) if isinstance(document, list) else document
        if isinstance(keys, range | dict) and step in keys:
            document = document[step]
            steps.append(step)
    return tuple(steps)
