"""burst in pictures: rates as bars, then throughput, backlog and memory while the queue drains."""

import re
from collections.abc import Sequence

import numpy as np

from bench.analysis.dataset import Joined
from bench.analysis.drawn import drawn
from bench.record.stored_curves import Floats
from bench.report.charts import bars, look_of
from bench.report.style import Chart, Look, Palette, finish, new_figure, svg

Lines = list[tuple[str, Look, Floats, Floats]]


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Rates as bars, then each profile over time, the default ones first."""
    found = [
        bars(joined, looks, "burst", "-", "throughput", "Throughput, and the floor as its ceiling"),
        # The plain call; the bulk call stands in the table.
        bars(joined, looks, "burst", "-", "enqueue_rate", "Enqueue rate, one plain call at a time"),
    ]
    arms = joined.arms_of("burst", "-")
    first = [
        arm
        for arm in arms
        if joined.arms[arm].profile == "default" and not joined.arms[arm].variant
    ] or arms
    found += _over_time(joined, looks, first, "default")
    rest = [arm for arm in arms if arm not in first]
    for profile in dict.fromkeys(joined.arms[arm].profile for arm in rest):
        found += _over_time(
            joined, looks, [arm for arm in rest if joined.arms[arm].profile == profile], profile
        )
    return [chart for chart in found if chart]


def _over_time(joined: Joined, looks: Palette, arms: Sequence[str], profile: str) -> list[Chart]:
    """Of the profiles other than default only what the tables do not tell."""
    shown = [cell for arm in arms if (cell := drawn(joined, "burst", "-", arm))]
    if not shown:
        return []
    is_default = profile == "default"
    whose = "" if is_default else f", profile {profile}"
    name = re.sub(r"[^\w-]", "-", profile)
    rates: Lines = []
    backlogs: Lines = []
    workers: Lines = []
    brokers: Lines = []
    for cell in shown:
        look = look_of(joined, looks, cell.arm)
        for curve, lines, unit in (
            ("rate", rates, 1),
            ("backlog", backlogs, 1),
            ("worker_pss", workers, 1e6),
            ("broker_memory", brokers, 1e6),
        ):
            x, y = cell.curve(curve)
            if len(x) > 1:
                lines.append((cell.arm, look, x, y / unit))
    cells = ", ".join(cell.label for cell in shown)
    kinds = [
        (rates, "Throughput", "rate", "tasks/s", True),
        (backlogs if is_default else [], "Backlog", "backlog", "tasks not finished", False),
        (workers, "Worker memory", "workers", "MB, PSS of the tree", False),
        (brokers if is_default else [], "Broker memory", "broker", "MB", False),
    ]
    return [
        chart
        for lines, what, kind, unit, log in kinds
        if (chart := _chart(lines, f"{what} over time{whose}", f"{kind}-{name}", unit, cells, log))
    ]


def _chart(lines: Lines, title: str, name: str, unit: str, cells: str, log: bool) -> Chart | None:
    if not lines:
        return None
    picture, axes = new_figure(2.9)
    ax = axes[0]
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
    ax.set_xscale("log")
    ax.set_yscale("log" if log else "linear")
    if not log:
        ax.set_ylim(0, 1.08 * max(float(y.max()) for _, _, _, y in lines) or 1.0)
    finish(ax, "seconds since the workers were started, log scale", unit)
    return Chart(
        title,
        svg(picture, name, title),
        "First block.",
        [(arm, look) for arm, look, _, _ in lines],
        cells,
    )


def _spread(x: Floats) -> list[int]:
    """Places for six markers, evenly apart on a log scale."""
    return sorted(
        {
            int(at)
            for at in np.clip(
                np.searchsorted(x, np.geomspace(max(float(x[0]), 1e-3), float(x[-1]), 7)[1:]),
                0,
                len(x) - 1,
            )
        }
    )
