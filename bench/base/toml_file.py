"""A TOML file that a user has written: read, and refused with the file and its line."""

import re
import tomllib
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.base.errors import UsageError, one_line
from bench.base.text_files import opened
from bench.base.toml_lines import Place, line_of

MOST_BYTES = 2**20
DEEPEST = 20  # tables and lists inside each other: what reads them further calls itself
LONGEST = 400  # of what is said of a fault: a value may be a page of text

_NO_TOML = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")


@dataclass(frozen=True)
class TomlFile:
    """The text of a file, and the document in it."""

    path: Path
    text: str
    document: dict[str, Any]

    def refusal(self, place: Place, what: str) -> UsageError:
        """What is wrong at a place of the document, in one line with the file and its line."""
        line = line_of(self.text, place)
        return UsageError(f"{self.path}:{line}: {one_line(what)[:LONGEST]}")


def read_toml(path: Path) -> TomlFile:
    """Read a file; UsageError where it cannot be read or is not TOML, with the line."""
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
    return TomlFile(path, text, document)


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
