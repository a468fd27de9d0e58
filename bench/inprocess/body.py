"""The task body, the same for every system: it stamps its start and finish and returns its id."""

import os
import sys
from _thread import get_ident
from time import monotonic_ns, sleep, thread_time_ns

from bench.inprocess.event_log import FINISHED, GIL, STARTED, Log

# Without an event file the body is bare: that is how the cost of recording is measured.
_path = os.environ.get("QUEUE_BENCH_EVENTS")
_log = Log(_path) if _path else None
_import_us = 0
# An extension that only workers import may have taken the GIL back: each process tells once.
_gil_untold = bool(_path) and "t" in sys.abiflags


def imported_in(microseconds: int) -> None:
    """Note how long this process took to import its task module: RQ pays it in every fork."""
    global _import_us
    _import_us = min(microseconds, 0xFFFFFFFF)


def run(task: int, work: str = "") -> int:
    """Run one task and return its id.

    `work` is empty for a no-op, or `sleep:20` or `cpu:20` (milliseconds), `pad:…` (text that is
    left alone), `die` or `hang`. ValueError for any other.
    """
    if _log is None:
        return task
    if _gil_untold:
        _tell_gil()
    _log.write(STARTED, task, monotonic_ns(), get_ident(), (os.getppid() << 32) | _import_us)
    if work:
        _do(work)
    _log.write(FINISHED, task, monotonic_ns(), get_ident())
    return task


def _tell_gil() -> None:
    global _gil_untold
    _gil_untold = False
    state = "on" if sys._is_gil_enabled() else "off"  # type: ignore[attr-defined]  # since 3.13
    path = os.path.join(os.path.dirname(_path or ""), GIL + state)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _do(work: str) -> None:
    kind, _, amount = work.partition(":")
    if kind == "sleep":
        sleep(int(amount) / 1000)
    elif kind == "cpu":
        # The thread's own clock: what others do on this core meanwhile makes the task no smaller.
        end = thread_time_ns() + int(amount) * 1_000_000
        while thread_time_ns() < end:
            pass
    elif kind == "pad":
        return
    elif kind == "die":
        os.kill(os.getpid(), 9)
        sleep(60)  # the signal needs a moment
    elif kind == "hang":
        sleep(3600)
    else:
        raise ValueError(f"unknown work {work!r}")
