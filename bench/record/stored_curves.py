"""What charts draw of a cell: lines of a few hundred points, made from its events.

A slim run stores them, because its events are gone.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from bench.record.documents import read_parquet, write_parquet

Floats = npt.NDArray[np.float64]
# Name → (x, y), both of shape (points,); a single figure is a curve of one point.
Curves = Mapping[str, tuple[Floats, Floats]]
STORED = "curves.parquet"
POINTS = 250  # of a line: no screen shows more


def thin(count: int, most: int = POINTS) -> slice:
    """Every n-th of `count` points, so that at most `most` are left."""
    return slice(None, None, max(1, -(-count // most)))


def write_curves(run: Path, curves: Mapping[int, Curves]) -> None:
    """Store the curves of some cells of a run, by their numbers."""
    lines = [
        pd.DataFrame({"cell": cell, "curve": name, "x": x, "y": y})
        for cell, drawn in curves.items()
        for name, (x, y) in drawn.items()
    ]
    if lines:
        table = pa.Table.from_pandas(pd.concat(lines), preserve_index=False)
        write_parquet(run / STORED, table)


def read_curves(run: Path) -> dict[int, Curves]:
    """The stored curves by cell, empty where none are stored; UsageError if they are damaged."""
    if not (run / STORED).is_file():
        return {}
    curves: dict[int, dict[str, tuple[Floats, Floats]]] = {}
    frame = read_parquet(run / STORED, ["cell", "curve", "x", "y"]).to_pandas()
    for (cell, name), points in frame.groupby(["cell", "curve"], sort=False):
        curves.setdefault(int(cell), {})[str(name)] = (
            points["x"].to_numpy(dtype=float),
            points["y"].to_numpy(dtype=float),
        )
    return dict(curves)
