"""The hosts of a run: what each is, what was used on it, and how well its clock was known."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

import numpy as np

from bench.model.manifest import HostRecord
from bench.record.clock_bounds import offset_bounds
from bench.record.store import Run, StoredCell
from bench.record.stored_pings import read_pings


@dataclass(frozen=True)
class HostUsed:
    """One host over all cells of a run; a figure is None where no cell has it.

    `busy` is the largest share of its cores that was ours in a cell, `instrument` that of the
    keeper and, where it sends, of the load generators; `memory_bytes` the most that its workers
    had. `clock_us` is the median ± to the clocks that send, `round_trip_us` that of the pings.
    """

    record: HostRecord
    busy: float | None
    instrument: float | None
    memory_bytes: float | None
    clock_us: float | None
    round_trip_us: float | None


def hosts_used(run: Run) -> list[HostUsed]:
    """Of a run on several hosts; empty of any other."""
    if not run.manifest.hosts:
        return []
    cells = [cell for _, cell in run.measured() if cell.has_events]
    clocks = [_clocks(cell) for cell in cells]
    return [
        HostUsed(
            record,
            _most(_share(cell, record, "all_cpu_s") for cell in cells),
            _most(_share(cell, record, "instrument_cpu_s") for cell in cells),
            _most(_peak(cell, record.role) for cell in cells),
            _middle(each[record.clock][0] for each in clocks if record.clock in each),
            _middle(each[record.clock][1] for each in clocks if record.clock in each),
        )
        for record in run.manifest.hosts
    ]


def _share(cell: StoredCell, record: HostRecord, column: str) -> float | None:
    """From the first sample of a cell to its last."""
    ours = cell.host_samples[cell.host_samples["host"] == record.role]
    if len(ours) < 2:
        return None
    first, last = ours.iloc[0], ours.iloc[-1]
    seconds = (last["ns"] - first["ns"]) / 1e9
    return float((last[column] - first[column]) / seconds / record.cores)


def _peak(cell: StoredCell, role: str) -> float | None:
    ours = cell.host_samples[cell.host_samples["host"] == role]
    peak = float(ours["worker_pss"].max()) if len(ours) else 0.0
    return peak or None


def _clocks(cell: StoredCell) -> dict[str, tuple[float, float]]:
    """Clock id → (±, round trip), both the median of a cell in µs; a clock that fits no line is
    not among them."""
    found: dict[str, tuple[float, float]] = {}
    for (_, far), pings in read_pings(cell.folder).items():
        bounds = offset_bounds(pings)
        if not bounds.unfit:
            half = bounds.far(pings.sent).half()
            trips = pings.round_trips_ns()
            found[far] = float(np.median(half)) / 1e3, float(np.median(trips)) / 1e3
    return found


def _most(figures: Iterable[float | None]) -> float | None:
    return max((each for each in figures if each is not None), default=None)


def _middle(figures: Iterable[float]) -> float | None:
    known = list(figures)
    return median(known) if known else None
