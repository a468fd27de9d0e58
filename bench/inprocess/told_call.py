"""A user's function that tells what it did: `bench workload check` has it in place of the bare one.

`told.json` beside cell.json lists the functions; `bench.inprocess.told_call:task_0` is the first.
Each call leaves `told-0.json`: `seconds`, `memory_bytes`, and `result` or `error`; `ends` is true
of an error that is none of the task but ends its process, such as SystemExit.
"""

import json
import os
import traceback
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

from bench.inprocess.cell_context import CELL

PREFIX = "task_"
SHOWN = 200  # characters of a result
RESET_PEAK = "5"  # to /proc/self/clear_refs, proc(5): the peak begins anew


def __getattr__(name: str) -> Callable[..., Any]:
    if not name.startswith(PREFIX):
        raise AttributeError(name)
    number = int(name.removeprefix(PREFIX))
    module, _, path = _listed()[number].partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return telling(number, found)


def telling(number: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which writes down what comes of it."""

    def told(*args: Any, **named: Any) -> Any:
        before, began = _memory(), perf_counter()
        said: dict[str, Any] = {}
        try:
            result = function(*args, **named)
            said["result"] = _shown(result)
            return result
        except BaseException as error:
            said["error"] = _words(error)
            # gevent's Timeout is no Exception, and yet no more than a failure.
            said["ends"] = not (isinstance(error, Exception) or type(error).__name__ == "Timeout")
            raise
        finally:
            said["seconds"] = perf_counter() - began
            said["memory_bytes"] = max(0, _peak() - before)
            _tell(number, said)

    return told


def _listed() -> list[str]:
    with open(_beside("told.json"), encoding="utf-8") as file:
        return list(json.load(file))


def _tell(number: int, said: dict[str, Any]) -> None:
    path = _beside(f"told-{number}.json")
    part = f"{path}.{os.getpid()}"
    with open(part, "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(said, file)
    os.replace(part, path)


def _beside(name: str) -> str:
    return os.path.join(os.path.dirname(os.environ[CELL]), name)


def _memory() -> int:
    """The bytes of memory that the process has now; from here on its peak counts anew."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write(RESET_PEAK)
    except OSError:  # some containers forbid it: then the peak is that of its whole life
        pass
    return _status("VmRSS:")


def _peak() -> int:
    return _status("VmHWM:")


def _status(name: str) -> int:
    with open("/proc/self/status", encoding="utf-8") as file:
        return next((int(line.split()[1]) * 1024 for line in file if line.startswith(name)), 0)


def _shown(result: Any) -> str:
    """A result as Python writes it, or what it is where it cannot be written."""
    try:
        text = repr(result)
    except Exception as error:
        return f"{type(result).__name__}, whose repr raises {type(error).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"


def _words(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    name = type(error).__name__
    words = f"{name}: {said}" if said else name
    return f"{words[:SHOWN]} ({os.path.basename(frame.filename)}:{frame.lineno})"
