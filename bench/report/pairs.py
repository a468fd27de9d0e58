"""Arms beside each other where there are blocks enough for an interval, decided or not."""

import math
from collections.abc import Iterator, Sequence
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
    blocks: int
    method: str
    verdict: str


def pair_rows(joined: Joined, scenario: str, metrics: Sequence[str]) -> list[PairRow]:
    """The lines of `compared` in words."""
    return [_row(line) for line in compared(joined, scenario, metrics)]


def compared(joined: Joined, scenario: str, metrics: Sequence[str]) -> Iterator[Any]:
    """Every pair within a guarantee and within one run, the pairs of a metric and case one family:
    rows of comparisons.csv, named tuples of pandas. That of the run has all other metrics.

    Nothing below three blocks and for a smoke run, which make no claims.
    """
    standing = joined.every[
        (joined.every["stands"] == 1)
        & (joined.every["scenario"] == scenario)
        & joined.every["metric"].isin(metrics)
    ]
    for place, run in enumerate(joined.runs):
        # Blocks pair because they were interleaved: those of two runs share but their number.
        mine = standing[standing["place"] == place]
        if run.manifest.plan.size != "smoke" and mine["block"].nunique() >= MIN_BLOCKS:
            guarantees = {name: arm.guarantee for name, arm in run.manifest.arms.items()}
            yield from records(compare_arms(mine, "full", guarantees))


def _row(line: Any) -> PairRow:
    low, high = _text(line.low), _text(line.high)
    return PairRow(
        case="" if line.case == "-" else line.case,
        measure=METRICS[line.metric].label,
        base=line.base,
        head=line.head,
        ratio=_text(line.ratio),
        interval="–" if low == "–" else f"{low} … {high}",
        smallest=_text(line.smallest_detectable),
        blocks=line.blocks,
        method=line.method,
        verdict=line.verdict,
    )


def _text(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else number(float(value))
