"""10: one deliberately unfit cell for each kind of `invalid`."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import redis

from bench.inprocess import cell_context
from bench.inprocess.event_log import MARKER
from bench.selftest.expectations import SelftestLine, asked
from bench.selftest.synthetic_runs import EXCUSES, Meddler, Session, arm, until_fit

WHERE = "bench/measure/validity.py"
SPIN = "import time\nuntil = time.monotonic() + 30\nwhile time.monotonic() < until: pass"


def gates(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """Each disturbance must close its own gate, and say so."""
    disturbances: dict[str, tuple[str, Meddler]] = {
        "foreign load": ("another process busy beside it", _busy),
        "generator": (
            "a load generator that is held up every 50 ms",
            partial(_meanwhile, _hold, 0.05),
        ),
        "events": ("a torn record inside an event file", partial(_meanwhile, _tear, 0.5)),
        "count": ("a client of which nobody knows", partial(_meanwhile, _push, 0.5)),
    }
    for gate, (what, meddle) in list(disturbances.items())[: 1 if quick else None]:
        with asked(lines, 10, what):
            verdict, reason = _disturbed(session, gate, meddle)
            closed = verdict == "invalid" and reason.startswith(gate)
            measured = f"{verdict}, {reason[:60]}"
            lines.append(SelftestLine(10, what, f"invalid, {gate}", measured, closed, WHERE))


def _disturbed(session: Session, gate: str, meddle: Meddler) -> tuple[str, str]:
    """(verdict, reason) of the first try that nothing else had made unfit."""
    others = tuple(each for each in EXCUSES if each != gate)

    def attempt() -> tuple[tuple[str, str], str]:
        run = session.run(
            f"unfit-{gate.replace(' ', '-')}",
            "latency",
            [arm(capacity=2000)],
            ["rate=200"],
            size="smoke",
            seed=2,
            meddle=meddle,
        )
        line = run.manifest.cells[-1]  # a cell that came to no end has no row of most measures
        other = line.verdict == "invalid" and line.reason.startswith(others)
        return (line.verdict, line.reason), line.reason if other else ""

    return until_fit(attempt)


@contextmanager
def _busy(folder: Path) -> Iterator[None]:
    """Keep one core busy in another process for as long as the context lasts."""
    with subprocess.Popen([sys.executable, "-c", SPIN]) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _meanwhile(act: Callable[[Path], bool], every_s: float, folder: Path) -> Iterator[None]:
    """Do something to the run in this folder, again and again until it says that it is done."""
    end = threading.Event()

    def repeat() -> None:
        while not end.wait(every_s) and not act(folder):
            pass

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _generators(folder: Path) -> Iterator[psutil.Process]:
    """The load generators of the run in this folder."""
    for process in psutil.Process().children(recursive=True):
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if "bench.inprocess.generator" in line and str(folder.resolve()) in " ".join(line):
            yield process


def _hold(folder: Path) -> bool:
    """Stop the generator for 30 ms; to be done again and again."""
    for process in _generators(folder):
        try:
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.03)
            process.send_signal(signal.SIGCONT)
        except psutil.Error:
            continue
    return False


def _loaded(folder: Path) -> list[Path]:
    """The event files of runs in which the load has begun."""
    return [path for path in folder.glob("cells/*/work/runs.bin") if path.stat().st_size > 20_000]


def _tear(folder: Path) -> bool:
    """Write half a record into the event file while others write on."""
    for path in _loaded(folder):
        with open(path, "ab", buffering=0) as file:
            file.write(MARKER + b"\1\0" + bytes(9))
        return True
    return False


def _push(folder: Path) -> bool:
    """Push to the broker of the cell, to another list, once the load has begun."""
    for process in _generators(folder) if _loaded(folder) else ():
        redis.Redis.from_url(process.environ()[cell_context.BROKER]).lpush("stranger", 1)
        return True
    return False
