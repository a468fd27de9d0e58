"""Event files written by hand, for tests that need no process."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bench.inprocess import event_log
from bench.record import event_files, ledger

SECOND = 1_000_000_000
Row = tuple[int, int, int, int, int, int]  # kind, flag, pid, task, stamp, a


def write(path: Path, rows: Iterable[Row], tail: bytes = b"") -> Path:
    """An event file with these records and, if wanted, torn bytes at its end."""
    body = b"".join(
        event_log.RECORD.pack(event_log.MARKER, kind, flag, pid, task, stamp, a, 0)
        for kind, flag, pid, task, stamp, a in rows
    )
    path.write_bytes(event_log.header() + body + tail)
    return path


def sent(task: int, due: int, at: int, returned: int | None, failed: bool = False) -> list[Row]:
    """A send and, unless it never came back, its return."""
    rows: list[Row] = [(event_log.SENT, 0, 1, task, at, due)]
    if returned is not None:
        rows.append((event_log.RETURNED, int(failed), 1, task, returned, 0))
    return rows


def ran(task: int, start: int, finish: int | None, pid: int = 7, thread: int = 3) -> list[Row]:
    """A run of a task and, unless it was cut off, its finish."""
    rows: list[Row] = [(event_log.STARTED, 0, pid, task, start, thread)]
    if finish is not None:
        rows.append((event_log.FINISHED, 0, pid, task, finish, thread))
    return rows


def raised(task: int, start: int, at: int, pid: int = 7, thread: int = 3) -> list[Row]:
    """A run of a task that ended in an exception."""
    return [
        (event_log.STARTED, 0, pid, task, start, thread),
        (event_log.RAISED, 0, pid, task, at, thread),
    ]


def book(
    tmp_path: Path, plan: dict[int, int], sends: Iterable[Row], runs: Iterable[Row]
) -> ledger.Ledger:
    """The ledger of such files."""
    ids, due = np.array(list(plan), np.int64), np.array(list(plan.values()), np.int64)
    built, torn = event_files.build(
        (ids, due), [write(tmp_path / "sent-0.bin", sends)], write(tmp_path / "runs.bin", runs)
    )
    assert torn == 0
    return built
