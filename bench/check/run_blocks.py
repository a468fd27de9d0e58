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

from bench.check.blocks import (
    LATE_SHARE,
    P50,
    P99,
    TRIMMED_P99,
    WORKLOAD,
    Block,
    Key,
    blocks_of,
    is_gated,
)
from bench.measure.goals import load_of, standing_goal
from bench.measure.latencies import latency_ms
from bench.measure.order_statistics import percentile, percentile_if_supported
from bench.model.manifest import Manifest
from bench.model.scenario import load_scenarios
from bench.record import ledger
from bench.record.store import Run, StoredCell
from bench.workload.objective import late

# A quarter of a second each in a cell of five: slow spells are shorter than a second.
PARTS = 20
# What the gate takes by itself → the stored measure that has its verdict.
OWN = {P50: P50, P99: P99, TRIMMED_P99: P99, LATE_SHARE: "late"}
ADDED = 0.5  # in 100 tasks, to those that were late: else none against one is infinitely more


def blocks_in(run: Run, base: str, head: str, measures: pd.DataFrame | None = None) -> list[Block]:
    """The blocks of two arms of a run; `measures` where the run is still under way."""
    known = run.measures if measures is None else measures
    # The rows of types of task stay: is_gated says of which measures they are judged.
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
    places = zip(rows["scenario"], rows["case"], rows["part"], strict=True)
    judged = [is_gated(Key(scenario, case, metric, part)) for scenario, case, part in places]
    rows = rows[np.array(judged, bool)]
    told = [
        _number(run, number, verdict, (scenario, part), metric)
        for number, verdict, scenario, part in zip(
            *(rows[name] for name in ("cell", "verdict", "scenario", "part")), strict=True
        )
    ]
    values, verdicts = [value for value, _ in told], [verdict for _, verdict in told]
    return rows.assign(metric=metric, value=np.array(values, float), verdict=verdicts)


def _number(
    run: Run, number: int, verdict: str, of: tuple[str, str], metric: str
) -> tuple[float, str]:
    """The value with its verdict; that of the stored measure where the cell itself has none.

    `of` is (scenario, type of task or "").
    """
    if verdict not in ("ok", "withheld"):
        return math.nan, verdict
    folder, (scenario, part) = run.cell(number).folder, of
    own = _of_load(folder)[part] if scenario == WORKLOAD else _of_cell(folder)
    value = own.get(metric)
    return (math.nan, "withheld") if value is None or math.isinf(value) else (value, "ok")


@lru_cache(maxsize=1024)
def _of_cell(folder: Path) -> Mapping[str, float | None]:
    book = ledger.load(StoredCell(folder))
    ours = np.flatnonzero(book.measured())
    ours = ours[np.argsort(book.due[ours], kind="stable")]
    return _latencies(latency_ms(book, ours, book.due))


@lru_cache(maxsize=1024)
def _of_load(folder: Path) -> Mapping[str, Mapping[str, float | None]]:
    """Of a load from a file: all tasks together under "", and each type under its name."""
    load = load_of(StoredCell(folder))
    found = {}
    for part in ("", *load.workload.names):
        ours = load.of(part)
        in_order = ours.latency_ms[np.argsort(ours.due_ns, kind="stable")]
        goal = standing_goal(load.workload.objective, part)
        share = None if goal is None or not len(in_order) else float(late(in_order, goal).mean())
        shown = None if share is None else 100 * share + ADDED
        found[part] = {**_latencies(in_order), LATE_SHARE: shown}
    return found


def _latencies(in_order: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """The gate's own latencies of (tasks,) in the order of their due times."""
    p50, p99 = (percentile_if_supported(in_order, p) for p in (50.0, 99.0))
    return {P50: p50, P99: p99, TRIMMED_P99: None if p99 is None else trimmed_p99(in_order)}


def trimmed_p99(latencies: npt.ArrayLike) -> float:
    """The P99 over that half of 20 equal parts of a cell whose own P99 is the lowest. Pure.

    One slow spell makes the P99 of a whole cell ten times as large, and half of a cell holds few of
    them. Blind to what slows fewer than half of the parts, the code's own pauses included: the P99
    of the whole cell is watched beside it. `latencies`: (tasks,), in the order of their due times.
    """
    parts = np.array_split(np.asarray(latencies, dtype=float), PARTS)
    calmest = np.argsort([percentile(part, 99.0) for part in parts], kind="stable")[: PARTS // 2]
    return percentile(np.concatenate([parts[at] for at in calmest]), 99.0)
