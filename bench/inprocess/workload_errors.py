"""The first error of each task type of a workload, as its worker writes it down.

Also the end of a run whose process was killed at a time limit, as its parent tells it.

Standard library only, as all that runs inside a cell.
"""

import json
import os
from time import monotonic_ns

from bench.inprocess.cell_context import EVENTS
from bench.inprocess.event_log import MARKER, RAISED, RECORD, STARTED
from bench.inprocess.workload_tasks import beside, description

MOST_ERROR = 300
RUNNER = "workload_tasks.py"
CHUNK = 4096 * RECORD.size
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


def tell_killed(task: int, kind: int, error: BaseException) -> None:
    """Write what a run could not write itself, as its process was killed at the time limit."""
    if run := _last_start(os.environ[EVENTS], task):
        log = os.open(os.environ[EVENTS], os.O_WRONLY | os.O_APPEND)
        os.write(log, RECORD.pack(MARKER, RAISED, 0, run[0], task, monotonic_ns(), run[1], 0))
        os.close(log)
    tell_error(task, kind, type(error)(*error.args))  # without the lines of the library


def _last_start(path: str, task: int) -> tuple[int, int] | None:
    """(pid, thread) of the task's last run; None where it has ended, or never began."""
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END) // RECORD.size * RECORD.size
        while end > RECORD.size:
            begin = max(RECORD.size, end - CHUNK)
            file.seek(begin)
            # Backwards: it began as long ago as the limit is.
            for record in reversed(list(RECORD.iter_unpack(file.read(end - begin)))):
                _, what, _, pid, number, _, thread, _ = record
                if number == task:
                    return (pid, thread) if what == STARTED else None
            end = begin
    return None


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
