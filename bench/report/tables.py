"""Tables of measures: one row per arm, one figure per measure, the cells behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.analysis.dataset import Joined
from bench.analysis.formatting import Figure, figure, scale
from bench.model.metric import METRICS

Column = tuple[str, str]  # metric, short heading
Figures = dict[str, dict[str, Figure]]  # arm → metric → its figure


class Heading(NamedTuple):
    """A heading in a table and what stands below it: these cases, of one type of task or over all
    (`part` is empty)."""

    title: str
    cases: Sequence[str]
    part: str = ""


@dataclass(frozen=True)
class Row:
    """One arm: its figures in the order of the columns."""

    arm: str
    system: str
    figures: Sequence[Figure]
    cells: str


@dataclass(frozen=True)
class Group:
    """Rows that may be compared with each other."""

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """A table as the template draws it: (heading, unit) per column, rows in groups."""

    caption: str
    columns: Sequence[tuple[str, str]]
    groups: Sequence[Group]


def table(
    joined: Joined,
    scenario: str,
    caption: str,
    columns: Sequence[Column],
    headings: Iterable[Heading] = (Heading("", ("-",)),),
) -> list[Table]:
    """One table, or none where no arm has any of the columns; a column that no arm has is left out.

    Below each heading the rows are split further by guarantee: speeds are compared only within one.
    """
    drawn = [(each.title, _figures(joined, scenario, each, columns)) for each in headings]
    measured = {metric for _, figures in drawn for mine in figures.values() for metric in mine}
    present = [(metric, heading) for metric, heading in columns if metric in measured]
    if not present:
        return []
    groups = [
        group
        for title, figures in drawn
        for group in _groups(joined, title, figures, [metric for metric, _ in present])
    ]
    return [Table(caption, [(heading, scale(metric)[0]) for metric, heading in present], groups)]


def by_case(cases: Iterable[str]) -> list[Heading]:
    """Each case with a heading of its own."""
    return [Heading(case_title(case), (case,)) for case in cases]


def _figures(joined: Joined, scenario: str, below: Heading, columns: Sequence[Column]) -> Figures:
    """The figures of all arms that have any of these metrics, without the metrics that none has."""
    measures = joined.frame[
        (joined.frame["scenario"] == scenario)
        & joined.frame["case"].isin(below.cases)
        & (joined.frame["part"] == below.part)
    ]
    wanted = [metric for metric, _ in columns if metric in set(measures["metric"])]
    if not wanted:
        return {}
    rows = dict(list(measures.groupby(["arm", "metric"])))
    return {
        arm: {
            metric: figure(rows.get((arm, metric), measures.iloc[:0]), metric) for metric in wanted
        }
        for arm in joined.arms
        if arm in set(measures["arm"])
    }


def _groups(joined: Joined, title: str, figures: Figures, metrics: Sequence[str]) -> list[Group]:
    """A group per guarantee, in the order in which they first occur."""
    rows: dict[str, list[Row]] = {}
    for arm, mine in figures.items():
        about = joined.arms[arm]
        shown = [mine.get(metric, Figure("–", verdict="missing")) for metric in metrics]
        cells = all_cells(each.cells for each in shown)
        rows.setdefault(about.guarantee, []).append(Row(arm, about.system, shown, cells))
    return [
        Group(f"{title} · {guarantee}" if title else guarantee, alike)
        for guarantee, alike in rows.items()
    ]


def all_cells(texts: Iterable[str]) -> str:
    """The cells that several figures name, each once: they are told as "001, 003"."""
    return ", ".join(dict.fromkeys(cell for text in texts for cell in text.split(", ") if cell))


def case_title(case: str) -> str:
    """A case as a heading: loads, rates, round trips and backlogs in words, any other as typed."""
    kind, _, value = case.partition("=")
    if kind == "backlog" and value.isdigit():
        return f"{int(value):,} tasks queued"
    words = {
        "load": f"load {value} of capacity",
        "rate": f"{value} tasks/s",
        "rtt": f"round trip {value} ms",
    }
    return words.get(kind, case)


def every_measure(joined: Joined, scenario: str) -> list[Table]:
    """All that a scenario measured, for one that has no section of its own."""
    columns = tuple(
        (str(name), METRICS[str(name)].label)
        for name in dict.fromkeys(joined.frame.loc[joined.frame["scenario"] == scenario, "metric"])
        if name in METRICS
    )
    headings = [
        Heading("" if case == "-" else case_title(case), (case,)) for case in joined.cases(scenario)
    ]
    return table(joined, scenario, "Every measure", columns, headings)
