"""A trace of arrivals: a CSV file with a line per arrival, `seconds,task`."""

import csv
import hashlib
import math
import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError
from bench.base.text_files import opened
from bench.model.arm import nearest
from bench.workload.arrival_form import MOST_ARRIVALS

COLUMNS = ("seconds", "task")
LATE_S = 3_600.0
A_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
MOST_S = 1e12  # beyond, nobody means seconds, and nanoseconds do not fit into 64 bits


@dataclass(frozen=True, eq=False)
class Trace:
    """Arrivals as they were recorded, each (arrivals,).

    `seconds` ascend, from the beginning. `kinds` are indexes of task types; None where the file
    does not say which task arrives, and the shares do. `digest` is that of the file.
    """

    seconds: npt.NDArray[np.float64]
    kinds: npt.NDArray[np.int16] | None
    digest: str = ""


def read_trace(path: Path, names: Sequence[str]) -> Trace:
    """The arrivals in a file, of tasks with these names; UsageError with file and line for others.

    A byte order mark, CRLF and a line of titles are read over. What might be another number than
    it seems, such as one with a decimal comma, is refused and not guessed at.
    """
    with opened(path) as file:
        rows = csv.reader(file)
        try:
            seconds, kinds = _columns(rows, {name: kind for kind, name in enumerate(names)})
        except UnicodeDecodeError:
            raise
        except (ValueError, csv.Error) as error:
            raise UsageError(f"{path}:{rows.line_num}: {error}") from None
    if not seconds:
        raise UsageError(f"{path}:1: no arrival is in it: write lines such as 0.5,{names[0]}")
    if len(seconds) > MOST_ARRIVALS:
        raise UsageError(
            f"{path}:{MOST_ARRIVALS}: more than {MOST_ARRIVALS:,} arrivals: take a part of them"
        )
    if seconds[0] > LATE_S:
        raise UsageError(
            f"{path}:1: the first arrival is {seconds[0]:.0f} s after the beginning: "
            "subtract that from all of them"
        )
    with open(path, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Trace(np.array(seconds), np.array(kinds) if kinds else None, digest)


def _columns(
    rows: Iterable[list[str]], known: Mapping[str, int]
) -> tuple["array[float]", "array[int]"]:
    """(seconds, kinds, which are none where there is one column); ValueError for a bad row."""
    seconds, kinds, before, columns = array("d"), array("h"), 0.0, 0
    for row in rows:
        if not row:
            continue
        if not columns:
            columns = len(row)
            if row[0].strip() == COLUMNS[0]:
                continue
        at = _seconds(row, columns)
        if at < before:
            raise ValueError(f"{at} s comes after {before} s: sort the lines by their time")
        before = at
        seconds.append(at)
        if columns > 1:
            kinds.append(_kind(row[1].strip(), known))
    return seconds, kinds


def _seconds(row: Sequence[str], columns: int) -> float:
    # float() takes more for a number than this: 1_0, and digits of other scripts.
    at = float(row[0]) if A_NUMBER.fullmatch(row[0].strip(" \t")) else math.nan
    if MOST_S < at < math.inf:
        raise ValueError(f"{row[0][:60]} is out of range: write seconds from the beginning on")
    others = len(row) != columns or columns > len(COLUMNS) or any(";" in part for part in row)
    if others or not 0 <= at < math.inf:
        raise ValueError(
            f"{','.join(row)[:60]!r} is not `seconds,task`: write the seconds with a decimal point "
            "and from 0 on, then a comma, then the task"
        )
    return at


def _kind(name: str, known: Mapping[str, int]) -> int:
    kind = known.get(name)
    if kind is None:
        raise ValueError(str(nearest(name, known, "task")))
    return kind
