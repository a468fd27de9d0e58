"""A process as all but this folder know it: by what can be asked of it and done to it."""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.hosts.process_table import ProcessTable


@dataclass(frozen=True)
class Process:
    """A process of this machine, whoever started it. `pid` is what is stored and said of it."""

    pid: int

    def signal(self, number: int) -> bool:
        """Send a signal; False if the process is gone already."""
        try:
            os.kill(self.pid, number)
            return True
        except ProcessLookupError:
            return False

    def tree(self) -> list["Process"]:
        """It and all below it that live now, a parent before its children."""
        return [Process(pid) for pid in ProcessTable().below([self.pid])]


class Exits:
    """How the processes of a host have ended, as their keeper reports it."""

    def __init__(self) -> None:
        self._status: dict[int, int] = {}
        self._changed = threading.Condition()

    def note(self, pid: int, status: int) -> None:
        """One has ended."""
        with self._changed:
            self._status[pid] = status
            self._changed.notify_all()

    def status(self, pid: int) -> int | None:
        """How it ended, negative for a signal; None while it lives."""
        return self._status.get(pid)

    def wait(self, pids: Iterable[int], timeout_s: float) -> bool:
        """Wait until all of these have ended; False if some live on."""
        wanted = set(pids)
        with self._changed:
            return self._changed.wait_for(lambda: wanted <= self._status.keys(), timeout=timeout_s)


@dataclass(frozen=True)
class ManagedProcess(Process):
    """A process that a Host has started, and of whose end it is told. `log` is where it writes."""

    log: Path
    exits: Exits = field(repr=False, compare=False)

    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it lives."""
        return self.exits.status(self.pid)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False if it lives on."""
        return self.exits.wait([self.pid], timeout_s)
