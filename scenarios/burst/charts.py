"""burst in pictures: rates as bars, then throughput, backlog and memory while the queue drains."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.analysis.dataset import Joined, Shown
from bench.record import ledger
from bench.report.charts import bars, look_of
from bench.report.style import POINTS, Chart, Look, Palette, finish, new_figure, svg, thin

Floats = npt.NDArray[np.float64]
Lines = list[tuple[str, Look, Floats, Floats]]
PIECES, PIECE = 100, 100  # of a drain, each with as many finishes: the rate over each is a point
EARLIEST_S = 0.1


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
    shown = [cell for arm in arms if (cell := joined.cell("burst", "-", arm))]
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
        seconds = _finishes(cell)
        if len(seconds) >= 2:
            rates.append((cell.arm, look, *_rate(seconds)))
            backlogs.append((cell.arm, look, *_backlog(cell, seconds)))
        for column, lines in (("worker_pss", workers), ("broker_memory", brokers)):
            x, y = _samples(cell, column)
            if len(x) > 1:
                lines.append((cell.arm, look, x, y / 1e6))
    cells = ", ".join(cell.label for cell in shown)
    drawn = [
        (rates, "Throughput", "rate", "tasks/s", True),
        (backlogs if is_default else [], "Backlog", "backlog", "tasks not finished", False),
        (workers, "Worker memory", "workers", "MB, PSS of the tree", False),
        (brokers if is_default else [], "Broker memory", "broker", "MB", False),
    ]
    return [
        chart
        for lines, what, kind, unit, log in drawn
        if (chart := _chart(lines, f"{what} over time{whose}", f"{kind}-{name}", unit, cells, log))
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
    tasks = int(cell.stored.spec.params["tasks"])
    left = tasks - np.arange(1, len(seconds) + 1, dtype=float)
    edges = np.unique(np.linspace(0, len(seconds) - 1, 200).astype(int))
    return np.concatenate(([EARLIEST_S], seconds[edges])), np.concatenate(
        ([float(tasks)], left[edges])
    )


def _samples(cell: Shown, column: str) -> tuple[Floats, Floats]:
    """A column of the samples from the start of the drain on."""
    samples = cell.stored.samples
    start, _ = cell.stored.phase("drain")
    seconds, values = (
        (samples["ns"].to_numpy(dtype=float) - start) / 1e9,
        samples[column].to_numpy(dtype=float),
    )
    keep = (seconds >= EARLIEST_S) & ~np.isnan(values) & (samples["edge"].to_numpy() != "end")
    seconds, values = seconds[keep], values[keep]
    every = thin(len(seconds), POINTS // 2)
    return seconds[every], values[every]


def _chart(lines: Lines, title: str, name: str, unit: str, cells: str, log: bool) -> Chart | None:
    if not lines:
        return None
    drawn, axes = new_figure(2.9)
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
        svg(drawn, name, title),
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
