"""The first error of each task type of a workload, as its worker writes it down.

Standard library only, as all that runs inside a cell.
"""

import json
import os

from bench.inprocess.workload_tasks import beside, description

MOST_ERROR = 300
RUNNER = "workload_tasks.py"
SHORTEST_SECRET = 4  # a value such as "1" stands in every second sentence

_told: set[int] = set()


def tell_error(task: int, kind: int, error: BaseException) -> None:
    """Write down the first error of a type, by whichever process is the first to have one."""
    if kind in _told:
        return
    _told.add(kind)
    try:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        number = os.open(beside(f"raised-{kind}.json"), flags, 0o644)
    except OSError:
        return  # another was, or the folder is gone with its cell
    with os.fdopen(number, "w", encoding="utf-8") as file:
        what = _cleaned(in_words(error))[:MOST_ERROR] + _where(error)
        json.dump({"task": task, "error": what}, file)


def in_words(error: BaseException) -> str:
    """An exception in one line; it may be one of the user's, with a `__str__` of theirs."""
    try:
        said = " ".join(str(error).split())
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _where(error: BaseException) -> str:
    """The file and line that raised it, unless that is the module which runs all tasks."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    name = os.path.basename(trace.tb_frame.f_code.co_filename)
    return "" if name == RUNNER else f" ({name}:{trace.tb_lineno})"


def _cleaned(words: str) -> str:
    """Without the values of the variables that the user handed on, which are never stored."""
    for name in description()["pass"]:
        value = " ".join(os.environ.get(name, "").split())
        password = value.partition("://")[2].rpartition("@")[0].partition(":")[2]
        for secret in (value, password):
            if len(secret) >= SHORTEST_SECRET:
                words = words.replace(secret, f"${name}")
    return words
