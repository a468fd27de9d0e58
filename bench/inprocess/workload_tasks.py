"""The tasks of a reader's own load: their types, and what each run of one does.

RQ imports it in every fork: standard library only, and of that only what is there anyway.
"""

import json
import os
import sys
from _thread import get_ident
from collections.abc import Callable
from time import monotonic_ns, sleep, thread_time_ns
from typing import Any

from bench.inprocess.cell_context import CELL, EVENTS
from bench.inprocess.event_log import FINISHED, GIL, RAISED, STARTED, Log

BLOCK = 65_536  # longer than the window of zlib: RQ compresses what it sends
PAGE = 4096
# These every serialiser takes.
PLAIN = (type(None), bool, int, float, str)
ASYNC = 0x80  # the flag of `async def` in a code object

_path = os.environ.get(EVENTS)
_log = Log(_path) if _path else None
_import_us = 0
_gil_untold = bool(_path) and "t" in sys.abiflags


class PlannedFailure(Exception):
    """The failure of a run that the workload asks for by `fails`."""


class Type:
    """A task type as a measured process needs it; no NamedTuple: its class costs 0.2 ms a fork."""

    __slots__ = ("args", "call", "limit_s", "name", "priority", "queue", "retries")

    def __init__(
        self,
        name: str,
        call: str | None,
        args: str | None,
        queue: str | None,
        priority: str | None,
        retries: int,
        limit_s: float | None,
    ) -> None:
        self.name, self.call, self.args = name, call, args
        self.queue, self.priority = queue, priority
        self.retries, self.limit_s = retries, limit_s


def beside(name: str) -> str:
    """A file beside cell.json."""
    return os.path.join(os.path.dirname(os.environ[CELL]), name)


# As JSON gives it: bench/workload/cell_files.py says what is in it.
def description() -> dict[str, Any]:
    """What is told of the workload; OSError outside of the cell of one."""
    with open(beside("workload.json"), encoding="utf-8") as file:
        return dict(json.load(file))


_types: list[Type] | None = None


def types() -> list[Type]:
    """The task types in the order of the file; OSError outside of the cell of a workload."""
    global _types
    if _types is None:
        _types = [Type(**each) for each in description()["types"]]
    return _types


def text(size: int) -> str:
    """So many characters that do not shrink to nothing, of one byte each."""
    if size <= 0:
        return ""
    block = os.urandom(min(size, BLOCK) // 2 + 1).hex()
    return (block * (size // len(block) + 1))[:size]


# A user's function by the number of its type, or why there is none.
_functions: dict[int, Callable[..., Any] | str] = {}
# The synthetic queue has one that is exact.
pause: Callable[[float], None] = sleep
_dumps: Callable[[Any], object] | None = None
_taken: set[int] = set()
_refused: set[int] = set()


def imported_in(microseconds: int) -> None:
    """Note how long this process took to import its task module: RQ pays it in every fork."""
    global _import_us
    _import_us = min(microseconds, 0xFFFFFFFF)


def results_by(dumps: Callable[[Any], object] | None) -> None:
    """The serialiser that the system hands results to; None where it keeps none."""
    global _dumps
    _dumps = dumps


def preload() -> None:
    """Import every function of the user's now, so that no task waits for it.

    One that cannot be imported fails each of its tasks, with the reason.
    """
    for kind, each in enumerate(types()):
        if each.call:
            _functions[kind] = _imported(each.call)


def run(task: int, kind: int, attempt: int, *message: Any) -> Any:
    """One run of a task, and its result; `attempt` is 0 in the first.

    Whatever it raises is noted and goes on to the system, whose retry it is to act on.
    """
    the_type = types()[kind]
    # Before it starts: the library too has the function before it calls it.
    function = _function(kind, the_type.call) if the_type.call else None
    if _gil_untold:
        _tell_gil()
    if _log:
        parent = (os.getppid() << 32) | _import_us
        _log.write(STARTED, task, monotonic_ns(), get_ident(), parent)
    try:
        if function is None:
            result = _synthetic(the_type.retries, attempt, *message)
        else:
            result = _called(kind, function, *message)
    except BaseException as error:
        # No failure of the task: a shutdown that interrupts it, and an exit, which it may have
        # asked for itself. gevent's Timeout is one, and no Exception.
        if isinstance(error, Exception) or type(error).__name__ == "Timeout":
            if _log:
                _log.write(RAISED, task, monotonic_ns(), get_ident())
            from bench.inprocess.workload_errors import tell_error  # no fork needs it otherwise

            tell_error(task, kind, error)
        raise
    if _log:
        _log.write(FINISHED, task, monotonic_ns(), get_ident())
    return result


def _synthetic(
    retries: int,
    attempt: int,
    sleep_ns: int,
    cpu_ns: int,
    memory_bytes: int,
    result_bytes: int,
    failing_runs: int,
    payload: str,
) -> str | None:
    """Touch the memory, compute, wait, and then fail or return so much text.

    More failing runs than retries: it fails however often the system runs it.
    """
    # As zeros it would be pages that nobody has touched.
    memory = bytearray(memory_bytes)
    memory[::PAGE] = b"x" * len(range(0, memory_bytes, PAGE))
    if cpu_ns:
        # The thread's own clock, as in body.py
        end = thread_time_ns() + cpu_ns
        while thread_time_ns() < end:
            pass
    if sleep_ns:
        pause(sleep_ns / 1e9)
    del memory
    if failing_runs > retries or attempt < failing_runs:
        raise PlannedFailure("the workload's `fails` asks for it")
    return text(result_bytes) if result_bytes else None


def _called(
    kind: int, function: Callable[..., Any] | str, given: list[Any], named: dict[str, Any]
) -> Any:
    """The result of a function of the user's; TypeError where the system could not keep it."""
    if isinstance(function, str):
        raise ImportError(function)
    result = function(*given, **named)
    if _dumps is None or type(result) in PLAIN or kind in _taken:
        return result
    try:
        _dumps(result)
    except Exception as error:
        _refused.add(kind)
        what = f"{type(error).__name__}: {error}"
        raise TypeError(f"the system cannot keep its result ({what})") from None
    if kind not in _refused:
        _taken.add(kind)
    return result


def _function(kind: int, call: str) -> Callable[..., Any] | str:
    """The user's function; where nobody has imported it before, that is noted as import time."""
    global _import_us
    if kind not in _functions:
        began = monotonic_ns()
        _functions[kind] = _imported(call)
        _import_us = min(_import_us + (monotonic_ns() - began) // 1000, 0xFFFFFFFF)
    return _functions[kind]


def _imported(call: str) -> Callable[..., Any] | str:
    """The function `module:name`, or in words why it cannot be called."""
    module, _, name = call.partition(":")
    try:
        __import__(module)
        found: Any = sys.modules[module]
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        from bench.inprocess.workload_errors import in_words

        return f"{call} cannot be imported: {in_words(error)}"
    if not callable(found):
        return f"{call} is no function but {type(found).__name__}"
    if getattr(getattr(found, "__code__", None), "co_flags", 0) & ASYNC:
        return f"{call} is an async function: name one that calls it by asyncio.run"
    function: Callable[..., Any] = found
    return function


def _tell_gil() -> None:
    """An extension of the user's may have taken the GIL back: each process tells once."""
    global _gil_untold
    _gil_untold = False
    state = "on" if sys._is_gil_enabled() else "off"  # type: ignore[attr-defined]  # since 3.13
    path = os.path.join(os.path.dirname(_path or ""), GIL + state)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
