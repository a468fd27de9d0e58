"""Event files as they are read: whole records, and a count of what is torn."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError
from bench.inprocess.event_log import MARKER, RECORD, STARTED, header

EVENT = np.dtype(
    [
        ("marker", "S2"),
        ("kind", "u1"),
        ("flag", "u1"),
        ("pid", "<u4"),
        ("task", "<i8"),
        ("stamp", "<i8"),
        ("a", "<u8"),
        ("b", "<u8"),
    ]
)
assert EVENT.itemsize == RECORD.size


@dataclass(frozen=True)
class Events:
    """The records of one event file, (records,) of EVENT, in the order of writing.

    `torn` counts the pieces inside it that are no record, `tail` says that it ends in one.
    """

    records: npt.NDArray[Any]
    torn: int = 0
    tail: bool = False


def parse(data: bytes) -> Events:
    """The records in the bytes behind a header; what is torn is skipped and counted."""
    records = np.frombuffer(data, EVENT, len(data) // EVENT.itemsize)
    rest = data[records.nbytes :]
    return (
        Events(records, 0, len(rest) > 0)
        if _valid(records).all() and _begins(rest)
        else _resync(data)
    )


def _begins(data: bytes) -> bool:
    """Whether a record begins here, whole or torn; also true at the end of a file."""
    return MARKER.startswith(data[: len(MARKER)])


def _valid(records: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    good: npt.NDArray[np.bool_] = (
        (records["marker"] == MARKER)
        & (records["kind"] >= STARTED)
        & (records["kind"] <= 6)
        & (records["flag"] <= 1)
    )
    return good


def _resync(data: bytes) -> Events:
    kept, torn, at, size = [], 0, 0, EVENT.itemsize
    while at + size <= len(data):
        # A torn piece borrows its missing bytes from its neighbour: only what another record
        # follows is whole. The one byte that may stand between is a piece torn after the first byte
        # of its marker.
        behind = data[at + size : at + size + 1 + len(MARKER)]
        whole = _begins(behind) or (behind[:1] == MARKER[:1] and _begins(behind[1:]))
        if whole and _valid(np.frombuffer(data[at : at + size], EVENT))[0]:
            kept.append(data[at : at + size])
            at += size
            continue
        torn += 1
        marker_at = data.find(MARKER, at + 1)
        at = marker_at if marker_at >= 0 else len(data)
    return Events(np.frombuffer(b"".join(kept), EVENT), torn, at < len(data))


def read(path: Path) -> Events:
    """A whole event file; UsageError if it is of another format or of another boot."""
    with open(path, "rb") as file:
        if file.read(RECORD.size) != header():
            raise UsageError(
                f"{path} was not written by this version of bench in this boot: "
                "measure the cell again"
            )
        # Straight into an array: a million tasks are 80 MB, once is enough.
        records = np.fromfile(file, EVENT)
        file.seek(RECORD.size + records.nbytes)
        rest = file.read()
        if _valid(records).all() and _begins(rest):
            return Events(records, 0, len(rest) > 0)
        file.seek(RECORD.size)
        return _resync(file.read())


class Tail:
    """An event file that grows, read a bit at a time; each `poll` gives the new records."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY)
        self._at = RECORD.size

    def poll(self) -> npt.NDArray[Any]:
        """The whole records that have come since the last poll."""
        size = os.fstat(self._fd).st_size
        length = (size - self._at) // RECORD.size * RECORD.size
        data = os.pread(self._fd, max(length, 0), self._at)
        self._at += len(data)
        return parse(data).records

    def count(self) -> int:
        """How many records stand in the file, read or not: as cheap as it gets."""
        return (os.fstat(self._fd).st_size - RECORD.size) // RECORD.size

    def close(self) -> None:
        os.close(self._fd)
