"""The pings of a cell as they are stored, so that its bounds can be computed again offline."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.record.clock_bounds import PING, Pings, offset_bounds
from bench.record.clock_network import ClockNetwork
from bench.record.documents import read_parquet, write_parquet

NAME = "pings.parquet"
Pair = tuple[str, str]
"""The ids of the clock that sent the pings and of the one that answered."""


def write_pings(folder: Path, pings: Mapping[Pair, Pings]) -> None:
    """Store those of a cell: one row per ping that came back, stamps in ns."""
    columns = {f"{name}_ns": _joined(pings, name) for name in PING}
    counts = [len(each.sent) for each in pings.values()]
    clocks = {
        column: pa.array(np.repeat(np.array([pair[at] for pair in pings], object), counts), "str")
        for at, column in enumerate(("near", "far"))
    }
    write_parquet(folder / NAME, pa.table({**clocks, **columns}))


def _joined(pings: Mapping[Pair, Pings], name: str) -> pa.Array:
    parts = [getattr(each, name) for each in pings.values()]
    return pa.array(np.concatenate([np.empty(0, np.int64), *parts]))


def read_pings(folder: Path) -> dict[Pair, Pings]:
    """Those of a stored cell; none where there is one clock. UsageError if the file is damaged."""
    if not (folder / NAME).is_file():
        return {}
    clocks, stamps = ["near", "far"], [f"{name}_ns" for name in PING]
    groups = read_parquet(folder / NAME, [*clocks, *stamps]).to_pandas().groupby(clocks)
    return {(near, far): Pings.of(rows[stamps]) for (near, far), rows in groups}


def read_network(folder: Path) -> ClockNetwork:
    """The bounds of all clocks of a stored cell; without a file of pings there is one clock.

    UsageError if the file is damaged.
    """
    return ClockNetwork({pair: offset_bounds(each) for pair, each in read_pings(folder).items()})
