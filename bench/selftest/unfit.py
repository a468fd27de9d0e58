"""10: one deliberately unfit cell for each kind of `invalid`."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import redis

from bench.probe import cell as probe_cell
from bench.probe.events import MARKER
from bench.selftest.lines import Line
from bench.selftest.session import Session, arm
from bench.store import Run

WHERE = "bench/gates.py"
FOREIGN_S = 30.0


def gates(session: Session, quick: bool) -> list[Line]:
    """Each disturbance must close its own gate, and say so."""
    disturbances = {
        "foreign load": ("another process busy beside it", _busy),
        "generator": ("a load generator that is held up every 50 ms", _held_up),
        "events": ("a torn record inside an event file", _torn),
        "count": ("a client of which nobody knows", _stranger),
    }
    lines = []
    for gate, (what, meddle) in list(disturbances.items())[: 1 if quick else None]:
        name = gate.replace(" ", "-")
        run = session.run(f"unfit-{name}", "latency", [arm(capacity=2000)], ["rate=200"], size="smoke", seed=2, meddle=meddle)
        lines.append(_line(run, gate, what))
    return lines


def _line(run: Run, gate: str, what: str) -> Line:
    row = run.measures[run.measures["metric"] == "latency_p50_ms"].iloc[0]
    return Line(10, what, f"invalid, {gate}", f"{row['verdict']}, {row['reason'][:60]}", row["verdict"] == "invalid" and row["reason"].startswith(gate), WHERE)


def _spin(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@contextmanager
def _busy(folder: Path) -> Iterator[None]:
    """A neighbour."""
    process = multiprocessing.get_context("fork").Process(target=_spin, args=(FOREIGN_S,), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@contextmanager
def _meanwhile(work: "threading.Thread", end: threading.Event) -> Iterator[None]:
    work.start()
    try:
        yield
    finally:
        end.set()
        work.join()


def _generators(folder: Path) -> list[psutil.Process]:
    """The load generators of the run in this folder."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "bench.probe.generator" in process.cmdline() and str(folder.resolve()) in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def _held_up(folder: Path) -> Iterator[None]:
    """Stop the generator for 30 ms, again and again."""
    end = threading.Event()

    def hold() -> None:
        while not end.wait(0.05):
            for process in _generators(folder):
                try:
                    process.send_signal(signal.SIGSTOP)
                    time.sleep(0.03)
                    process.send_signal(signal.SIGCONT)
                except psutil.Error:
                    continue

    with _meanwhile(threading.Thread(target=hold), end):
        yield


@contextmanager
def _torn(folder: Path) -> Iterator[None]:
    """Write half a record into the event file while others write on."""
    end = threading.Event()

    def tear() -> None:
        while not end.wait(0.5):
            for path in folder.glob("cells/*/work/runs.bin"):
                if path.stat().st_size > 20_000:
                    with open(path, "ab", buffering=0) as file:
                        file.write(MARKER + b"\1\0" + bytes(9))
                    return

    with _meanwhile(threading.Thread(target=tear), end):
        yield


@contextmanager
def _stranger(folder: Path) -> Iterator[None]:
    """Push to the broker of the cell, to another list, once the load has begun."""
    end = threading.Event()

    def push() -> None:
        while not end.wait(1.0):
            for process in _generators(folder):
                url = process.environ().get(probe_cell.BROKER)
                if url and any(path.stat().st_size > 10_000 for path in folder.glob("cells/*/work/runs.bin")):
                    redis.Redis.from_url(url).lpush("stranger", 1)
                    return

    with _meanwhile(threading.Thread(target=push), end):
        yield
