"""Arms beside each other where there are blocks enough for an interval, decided or not."""

import math
from collections.abc import Sequence
from typing import Any

from bench.analysis.comparisons import compare_arms
from bench.analysis.dataset import Joined
from bench.analysis.formatting import number, records
from bench.analysis.stats import MIN_BLOCKS
from bench.model.metric import METRICS


def pair_rows(joined: Joined, scenario: str, metrics: Sequence[str]) -> list[dict[str, str]]:
    """Every pair within a guarantee and within one run; comparisons.csv of the run has all other
    metrics. Nothing below three blocks and for a smoke run, which make no claims."""
    found = []
    for place, run in enumerate(joined.runs):
        if run.info["plan"].get("size") == "smoke":
            continue
        every = joined.every
        mine = every[
            (every["place"] == place)
            & (every["cell"] == every["stands"])
            & (every["scenario"] == scenario)
        ]
        wanted = mine[mine["metric"].isin(metrics)]
        # Blocks pair because they were interleaved: those of two runs share but their number.
        if not wanted.empty and wanted["block"].nunique() >= MIN_BLOCKS:
            guarantees = {name: str(arm["guarantee"]) for name, arm in run.info["arms"].items()}
            found += [_row(line) for line in records(compare_arms(wanted, "full", guarantees))]
    return found


def _row(line: Any) -> dict[str, str]:
    def text(name: str) -> str:
        value = getattr(line, name)
        return (
            "–"
            if value is None or (isinstance(value, float) and math.isnan(value))
            else number(float(value))
        )

    case, metric = str(line.case), str(line.metric)
    low, high, smallest = text("low"), text("high"), text("smallest_detectable")
    return {
        "case": "" if case == "-" else case,
        "measure": METRICS[metric].label,
        "base": str(line.base),
        "head": str(line.head),
        "ratio": text("ratio"),
        "interval": "–" if low == "–" else f"{low} … {high}",
        "smallest": smallest,
        "blocks": str(line.blocks),
        "verdict": str(line.verdict),
    }
