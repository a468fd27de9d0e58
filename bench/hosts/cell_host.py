"""What a cell asks of a host, wherever it is: this machine's in local.py, a far one's in
far_host.py."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from bench.hosts.process import Process


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


class CellHost(Protocol):
    """One host of one cell. Paths are those of the host; `fetch` alone gives one of ours.

    `label` is what results call it, "" for the only one; `address` is where the others reach it;
    `work` has what the processes read and write, `logs` their logs; `offset_ns` is how far its
    clock is before ours, roughly: for orders, never for a figure.
    """

    label: str
    address: str
    work: Path
    logs: Path
    temporary: Path
    offset_ns: int

    @property
    def keeper(self) -> Process:
        """The parent of all processes of the cell there, itself one of the instrument's."""

    def spawn(
        self, argv: Sequence[str], log: Path, env: Mapping[str, str], stdin: str = ""
    ) -> "ManagedProcess":
        """Start a process of this cell; CellFailed if it cannot be started."""

    def signal(self, pid: int, number: int) -> bool:
        """Send a signal; False if the process is gone already."""

    def below(self, pids: Iterable[int]) -> list[int]:
        """Those of these that live and all below them, a parent before its children."""

    def kill_tree(self, processes: Iterable[Process], freeze: bool = True) -> tuple[int, list[int]]:
        """SIGKILL these and all below them: the stamp (ns, our clock) after the first signal, and
        every pid that was killed. CellFailed if one of them is alive afterwards."""

    def last_lines(self, log: Path, count: int = 6) -> str:
        """The end of a log, for an error message."""

    def make_folder(self, folder: Path) -> None:
        """Make it, if it is not there."""

    def write(self, path: Path, content: bytes) -> None:
        """A file, whole or not at all: who waits for its name reads all of it."""

    def read(self, path: Path, at: int = 0) -> bytes:
        """What stands in a file from there on; CellFailed or OSError where there is none."""

    def fetch(self, path: Path) -> Path:
        """Where a file of the host can be read here, as it is now."""

    def names(self, folder: Path, pattern: str) -> list[Path]:
        """The files of a folder whose names match, sorted."""

    def size(self, path: Path) -> int:
        """How long a file is now."""

    def start_events(self, path: Path) -> None:
        """An event file, before any process that writes to it."""

    def free_port(self) -> int:
        """A port of its address that is free now."""


@dataclass(frozen=True)
class ManagedProcess(Process):
    """A process that a host has started, and of whose end it is told: (host, pid). `log` is where
    it writes."""

    log: Path
    host: CellHost = field(repr=False)
    exits: Exits = field(repr=False, compare=False)

    def signal(self, number: int) -> bool:
        """Send a signal; False if the process is gone already."""
        return self.host.signal(self.pid, number)

    def tree(self) -> list["ManagedProcess"]:
        """It and all below it that live now, a parent before its children."""
        return [replace(self, pid=pid) for pid in self.host.below([self.pid])]

    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it lives."""
        return self.exits.status(self.pid)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False if it lives on."""
        return self.exits.wait([self.pid], timeout_s)

    def last_lines(self, count: int = 6) -> str:
        """The end of its log, for an error message."""
        return self.host.last_lines(self.log, count)


def kill_trees(processes: Iterable[ManagedProcess], freeze: bool = True) -> tuple[int, list[int]]:
    """As a host's `kill_tree`, wherever each of them runs."""
    by_host: dict[CellHost, list[Process]] = {}
    for each in processes:
        by_host.setdefault(each.host, []).append(each)
    struck = [host.kill_tree(theirs, freeze) for host, theirs in by_host.items()]
    pids = sorted(pid for _, theirs in struck for pid in theirs)
    return min((t0 for t0, _ in struck), default=0), pids


def all_ended(processes: Iterable[ManagedProcess], timeout_s: float) -> bool:
    """Wait until all of these have ended; False if some live on."""
    end_s = time.monotonic() + timeout_s
    return all(each.wait(max(0.0, end_s - time.monotonic())) for each in processes)
