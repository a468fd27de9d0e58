"""What a live cell sees of its event files: records as they come, by our clock, wherever they are
written."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bench.hosts.cell_host import CellHost
from bench.inprocess.event_log import RECORD
from bench.record import event_files
from bench.record.event_files import EVENT

Records = npt.NDArray[np.void]
# A far file is looked at so often at most, however often it is asked for: what has come ten times a
# second, and twenty times a second where a load generator is told how many tasks still wait.
POLL_S, LOOK_S = 0.1, 0.05


class Tail(Protocol):
    """An event file that grows, or several."""

    def poll(self) -> Records:
        """The whole records that have come since the last poll, (records,) of EVENT."""

    def count(self) -> int:
        """How many records there are, read or not."""

    def close(self) -> None:
        """Give back what it holds."""


class FarTail:
    """One of a far host; its stamps are moved to our clock, roughly."""

    def __init__(self, host: CellHost, path: Path) -> None:
        self._host, self._path = host, path
        self._at = self._size = RECORD.size
        self._looked_s = 0.0

    def poll(self) -> Records:
        """What has come; nothing where it was looked at just now."""
        if not self._look(POLL_S):
            return np.empty(0, EVENT)
        data = self._host.read(self._path, self._at)
        data = data[: len(data) // RECORD.size * RECORD.size]
        self._at += len(data)
        self._size = max(self._size, self._at)
        records = event_files.parse(data).records.copy()
        records["stamp"] -= self._host.offset_ns
        return records

    def count(self) -> int:
        """As of the last look."""
        if self._look(LOOK_S):
            self._size = self._host.size(self._path)
        return (self._size - RECORD.size) // RECORD.size

    def _look(self, apart_s: float) -> bool:
        now_s = time.monotonic()
        if now_s - self._looked_s < apart_s:
            return False
        self._looked_s = now_s
        return True

    def close(self) -> None:
        """Nothing is held."""


class Tails:
    """Several as one: what comes from one host keeps its order."""

    def __init__(self, tails: Sequence[Tail]) -> None:
        self._tails = list(tails)

    def poll(self) -> Records:
        """The records of all."""
        return np.concatenate([each.poll() for each in self._tails])

    def count(self) -> int:
        """Of all together."""
        return sum(each.count() for each in self._tails)

    def close(self) -> None:
        """Close all."""
        for each in self._tails:
            each.close()


def tail_of(host: CellHost, path: Path) -> Tail:
    """That of a file on this host."""
    return FarTail(host, path) if host.label else event_files.FileTail(path)


def tail_of_all(hosts: Sequence[CellHost], name: str) -> Tail:
    """That of the files with this name in the work folders of these hosts."""
    tails = [tail_of(host, host.work / name) for host in hosts]
    return tails[0] if len(tails) == 1 else Tails(tails)
