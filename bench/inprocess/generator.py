"""The load generator: a process that sends each task when it is due and never waits for a result.

It carries out the orders it finds in the cell's work folder, one after the other:
`order-001.json` names what to do, `order-001.bin` holds a schedule of (task, due_ns, work) triples.
"""

import ctypes
import json
import os
import signal
import sys
import time
from array import array
from collections.abc import Callable
from importlib import import_module
from time import monotonic_ns
from typing import Any, TextIO

from bench.inprocess import cell_context
from bench.inprocess.event_log import DONE, READY, RECORD, RETURNED, SENT, Log

# It waits beside the workers while they drain: looking every 2 ms took 2 % of a core
ORDER_POLL_S = 0.01
BACKLOG_POLL_S = 0.001
PR_SET_TIMERSLACK = 29
NOT_OFFERED = 69  # exit code: the app says that this version of the library has no such call


class Stop(Exception):
    """The runner asked this generator to stop."""


class Generator:
    """One of k generators: it takes every k-th row of a schedule, beginning with its own number."""

    def __init__(self, folder: str, number: int, of: int) -> None:
        self.folder, self.number, self.of = folder, number, of
        self.log = Log(os.path.join(folder, f"sent-{number}.bin"))
        self.cell = cell_context.load()
        self.app: Any = import_module(self.cell["app"])
        self.enqueue: Callable[[int, str], str] = self.app.connect()
        self.handles = (
            self._lines(f"handles-{number}.txt")
            if self.cell["params"].get("keep_handles")
            else None
        )
        self.errors = self._lines(f"errors-{number}.jsonl")
        self.stopping = False
        signal.signal(signal.SIGTERM, self._stop)

    def _lines(self, name: str) -> TextIO:
        return open(os.path.join(self.folder, name), "a", buffering=1, encoding="utf-8")

    def _stop(self, *_: Any) -> None:
        # A send in progress is let through: a task must not vanish between its two records.
        self.stopping = True

    def serve(self) -> None:
        """Carry out orders until told to stop."""
        if self.number == 0:
            self.tell_versions()
        self.log.write(READY, 0, monotonic_ns(), b=self.number)
        order = 1
        while True:
            path = os.path.join(self.folder, f"order-{order:03d}.json")
            self._order(path)
            with open(path, encoding="utf-8") as file:
                what = json.load(file)
            getattr(self, "do_" + what.pop("kind"))(path[:-5] + ".bin", **what)
            self.log.write(DONE, order, monotonic_ns(), b=self.number)
            order += 1

    def tell_versions(self) -> None:
        """Write down the versions that this environment, the workers' own, really has."""
        from importlib.metadata import PackageNotFoundError, version

        versions = {
            "python": sys.version.split()[0],
            "implementation": sys.implementation.name + ", free-threaded" * ("t" in sys.abiflags),
        }
        for name in self.cell["packages"]:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                continue
        with open(os.path.join(self.folder, "versions.json"), "w", encoding="utf-8") as file:
            json.dump(versions, file)

    def _order(self, path: str) -> None:
        while not os.path.exists(path):
            if self.stopping:
                raise Stop
            time.sleep(ORDER_POLL_S)

    def do_schedule(self, path: str, works: list[str], only: int | None = None) -> None:
        """Send each task of the schedule at its due time; a late one at once, and it keeps its due
        time."""
        if only is not None and only != self.number:
            return
        rows = array("q")
        with open(path, "rb") as file:
            rows.frombytes(file.read())
        first, step = (0, 3) if only is not None else (3 * self.number, 3 * self.of)
        for at in range(first, len(rows), step):
            task, due, work = rows[at], rows[at + 1], works[rows[at + 2]]
            self._wait(due)
            self.send(task, due, work)

    def _wait(self, due: int) -> None:
        while not self.stopping:
            left = due - monotonic_ns()
            if left <= 0:
                return
            time.sleep(min(left / 1e9, 0.05))
        raise Stop

    def do_backlog(
        self, path: str, events: str, low: int, high: int, warm_until_ns: int, until_ns: int
    ) -> None:
        """Keep between `low` and `high` tasks waiting, by watching the event file.

        Warm-up tasks have negative ids.
        """
        runs = os.open(events, os.O_RDONLY)
        already = os.fstat(runs).st_size
        sent = task = 0
        warm_task = -1_000_000
        while (now := monotonic_ns()) < until_ns and not self.stopping:
            finished = (os.fstat(runs).st_size - already) // (2 * RECORD.size)
            if sent - finished >= (low + high) // 2:
                time.sleep(BACKLOG_POLL_S)
                continue
            for _ in range(min(20, high - (sent - finished))):
                now = monotonic_ns()
                if now < warm_until_ns:
                    self.send(warm_task, now, "")
                    warm_task += 1
                else:
                    self.send(task, now, "")
                    task += 1
                sent += 1

    def do_bulk(self, path: str, tasks: int, chunk: int) -> None:
        """Enqueue ids 0 … tasks-1 by the library's bulk call, `chunk` at a time."""
        due = monotonic_ns()
        for first in range(0, tasks, chunk):
            ids = range(first, min(first + chunk, tasks))
            for task in ids:
                self.log.write(SENT, task, monotonic_ns(), due, self.number)
            self.app.bulk(list(ids))
            returned = monotonic_ns()
            for task in ids:
                self.log.write(RETURNED, task, returned, b=self.number)

    def do_ask(self, path: str, first: int, tasks: int, until_ns: int) -> None:
        """Send a task and wait for its result, one after the other.

        A wrong result or none is an error, and the third error ends the order.
        """
        wrong = 0
        for task in range(first, first + tasks):
            if self.stopping or wrong == 3 or monotonic_ns() > until_ns:
                return
            wrong += not self.send(task, monotonic_ns(), "", self._answered)

    def _answered(self, task: int, work: str) -> str:
        answer = self.app.ask(task, work)
        if answer != task:
            raise ValueError(f"the result of task {task} was {answer!r}")
        return ""

    def send(
        self, task: int, due: int, work: str, call: Callable[[int, str], str] | None = None
    ) -> bool:
        """One call of the library, with a record before and after it; whether it did not raise."""
        self.log.write(SENT, task, monotonic_ns(), due, self.number)
        try:
            handle = (call or self.enqueue)(task, work)
        except Exception as error:
            self.log.write(RETURNED, task, monotonic_ns(), b=self.number, flag=1)
            self.errors.write(json.dumps([task, f"{type(error).__name__}: {error}"[:300]]) + "\n")
            return False
        self.log.write(RETURNED, task, monotonic_ns(), b=self.number)
        if self.handles:
            self.handles.write(f"{task} {handle}\n")
        return True


def main() -> None:
    """`python -m bench.inprocess.generator FOLDER NUMBER OF`"""
    # The kernel may round a sleep up by 50 µs to save power; due times are worth more here.
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0)
    generator = Generator(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    try:
        generator.serve()
    except Stop:
        pass
    except NotImplementedError as missing:
        print(missing, file=sys.stderr)
        sys.exit(NOT_OFFERED)


if __name__ == "__main__":
    main()
