"""On which line something stands in a TOML file: tomllib, which reads it, does not say."""

import tomllib
from bisect import bisect_left
from typing import Any

Place = tuple[str | int, ...]
"""Keys and indexes from the top of a document down: ("task", 1, "share")."""


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
