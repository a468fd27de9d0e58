"""Blocks of base and head from a run folder: its measures, what the gate alone takes from the raw events, and the seconds of each scenario."""

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.check.blocks import CALM, P99, Block, Key, blocks_of, is_gated
from bench.check.trimmed import calm_p99
from bench.model.scenario import load_scenarios
from bench.record import ledger
from bench.record.store import Run, StoredCell

ENDED = ("done", "failed", "skipped")
PLACE = ("scenario", "case", "arm", "block")


def blocks_in(run: Run, base: str, head: str, measures: pd.DataFrame | None = None) -> list[Block]:
    """The blocks of two arms of a run; `measures` where the run is still under way."""
    known = run.measures if measures is None else measures
    return blocks_of(pd.concat([known, _calm_rows(run, known)]), base, head, seconds_of(run.info))


def seconds_of(info: Mapping[str, Any]) -> dict[int, dict[str, float]]:
    """How long the cells of each block and scenario took, without those that are measured once per run."""
    basis = {
        (name, case)
        for name, scenario in load_scenarios().items()
        for case in scenario.prerequisites
    }
    found: dict[int, dict[str, float]] = {}
    for line in info["cells"]:
        name = line["scenario"]
        if line["seconds"] is not None and (name, line["case"]) not in basis:
            block = found.setdefault(line["block"], {})
            block[name] = block.get(name, 0.0) + line["seconds"]
    return found


def _calm_rows(run: Run, measures: pd.DataFrame) -> pd.DataFrame:
    """For each judged P99 the calm one of the same cell, with its verdict; none where the raw events are not there."""
    rows = measures[measures["metric"] == P99]
    rows = rows[[is_gated(Key("latency", case, P99)) for case in rows["case"]]]
    if run.slim or rows.empty:
        return measures.iloc[:0]
    # Every cell that ended has such a row, in the order of run.json, whether it came to a number or not; one that was measured once more has two.
    numbers: dict[tuple[Any, ...], list[int]] = {}
    for line in run.info["cells"]:
        if line["state"] in ENDED:
            numbers.setdefault(tuple(line[name] for name in PLACE), []).append(int(line["number"]))
    values = []
    for row in rows.itertuples():
        number = numbers[tuple(getattr(row, name) for name in PLACE)].pop(0)
        values.append(_of_cell(run.cell(number).folder) if row.verdict == "ok" else math.nan)
    return rows.assign(metric=CALM, value=values)


@lru_cache(maxsize=1024)
def _of_cell(folder: Path) -> float:
    book = ledger.load(StoredCell(folder))
    ours = np.flatnonzero(book.measured())
    ours = ours[np.argsort(book.due[ours], kind="stable")]
    finish = book.first_finish()[ours]
    return calm_p99(np.where(finish < 0, np.inf, (finish - book.due[ours]) / 1e6))
