"""burst in pictures: rates as bars, then throughput, backlog and memory while the queue drains, and
what a backlog weighs."""

import re
from collections.abc import Sequence

import numpy as np

from bench.analysis.dataset import Joined
from bench.analysis.drawn import drawn
from bench.analysis.formatting import figure
from bench.record.stored_curves import Floats
from bench.report.charts import bars, look_of
from bench.report.style import Chart, Look, Palette, finish, new_figure, svg
from bench.report.tables import all_cells
from scenarios.burst import backlog_of

Lines = list[tuple[str, Look, Floats, Floats]]


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Rates as bars, then each profile over time, the default ones first, then the backlogs."""
    pictures = [
        bars(joined, looks, "burst", "-", "throughput", "Throughput, and the floor as its ceiling"),
        # The plain call; the bulk call stands in the table.
        bars(joined, looks, "burst", "-", "enqueue_rate", "Enqueue rate, one plain call at a time"),
    ]
    arms = {arm: joined.arms[arm] for arm in joined.arms_of("burst", "-")}
    first = [
        arm for arm, about in arms.items() if about.profile == "default" and not about.variant
    ] or list(arms)
    pictures += _over_time(joined, looks, first, "default")
    rest = {arm: about.profile for arm, about in arms.items() if arm not in first}
    for profile in dict.fromkeys(rest.values()):
        pictures += _over_time(
            joined, looks, [arm for arm in rest if rest[arm] == profile], profile
        )
    return [chart for chart in (*pictures, _against_backlog(joined, looks)) if chart]


def _over_time(
    joined: Joined, looks: Palette, arms: Sequence[str], profile: str
) -> list[Chart | None]:
    """Of the profiles other than default only what the tables do not tell."""
    shown = [
        (cell, look_of(joined, looks, arm))
        for arm in arms
        if (cell := drawn(joined, "burst", "-", arm))
    ]
    rates, backlogs, workers, brokers = (
        [
            (cell.arm, look, x, y / unit)
            for cell, look in shown
            for x, y in (cell.curve(name),)
            if len(x) > 1
        ]
        for name, unit in (
            ("rate", 1),
            ("backlog", 1),
            ("worker_pss", 1e6),
            ("broker_memory", 1e6),
        )
    )
    is_default = profile == "default"
    whose = "over time" if is_default else f"over time, profile {profile}"
    name = re.sub(r"[^\w-]", "-", profile)
    cells = ", ".join(cell.label for cell, _ in shown)
    kinds = [
        (rates, "Throughput", "rate", "tasks/s", True),
        (backlogs if is_default else [], "Backlog", "backlog", "tasks not finished", False),
        (workers, "Worker memory", "workers", "MB, PSS of the tree", False),
        (brokers if is_default else [], "Broker memory", "broker", "MB", False),
    ]
    return [
        _chart(lines, f"{what} {whose}", f"{kind}-{name}", unit, cells, log)
        for lines, what, kind, unit, log in kinds
    ]


def _against_backlog(joined: Joined, looks: Palette) -> Chart | None:
    """Memory of the broker against the tasks that it holds; None where no arm has a number."""
    cases = sorted(filter(backlog_of, joined.cases("burst")), key=backlog_of)
    metric = "broker_memory_peak_bytes"
    every = {
        arm: [
            (backlog_of(case), figure(joined.rows("burst", case, arm, metric), metric))
            for case in cases
        ]
        for arm in joined.arms_of("burst")
    }
    points = {
        arm: [(tasks, each) for tasks, each in figures if each.is_number]
        for arm, figures in every.items()
    }
    legend = [(arm, look_of(joined, looks, arm)) for arm, mine in points.items() if mine]
    if not legend:
        return None
    picture, (ax,) = new_figure(2.9)
    for arm, look in legend:
        ax.plot(
            [tasks for tasks, _ in points[arm]],
            [(each.value or 0.0) / 1e6 for _, each in points[arm]],
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or ".",
            markersize=5,
        )
    ax.set(xscale="log", yscale="log")
    finish(ax, "tasks queued, log scale", "MB, log scale")
    title = "Memory of the broker against its backlog"
    cells = all_cells(each.cells for mine in points.values() for _, each in mine)
    caption = "Median over the blocks. No worker runs; an empty broker's own memory is in it."
    return Chart(title, svg(picture, "backlog-memory", title), caption, legend, cells)


def _chart(lines: Lines, title: str, name: str, unit: str, cells: str, log: bool) -> Chart | None:
    if not lines:
        return None
    picture, (ax,) = new_figure(2.9)
    for _, look, x, y in lines:
        ax.plot(
            x,
            y,
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or None,
            markevery=_spread(x),
            markersize=4.5,
        )
    ax.set(xscale="log", yscale="log" if log else "linear")
    if not log:
        ax.set_ylim(0, 1.08 * max(float(y.max()) for *_, y in lines) or 1.0)
    finish(ax, "seconds since the workers were started, log scale", unit)
    legend = [(arm, look) for arm, look, *_ in lines]
    return Chart(title, svg(picture, name, title), "First block.", legend, cells)


def _spread(x: Floats) -> list[int]:
    """Places for six markers, evenly apart on a log scale."""
    moments = np.geomspace(max(float(x[0]), 1e-3), float(x[-1]), 7)[1:]
    return [int(at) for at in np.unique(np.searchsorted(x, moments).clip(0, len(x) - 1))]
