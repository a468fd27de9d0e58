"""10: one deliberately unfit cell for each kind of `invalid`."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import redis

from bench.inprocess import cell_context
from bench.inprocess.event_log import MARKER
from bench.selftest.expectations import SelftestLine, Unmeasured, asked
from bench.selftest.synthetic_runs import AGAIN, EXCUSES, Meddler, Session, arm, newest_row, tried

WHERE = "bench/measure/validity.py"
FOREIGN_S = 30.0


def gates(session: Session, quick: bool) -> list[SelftestLine]:
    """Each disturbance must close its own gate, and say so."""
    disturbances = {
        "foreign load": ("another process busy beside it", _busy),
        "generator": ("a load generator that is held up every 50 ms", _held_up),
        "events": ("a torn record inside an event file", _torn),
        "count": ("a client of which nobody knows", _stranger),
    }
    lines: list[SelftestLine] = []
    for gate, (what, meddle) in list(disturbances.items())[: 1 if quick else None]:
        with asked(lines, 10, what):
            verdict, reason = _disturbed(session, gate, meddle)
            closed = verdict == "invalid" and reason.startswith(gate)
            measured = f"{verdict}, {reason[:60]}"
            lines.append(SelftestLine(10, what, f"invalid, {gate}", measured, closed, WHERE))
    return lines


def _disturbed(session: Session, gate: str, meddle: Meddler) -> tuple[str, str]:
    """(verdict, reason) of the first try that nothing else had made unfit."""
    number = 0
    while True:
        number += 1
        name, arms = f"unfit-{gate.replace(' ', '-')}", [arm(capacity=2000)]
        run = session.run(name, "latency", arms, ["rate=200"], size="smoke", seed=2, meddle=meddle)
        row = newest_row(run, "latency_p50_ms")
        verdict, reason = str(row["verdict"]), str(row["reason"])
        other = tuple(each for each in EXCUSES if each != gate)
        if verdict != "invalid" or not reason.startswith(other):
            return verdict, reason
        if reason.startswith("throttled") or number > AGAIN:
            raise Unmeasured(tried(number, reason))


def _spin(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@contextmanager
def _busy(folder: Path) -> Iterator[None]:
    """Keep one core busy in another process for as long as the context lasts."""
    process = multiprocessing.get_context("fork").Process(
        target=_spin, args=(FOREIGN_S,), daemon=True
    )
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@contextmanager
def _meanwhile(every_s: float, act: Callable[[], bool]) -> Iterator[None]:
    """Do something beside the run, again and again until it says that it has been done."""
    end = threading.Event()

    def repeat() -> None:
        while not end.wait(every_s) and not act():
            pass

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _generators(folder: Path) -> list[psutil.Process]:
    """The load generators of the run in this folder."""
    generators = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "bench.inprocess.generator" in process.cmdline() and str(
                folder.resolve()
            ) in " ".join(process.cmdline()):
                generators.append(process)
        except psutil.Error:
            continue
    return generators


def _held_up(folder: Path) -> AbstractContextManager[None]:
    """Stop the generator for 30 ms, again and again."""

    def hold() -> bool:
        for process in _generators(folder):
            try:
                process.send_signal(signal.SIGSTOP)
                time.sleep(0.03)
                process.send_signal(signal.SIGCONT)
            except psutil.Error:
                continue
        return False

    return _meanwhile(0.05, hold)


def _loaded(folder: Path) -> list[Path]:
    """The event files of runs in which the load has begun."""
    return [path for path in folder.glob("cells/*/work/runs.bin") if path.stat().st_size > 20_000]


def _torn(folder: Path) -> AbstractContextManager[None]:
    """Write half a record into the event file while others write on."""

    def tear() -> bool:
        for path in _loaded(folder):
            with open(path, "ab", buffering=0) as file:
                file.write(MARKER + b"\1\0" + bytes(9))
            return True
        return False

    return _meanwhile(0.5, tear)


def _stranger(folder: Path) -> AbstractContextManager[None]:
    """Push to the broker of the cell, to another list, once the load has begun."""

    def push() -> bool:
        for process in _generators(folder) if _loaded(folder) else []:
            redis.Redis.from_url(process.environ()[cell_context.BROKER]).lpush("stranger", 1)
            return True
        return False

    return _meanwhile(0.5, push)
