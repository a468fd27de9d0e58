"""Marks: one line of JSON per thing that a task saw of itself, appended by one write each.

Standard library only.
"""

import json
import os
import sys
from _thread import get_ident
from time import monotonic_ns, time_ns
from typing import Any

MARKS = "QUEUE_BENCH_MARKS"  # the file that every process of a trial appends to


def mark(name: str, **facts: Any) -> None:
    """Append who is here, when, and these facts."""
    line = {
        "name": name,
        "ns": monotonic_ns(),
        "wall_ns": time_ns(),
        "pid": os.getpid(),
        "thread": _thread(),
        "greenlet": _greenlet(),
        **facts,
    }
    file = os.open(os.environ[MARKS], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, (json.dumps(line, default=str) + "\n").encode())
    finally:
        os.close(file)


def _thread() -> int:
    """The thread of the operating system, whoever has patched Python's."""
    try:
        import threading

        return threading.get_native_id()
    except AttributeError:
        return get_ident()


def _greenlet() -> int:
    """The greenlet, where the library is in use at all; 0 elsewhere."""
    module = sys.modules.get("greenlet")
    return id(module.getcurrent()) if module else 0
