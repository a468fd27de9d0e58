"""Blocks of base and head from a run folder.

They have its measures, the P99 that the gate alone takes from the raw events, and the seconds of
each scenario.
"""

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.check.blocks import P99, TRIMMED_P99, Block, Key, blocks_of, is_gated
from bench.measure.order_statistics import percentile
from bench.model.manifest import Manifest
from bench.model.scenario import load_scenarios
from bench.record import ledger
from bench.record.store import Run, StoredCell

# A quarter of a second each in a cell of five: slow spells are shorter than a second.
PARTS = 20


def blocks_in(run: Run, base: str, head: str, measures: pd.DataFrame | None = None) -> list[Block]:
    """The blocks of two arms of a run; `measures` where the run is still under way."""
    known = run.measures if measures is None else measures
    return blocks_of(
        pd.concat([known, _trimmed_rows(run, known)]), base, head, seconds_of(run.manifest)
    )


def seconds_of(manifest: Manifest) -> dict[int, dict[str, float]]:
    """Block → scenario → seconds that its cells took, without those measured once per run."""
    once = {
        (name, case)
        for name, scenario in load_scenarios().items()
        for case in scenario.prerequisites
    }
    taken: dict[int, dict[str, float]] = {}
    for line in manifest.cells:
        if line.seconds is not None and (line.scenario, line.case) not in once:
            block = taken.setdefault(line.block, {})
            block[line.scenario] = block.get(line.scenario, 0.0) + line.seconds
    return taken


def _trimmed_rows(run: Run, measures: pd.DataFrame) -> pd.DataFrame:
    """For each judged P99 the trimmed one of the same cell, with its verdict.

    None where the raw events are not there.
    """
    rows = measures[measures["metric"] == P99]
    rows = rows[[is_gated(Key("latency", case, P99)) for case in rows["case"]]]
    if run.slim or rows.empty:
        return measures.iloc[:0]
    values = [
        _of_cell(run.cell(number).folder) if verdict == "ok" else math.nan
        for number, verdict in zip(rows["cell"], rows["verdict"], strict=True)
    ]
    return rows.assign(metric=TRIMMED_P99, value=values)


@lru_cache(maxsize=1024)
def _of_cell(folder: Path) -> float:
    book = ledger.load(StoredCell(folder))
    ours = np.flatnonzero(book.measured())
    ours = ours[np.argsort(book.due[ours], kind="stable")]
    finish = book.first_finish()[ours]
    return trimmed_p99(np.where(finish < 0, np.inf, (finish - book.due[ours]) / 1e6))


def trimmed_p99(latencies: npt.ArrayLike) -> float:
    """The P99 over that half of 20 equal parts of a cell whose own P99 is the lowest. Pure.

    One slow spell makes the P99 of a whole cell ten times as large, and half of a cell holds few of
    them. Blind to what slows fewer than half of the parts, the code's own pauses included: the P99
    of the whole cell is watched beside it. `latencies`: (tasks,), in the order of their due times.
    """
    parts = np.array_split(np.asarray(latencies, dtype=float), PARTS)
    calmest = np.argsort([percentile(part, 99.0) for part in parts], kind="stable")[: PARTS // 2]
    return percentile(np.concatenate([parts[at] for at in calmest]), 99.0)
