"""Every pair of arms per scenario, case and metric, compared from measures.csv alone.

One number per arm and block; blocks are paired, never pooled. The family is all pairs of one metric
in one case.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations

import pandas as pd

from bench.analysis.dataset import by_block, is_censored, refuse_unknown
from bench.analysis.families import Compared, Pair, compare_pairs
from bench.base.errors import UsageError
from bench.model.metric import METRICS, Metric
from bench.record.store import COMPARISON_COLUMNS


def compare_arms(
    measures: pd.DataFrame,
    size: str,
    guarantees: Mapping[str, str] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """comparisons.csv from the rows of measures.csv.

    * `ratio` metrics: `ratio` is head ÷ base. Of two arms, and of metrics that are left to it,
      `low` and `high` are its t-interval at the level that Holm gives this pair (an adjusted
      interval: it excludes 1 exactly where Holm rejects), `smallest_detectable` is the change found
      9 times in 10 at Holm's strictest level. Of three or more arms with the same three or more
      blocks and a metric in LIKE_SPREAD they are those of arm + block, by Tukey. `method` says
      which.
    * `count` metrics: `ratio` holds the mean *difference* head - base, `low` and `high` the
      smallest and largest difference of a block.
    * `time_to` metrics: `ratio` is that of the medians, empty where one lies beyond the horizon;
      decided by ranks, never a tie.

    Rows of a type of task of its own (`part`) are left out: they are in measures.csv, and `bench
    compare` sets them beside each other.

    Below three blocks there is a ratio, no `low` or `high`, and the verdict `unclear`. Arms without
    a common block give no row. With `guarantees` (arm → guarantee) only arms of the same guarantee
    are paired. UsageError for a run of size `smoke`, which makes no claims.
    """
    if size == "smoke":
        raise UsageError(
            "a smoke run makes no claims and cannot be compared: measure with --size quick or full"
        )
    refuse_unknown(measures)
    rows = [
        (scenario, case, metric.name, result.pair.base, result.pair.head, *_numbers(result))
        for scenario, case, metric, group in _groups(_over_all(measures))
        for result in compare_pairs(list(_pairs(group, metric, guarantees or {})), metric, alpha)
    ]
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _over_all(measures: pd.DataFrame) -> pd.DataFrame:
    """The rows that stand and are over all tasks of their cell."""
    return measures[(measures["stands"] == 1) & (measures["part"] == "")]


def _numbers(result: Compared) -> tuple[str | float, ...]:
    """The columns `ratio` to `verdict`; NaN for what there is none of."""
    ratio, low, high, detectable = (
        math.nan if value is None else value
        for value in (result.ratio, result.low, result.high, result.smallest_detectable)
    )
    return ratio, low, high, result.method, result.pair.blocks, detectable, result.verdict


def _groups(measures: pd.DataFrame) -> Iterator[tuple[str, str, Metric, pd.DataFrame]]:
    order = {name: at for at, name in enumerate(METRICS)}
    groups = {
        (str(key[0]), str(key[1]), str(key[2])): group
        for key, group in measures.groupby(["scenario", "case", "metric"], sort=False)
    }
    for scenario, case, name in sorted(groups, key=lambda key: (key[0], key[1], order[key[2]])):
        yield scenario, case, METRICS[name], groups[scenario, case, name]


def _pairs(group: pd.DataFrame, metric: Metric, guarantees: Mapping[str, str]) -> Iterator[Pair]:
    rows = {str(arm): rows for arm, rows in group.groupby("arm")}
    numbers = {arm: by_block(part, metric) for arm, part in rows.items()}
    censored = {arm: is_censored(part, metric) for arm, part in rows.items()}
    for base, head in combinations(sorted(rows), 2):
        blocks = tuple(sorted(numbers[base].keys() & numbers[head].keys()))
        alike = guarantees.get(base) == guarantees.get(head)
        if blocks and alike:
            yield Pair(
                base,
                head,
                [numbers[base][block] for block in blocks],
                [numbers[head][block] for block in blocks],
                censored[base] or censored[head],
                blocks,
            )
