"""Blocks of base and head from a run folder.

They have its measures, the latencies that the gate takes from the raw events by rules of its own,
and the seconds of each scenario.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.check.blocks import P50, P99, TRIMMED_P99, Block, Key, blocks_of, is_gated
from bench.measure.latencies import latency_ms
from bench.measure.order_statistics import percentile, percentile_if_supported
from bench.model.manifest import Manifest
from bench.model.scenario import load_scenarios
from bench.record import ledger
from bench.record.store import Run, StoredCell

# A quarter of a second each in a cell of five: slow spells are shorter than a second.
PARTS = 20
# What the gate takes by itself → the stored measure that has its verdict.
OWN = {P50: P50, P99: P99, TRIMMED_P99: P99}


def blocks_in(run: Run, base: str, head: str, measures: pd.DataFrame | None = None) -> list[Block]:
    """The blocks of two arms of a run; `measures` where the run is still under way."""
    known = run.measures if measures is None else measures
    return blocks_of(
        pd.concat([known, _own_rows(run, known)]), base, head, seconds_of(run.manifest)
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


def _own_rows(run: Run, measures: pd.DataFrame) -> pd.DataFrame:
    """The latencies of the judged cells by the gate's rules, as rows of measures.csv.

    A cell of a few seconds has no ten spells, and needs none here: each block is one observation,
    and a stall is in one of them. None where the raw events are not there.
    """
    if run.slim:
        return measures.iloc[:0]
    return pd.concat([_rows_of(run, measures, metric) for metric in OWN])


def _rows_of(run: Run, measures: pd.DataFrame, metric: str) -> pd.DataFrame:
    rows = measures[measures["metric"] == OWN[metric]]
    rows = rows[np.array([is_gated(Key("latency", case, metric)) for case in rows["case"]], bool)]
    told = [
        _number(run, number, verdict, metric)
        for number, verdict in zip(rows["cell"], rows["verdict"], strict=True)
    ]
    values, verdicts = [value for value, _ in told], [verdict for _, verdict in told]
    return rows.assign(metric=metric, value=np.array(values, float), verdict=verdicts)


def _number(run: Run, number: int, verdict: str, metric: str) -> tuple[float, str]:
    """The value with its verdict; that of the stored measure where the cell itself has none."""
    if verdict not in ("ok", "withheld"):
        return math.nan, verdict
    value = _of_cell(run.cell(number).folder)[metric]
    return (math.nan, "withheld") if value is None or math.isinf(value) else (value, "ok")


@lru_cache(maxsize=1024)
def _of_cell(folder: Path) -> Mapping[str, float | None]:
    book = ledger.load(StoredCell(folder))
    ours = np.flatnonzero(book.measured())
    ours = ours[np.argsort(book.due[ours], kind="stable")]
    latencies = latency_ms(book, ours, book.due)
    p50, p99 = (percentile_if_supported(latencies, p) for p in (50.0, 99.0))
    return {P50: p50, P99: p99, TRIMMED_P99: None if p99 is None else trimmed_p99(latencies)}


def trimmed_p99(latencies: npt.ArrayLike) -> float:
    """The P99 over that half of 20 equal parts of a cell whose own P99 is the lowest. Pure.

    One slow spell makes the P99 of a whole cell ten times as large, and half of a cell holds few of
    them. Blind to what slows fewer than half of the parts, the code's own pauses included: the P99
    of the whole cell is watched beside it. `latencies`: (tasks,), in the order of their due times.
    """
    parts = np.array_split(np.asarray(latencies, dtype=float), PARTS)
    calmest = np.argsort([percentile(part, 99.0) for part in parts], kind="stable")[: PARTS // 2]
    return percentile(np.concatenate([parts[at] for at in calmest]), 99.0)
