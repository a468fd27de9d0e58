"""What a check of a user's URL hands back: where the library's own connections lead.

One line of JSON on standard output; the exceptions that a library raises go there too, for they may
hold the URL, and who asked cleans them. Standard library only, as all that runs inside a cell.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

Found = Iterable[tuple[str, object]]  # (host:port or path, database) of each connection


def told(ask: Callable[[], Found]) -> None:
    """Print where each connection of `ask` leads, or what was raised; then end at once."""
    try:
        answer: dict[str, object] = {"places": [[at, str(database)] for at, database in ask()]}
    except Exception as error:
        missing = isinstance(error, ImportError)
        answer = {"error": type(error).__name__, "said": str(error), "missing": missing}
    print("\n" + json.dumps(answer), flush=True)
    sys.stderr.flush()
    os._exit(0)  # clients keep threads


def pinged(client: Any) -> None:
    """Connect; a connection that may not PING is a connection."""
    try:
        client.ping()
    except Exception as error:
        if type(error).__name__ != "NoPermissionError":
            raise


def redis_place(arguments: dict[str, object]) -> tuple[str, object]:
    """The place from the arguments of redis-py's connections."""
    at = (
        arguments.get("path")
        or f"{str(arguments.get('host')).lower()}:{arguments.get('port', 6379)}"
    )
    return str(at), arguments.get("db") or 0
