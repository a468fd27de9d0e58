"""The brokers of one profile side by side within a run: another hour is another machine."""

from collections.abc import Sequence

import pandas as pd

from bench.analysis.dataset import Joined
from bench.analysis.formatting import Figure, cells_of, figure, number, scale
from bench.report.tables import Group, Row, Table

COLUMNS = (
    ("burst", "-", "throughput", "Throughput"),
    ("latency", "rate=30", "latency_p99_ms", "P99 at 30 tasks/s"),
)
CAPTION = "Brokers side by side, within one run"


def brokers(joined: Joined) -> list[Table]:
    """One group per run and profile that was measured on several brokers, the ratios to its first
    arm; there also where only latency was measured."""
    groups = [group for place in range(len(joined.runs)) for group in _of_run(joined, place)]
    headings = [
        heading
        for *_, metric, title in COLUMNS
        for heading in ((title, scale(metric)[0]), ("to the first", "×"))
    ]
    return [Table(CAPTION, headings, groups)] if groups else []


def _of_run(joined: Joined, place: int) -> list[Group]:
    standing = joined.every[(joined.every["place"] == place) & (joined.every["stands"] == 1)]
    present = set(
        standing.loc[standing["scenario"].isin([scenario for scenario, *_ in COLUMNS]), "arm"]
    )
    profiles: dict[str, list[str]] = {}
    for name, arm in joined.arms.items():
        if name in present and not arm.variant:
            profiles.setdefault(f"{arm.system}/{arm.profile}", []).append(name)
    return [_group(joined, standing, arms) for arms in profiles.values() if len(arms) > 1]


def _group(joined: Joined, standing: pd.DataFrame, arms: Sequence[str]) -> Group:
    first = {column: _figure(standing, arms[0], column) for column in COLUMNS}
    rows = []
    for name in arms:
        figures = [
            each
            for column in COLUMNS
            for each in _beside(_figure(standing, name, column), first[column], name == arms[0])
        ]
        rows.append(
            Row(
                name,
                joined.arms[name].system,
                figures,
                cells_of(standing[standing["arm"] == name]),
            )
        )
    return Group("", rows)


def _figure(standing: pd.DataFrame, arm: str, column: tuple[str, str, str, str]) -> Figure:
    scenario, case, metric, _ = column
    keys = (
        (standing["scenario"] == scenario)
        & (standing["case"] == case)
        & (standing["arm"] == arm)
        & (standing["metric"] == metric)
    )
    return figure(standing[keys], metric)


def _beside(found: Figure, first: Figure, is_first: bool) -> tuple[Figure, Figure]:
    """A figure and its ratio to the first arm's; no ratio to or from a verdict."""
    if (
        is_first
        or found.verdict != "ok"
        or first.verdict != "ok"
        or not found.value
        or not first.value
    ):
        return found, Figure("–", verdict="missing")
    ratio = found.value / first.value
    return found, Figure(number(ratio), ratio, cells=found.cells)
