"""burst in pictures: rates as bars, then throughput, backlog and memory while the queue drains."""

import re
from collections.abc import Sequence

import numpy as np

from bench.analysis.dataset import Joined, Shown
from bench.analysis.stats import Floats
from bench.record import ledger
from bench.report.charts import bars, look_of
from bench.report.style import POINTS, Chart, Look, Palette, finish, new_figure, svg, thin

Lines = list[tuple[str, Look, Floats, Floats]]
PIECES, PIECE = 100, 100  # of a drain, each with as many finishes: the rate over each is a point
EARLIEST_S = 0.1


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Rates as bars, then each profile over time, the default ones first."""
    drawn = [
        bars(joined, looks, "burst", "-", "throughput", "Throughput, and the floor as its ceiling"),
        # The plain call; the bulk call stands in the table.
        bars(joined, looks, "burst", "-", "enqueue_rate", "Enqueue rate, one plain call at a time"),
    ]
    arms = {arm: joined.arms[arm] for arm in joined.arms_of("burst", "-")}
    first = [
        arm for arm, about in arms.items() if about.profile == "default" and not about.variant
    ] or list(arms)
    drawn += _over_time(joined, looks, first, "default")
    rest = {arm: about.profile for arm, about in arms.items() if arm not in first}
    for profile in dict.fromkeys(rest.values()):
        drawn += _over_time(joined, looks, [arm for arm in rest if rest[arm] == profile], profile)
    return [chart for chart in drawn if chart]


def _over_time(
    joined: Joined, looks: Palette, arms: Sequence[str], profile: str
) -> list[Chart | None]:
    """Of the profiles other than default only what the tables do not tell."""
    shown = [
        (cell, look_of(joined, looks, arm))
        for arm in arms
        if (cell := joined.cell("burst", "-", arm))
    ]
    drained = [(cell, look, _finishes(cell)) for cell, look in shown]
    drained = [each for each in drained if len(each[2]) >= 2]
    rates = [(cell.arm, look, *_rate(seconds)) for cell, look, seconds in drained]
    backlogs = [(cell.arm, look, *_backlog(cell, seconds)) for cell, look, seconds in drained]
    memory = (
        [(cell.arm, look, *_megabytes(cell, column)) for cell, look in shown]
        for column in ("worker_pss", "broker_memory")
    )
    workers, brokers = ([line for line in lines if len(line[2]) > 1] for lines in memory)
    is_default = profile == "default"
    whose = "over time" if is_default else f"over time, profile {profile}"
    name = re.sub(r"[^\w-]", "-", profile)
    cells = ", ".join(cell.label for cell, _ in shown)
    drawn = [
        (rates, "Throughput", "rate", "tasks/s", True),
        (backlogs if is_default else [], "Backlog", "backlog", "tasks not finished", False),
        (workers, "Worker memory", "workers", "MB, PSS of the tree", False),
        (brokers if is_default else [], "Broker memory", "broker", "MB", False),
    ]
    return [
        _chart(lines, f"{what} {whose}", f"{kind}-{name}", unit, cells, log)
        for lines, what, kind, unit, log in drawn
    ]


def _finishes(cell: Shown) -> Floats:
    """Seconds from the start of the drain to each first finish, in order."""
    start, _ = cell.stored.phase("drain")
    return (ledger.first_finishes(cell.stored) - start) / 1e9


def _rate(seconds: Floats) -> tuple[Floats, Floats]:
    """Finishes per second over pieces of equal count: as smooth for 130/s as for 13,000/s."""
    edges = np.unique(
        np.linspace(0, len(seconds) - 1, min(PIECES, max(4, len(seconds) // PIECE)) + 1).astype(int)
    )
    at, spans = seconds[edges], np.diff(seconds[edges])
    keep = spans > 0
    return ((at[1:] + at[:-1]) / 2)[keep], (np.diff(edges) / np.where(keep, spans, 1.0))[keep]


def _backlog(cell: Shown, seconds: Floats) -> tuple[Floats, Floats]:
    tasks = float(cell.stored.spec.params["tasks"])
    edges = np.unique(np.linspace(0, len(seconds) - 1, 200).astype(int))
    return np.append(EARLIEST_S, seconds[edges]), np.append(tasks, tasks - 1 - edges)


def _megabytes(cell: Shown, column: str) -> tuple[Floats, Floats]:
    """A column of the samples from the start of the drain on: seconds, and what it holds in MB."""
    samples = cell.stored.samples
    start, _ = cell.stored.phase("drain")
    seconds = (samples["ns"].to_numpy(dtype=float) - start) / 1e9
    values = samples[column].to_numpy(dtype=float) / 1e6
    keep = (seconds >= EARLIEST_S) & ~np.isnan(values) & (samples["edge"].to_numpy() != "end")
    every = thin(int(keep.sum()), POINTS // 2)
    return seconds[keep][every], values[keep][every]


def _chart(lines: Lines, title: str, name: str, unit: str, cells: str, log: bool) -> Chart | None:
    if not lines:
        return None
    drawn, (ax,) = new_figure(2.9)
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
    return Chart(title, svg(drawn, name, title), "First block.", legend, cells)


def _spread(x: Floats) -> list[int]:
    """Places for six markers, evenly apart on a log scale."""
    moments = np.geomspace(max(float(x[0]), 1e-3), float(x[-1]), 7)[1:]
    return [int(at) for at in np.unique(np.searchsorted(x, moments).clip(0, len(x) - 1))]
