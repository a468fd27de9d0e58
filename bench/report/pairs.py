"""Arms beside each other where there are blocks enough for an interval, decided or not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.analysis.comparisons import compare_arms
from bench.analysis.dataset import Joined
from bench.analysis.formatting import number, records
from bench.analysis.stats import MIN_BLOCKS
from bench.model.metric import METRICS


@dataclass(frozen=True)
class PairRow:
    """One line of comparisons.csv in words."""

    case: str
    measure: str
    base: str
    head: str
    ratio: str
    interval: str
    smallest: str
    blocks: str
    verdict: str


def pair_rows(joined: Joined, scenario: str, metrics: Sequence[str]) -> list[PairRow]:
    """Every pair within a guarantee and within one run; comparisons.csv of the run has all other
    metrics. Nothing below three blocks and for a smoke run, which make no claims."""
    found = []
    for place, run in enumerate(joined.runs):
        if run.manifest.plan.size == "smoke":
            continue
        every = joined.every
        mine = every[
            (every["place"] == place) & (every["stands"] == 1) & (every["scenario"] == scenario)
        ]
        wanted = mine[mine["metric"].isin(metrics)]
        # Blocks pair because they were interleaved: those of two runs share but their number.
        if not wanted.empty and wanted["block"].nunique() >= MIN_BLOCKS:
            guarantees = {name: arm.guarantee for name, arm in run.manifest.arms.items()}
            found += [_row(line) for line in records(compare_arms(wanted, "full", guarantees))]
    return found


def _row(line: Any) -> PairRow:
    def text(name: str) -> str:
        value = getattr(line, name)
        return (
            "–"
            if value is None or (isinstance(value, float) and math.isnan(value))
            else number(float(value))
        )

    case, metric = str(line.case), str(line.metric)
    low, high, smallest = text("low"), text("high"), text("smallest_detectable")
    return PairRow(
        case="" if case == "-" else case,
        measure=METRICS[metric].label,
        base=str(line.base),
        head=str(line.head),
        ratio=text("ratio"),
        interval="–" if low == "–" else f"{low} … {high}",
        smallest=smallest,
        blocks=str(line.blocks),
        verdict=str(line.verdict),
    )
