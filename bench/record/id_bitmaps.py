"""Which tasks, exactly, at one bit each: lost and doubled ids of 20 million tasks and 200 hosts.

Lists of ids would be 160 MB a host. A bitmap is 2.5 MB, less on its way, and merging is an OR.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError
from bench.record.ledger import STRETCH, Ints

Bits = npt.NDArray[np.uint8]
_FASTEST = 1  # zlib: a host that had every 200th id sends 0.3 MB of 2.5


@dataclass(frozen=True)
class IdSet:
    """A set of ids from 0 to tasks - 1; the bits behind the last id are never set."""

    tasks: int
    bits: Bits

    @classmethod
    def of(cls, ids: Ints, tasks: int) -> "IdSet":
        """From (n,) ids, each maybe several times; ValueError if one is not of these tasks."""
        if len(ids) and not (ids.min() >= 0 and ids.max() < tasks):
            raise ValueError(f"ids from 0 to {tasks - 1} only")
        present = np.zeros(-(-tasks // 8) * 8, bool)
        present[ids] = True
        return cls(tasks, np.packbits(present, bitorder="little"))

    @classmethod
    def empty(cls, tasks: int) -> "IdSet":
        return cls(tasks, np.zeros(-(-tasks // 8), np.uint8))

    @classmethod
    def unpacked(cls, data: bytes, tasks: int, where: str) -> "IdSet":
        """From what `packed` gave; UsageError that names `where` it came from if it is damaged."""
        try:
            bits = np.frombuffer(zlib.decompress(data), np.uint8)
        except zlib.error:
            bits = np.empty(0, np.uint8)
        spare = -tasks % 8
        if len(bits) != -(-tasks // 8) or (spare and int(bits[-1]) >> (8 - spare)):
            raise UsageError(f"the ids of {where} are damaged: measure the cell again")
        return cls(tasks, bits)

    def packed(self) -> bytes:
        """As it travels."""
        return zlib.compress(self.bits.tobytes(), _FASTEST)

    def __or__(self, other: "IdSet") -> "IdSet":
        return IdSet(self.tasks, self.bits | other.bits)

    def __and__(self, other: "IdSet") -> "IdSet":
        return IdSet(self.tasks, self.bits & other.bits)

    def __sub__(self, other: "IdSet") -> "IdSet":
        return IdSet(self.tasks, self.bits & ~other.bits)

    def __len__(self) -> int:
        return int(np.bitwise_count(self.bits).sum(dtype=np.int64))

    def ids(self, most: int | None = None) -> Ints:
        """The ids, ascending; the first `most` of them if told."""
        bytes_with = np.flatnonzero(self.bits)
        if most is not None:  # each of these bytes has one at least
            bytes_with = bytes_with[:most]
        bits = np.unpackbits(self.bits[bytes_with, None], axis=1, bitorder="little")
        row, bit = np.nonzero(bits)
        return (bytes_with[row] * 8 + bit).astype(np.int64)[:most]


@dataclass(frozen=True)
class Finishes:
    """Which tasks have finished: at least once, and more often, on these hosts together.

    Merging is exact, in any order: a task is doubled if a host saw it twice or two hosts saw it.
    """

    once: IdSet
    again: IdSet

    @classmethod
    def of(cls, ids: Ints, tasks: int) -> "Finishes":
        """From the id of each finished run of a host, in any order; warm-up has negative ids."""
        ours = np.sort(ids[(ids >= 0) & (ids < tasks)])
        return cls(IdSet.of(ours, tasks), IdSet.of(ours[1:][ours[1:] == ours[:-1]], tasks))

    @classmethod
    def merged(cls, parts: Iterable["Finishes"], tasks: int) -> "Finishes":
        """Those of all hosts, one host in memory at a time."""
        once, again = IdSet.empty(tasks), IdSet.empty(tasks)
        for part in parts:
            again = again | part.again | (once & part.once)
            once = once | part.once
        return cls(once, again)


def apart(
    accepted: IdSet, open_calls: IdSet, refused: IdSet, finishes: Finishes
) -> dict[str, IdSet]:
    """The tasks that were sent by what is known of them; each is in exactly one set.

    `missing` were accepted and have not finished: the broker tells what is stuck, failed or lost.
    """
    sent = accepted | open_calls | refused
    done = finishes.once
    return {
        "finished": (sent & done) - finishes.again,
        "doubled": sent & finishes.again,
        "refused": refused - done,
        "open": open_calls - done - refused,
        "missing": accepted - done - refused - open_calls,
    }


def unexpected(ids: Ints, tasks: int) -> Ints:
    """The ids among these that nobody planned, each once; warm-up has negative ids."""
    return np.unique(ids[ids >= tasks])


def first_sampled(tasks: int, every: int) -> npt.NDArray[np.bool_]:
    """(tasks,) which of the tasks from 0 on a thinned sample keeps: every `every`-th stretch of
    neighbours by id."""
    stretches = np.arange(-(-tasks // STRETCH)) % every == 0
    return np.repeat(stretches, STRETCH)[:tasks]
