"""soak, drawn: memory while the load goes on."""

import numpy as np

from bench.record.store import StoredCell
from bench.record.stored_curves import Curves, Floats, thin

UNFIT = ("invalid", "wrong")  # with these verdicts a cell is not drawn
SAMPLED = ("worker_pss", "broker_memory")


def curves(cell: StoredCell) -> Curves:
    """`worker_pss` and `broker_memory` in MB over minutes since the load began."""
    samples, (start, end) = cell.samples, cell.phase("steady")
    ns = samples["ns"].to_numpy(dtype=float)
    return {
        column: _minutes(ns, samples[column].to_numpy(dtype=float), start, end)
        for column in SAMPLED
    }


def _minutes(ns: Floats, values: Floats, start: int, end: int) -> tuple[Floats, Floats]:
    keep = (ns >= start) & (ns <= end) & ~np.isnan(values)
    minutes, megabytes = (ns[keep] - start) / 6e10, values[keep] / 1e6
    every = thin(len(minutes))
    return minutes[every], megabytes[every]
