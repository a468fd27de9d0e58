"""How long everything took in a cell that is too large for its events, as it is stored."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.base.errors import UsageError
from bench.record.documents import read_parquet, write_parquet
from bench.record.duration_counts import DurationCounts, edges_ns

NAME = "counts.parquet"
Both = tuple[DurationCounts, DurationCounts]
"""The counts of the shortest and of the longest that the clocks allow."""
ENDS = ("shortest", "longest")


def write_counts(folder: Path, counts: Mapping[str, Both]) -> None:
    """Store those of a cell: one row per bar that is not empty."""
    parts = [
        (name, end, *each.sparse())
        for name, both in counts.items()
        for end, each in zip(ENDS, both, strict=True)
    ]
    lengths = [len(places) for _, _, places, _ in parts]
    columns = {
        "duration": pa.array(np.repeat(np.array([part[0] for part in parts], object), lengths)),
        "end": pa.array(np.repeat(np.array([part[1] for part in parts], object), lengths)),
        "place": np.concatenate([part[2] for part in parts]),
        "count": np.concatenate([part[3] for part in parts]),
    }
    write_parquet(folder / NAME, pa.table(columns))


def read_counts(folder: Path) -> Mapping[str, Both] | None:
    """Those of a cell; None of one whose events are all there. UsageError if they are damaged."""
    path = folder / NAME
    if not path.is_file():
        return None
    frame = read_parquet(path).to_pandas()
    bars = len(edges_ns()) + 1
    seconds = int(frame["place"].max()) // bars + 1 if len(frame) else 1
    found: dict[str, list[DurationCounts]] = {}
    for (name, end), rows in frame.groupby(["duration", "end"], sort=False):
        places, counts = rows["place"].to_numpy(), rows["count"].to_numpy()
        if end != ENDS[len(found.setdefault(str(name), []))] or (places < 0).any():
            raise UsageError(f"{path} is damaged: measure this cell again with --resume")
        found[str(name)].append(DurationCounts.dense(places, counts, seconds))
    return {name: (both[0], both[1]) for name, both in found.items()}
