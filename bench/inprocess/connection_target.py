"""What a check of a user's URL hands back: where the library's own connections lead.

One line of JSON on standard output; the exceptions that a library raises go there too, for they may
hold the URL, and who asked cleans them. Standard library only, as all that runs inside a cell.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

Targets = Iterable[tuple[str, object]]  # (host:port or path, database) of each connection


class Reached(TypedDict, total=False):
    """The line: `places`, or the name of the `error`, what it `said`, and whether the library is
    `missing`."""

    places: Sequence[tuple[str, str]]
    error: str
    said: str
    missing: bool


def print_targets(ask: Callable[[], Targets]) -> None:
    """Print where each connection of `ask` leads, or what was raised; then end at once."""
    try:
        answer: Reached = {"places": [(at, str(database)) for at, database in ask()]}
    except Exception as error:
        answer = {
            "error": type(error).__name__,
            "said": str(error),
            "missing": isinstance(error, ImportError),
        }
    print("\n" + json.dumps(answer), flush=True)
    sys.stderr.flush()
    os._exit(0)  # clients keep threads


def redis_target(client: Any) -> tuple[str, object]:
    """Connect, and where that leads by the arguments of redis-py's connections.

    A connection that may not PING is a connection.
    """
    try:
        client.ping()
    except Exception as error:
        if type(error).__name__ != "NoPermissionError":
            raise
    arguments: Mapping[str, object] = client.connection_pool.connection_kwargs
    host = f"{str(arguments.get('host')).lower()}:{arguments.get('port', 6379)}"
    return str(arguments.get("path") or host), arguments.get("db") or 0
