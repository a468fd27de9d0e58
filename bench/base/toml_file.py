"""A TOML file that a user has written: read, and refused with the file and its line."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.base.errors import UsageError, one_line
from bench.base.text_files import opened
from bench.base.toml_lines import Place, line_of

_NO_TOML = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")


@dataclass(frozen=True)
class TomlFile:
    """The text of a file, and the document in it."""

    path: Path
    text: str
    document: dict[str, Any]

    def refusal(self, place: Place, what: str) -> UsageError:
        """What is wrong at a place of the document, in one line with the file and its line."""
        return UsageError(f"{self.path}:{line_of(self.text, place)}: {one_line(what)}")


def read_toml(path: Path) -> TomlFile:
    """Read a file; UsageError where it cannot be read or is not TOML, with the line."""
    with opened(path) as file:
        text = file.read()
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        told = _NO_TOML.fullmatch(str(error))
        what = told["what"] if told else str(error)
        line = (told and told["line"]) or text.rstrip("\n").count("\n") + 1
        raise UsageError(f"{path}:{line}: this is not TOML: {what}") from None
