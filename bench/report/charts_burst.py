"""burst in pictures: rates as bars, then throughput, backlog and memory while the queue drains."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.analysis.dataset import FLOOR, Joined, Shown
from bench.analysis.formatting import figure
from bench.record import ledger
from bench.report.style import INK, MUTED, POINTS, Chart, Look, Looks, finish, new_figure, svg, thin

Floats = npt.NDArray[np.float64]
Lines = list[tuple[str, Look, Floats, Floats]]
PIECES, PIECE = 100, 100  # of a drain, each with as many finishes: the rate over each is a point
EARLIEST_S = 0.1


def charts(joined: Joined, looks: Looks) -> list[Chart]:
    """All charts of the section, for what was measured."""
    found = [
        bars(joined, looks, "throughput", "-", "Throughput, and the floor as its ceiling"),
        enqueue_bars(joined, looks),
    ]
    arms = joined.arms_of("burst", "-")
    first = [
        arm
        for arm in arms
        if joined.arms[arm]["profile"] == "default" and not joined.arms[arm]["variant"]
    ] or arms
    found += _over_time(joined, looks, first, "default")
    rest = [arm for arm in arms if arm not in first]
    for profile in dict.fromkeys(str(joined.arms[arm]["profile"]) for arm in rest):
        found += _over_time(
            joined, looks, [arm for arm in rest if joined.arms[arm]["profile"] == profile], profile
        )
    return [chart for chart in found if chart]


def look_of(joined: Joined, looks: Looks, arm: str) -> Look:
    """The look of an arm."""
    return looks.of(str(joined.arms[arm]["system"]), str(joined.arms[arm]["profile"]))


def bars(
    joined: Joined,
    looks: Looks,
    metric: str,
    case: str,
    title: str,
    scenario: str = "burst",
    unit: str = "tasks/s",
) -> Chart | None:
    """One bar per arm that has a number, the verdict in words where it has none; the floor as a line."""
    arms = joined.arms_of(scenario, case)
    figures = {arm: figure(joined.rows(scenario, case, arm, metric), metric) for arm in arms}
    contestants = [arm for arm in arms if joined.arms[arm]["system"] != FLOOR]
    floor = next(
        (
            figures[arm]
            for arm in arms
            if joined.arms[arm]["system"] == FLOOR and figures[arm].is_number
        ),
        None,
    )
    if not any(found.is_number for found in figures.values()):
        return None
    drawn, axes = new_figure(0.75 + 0.3 * max(len(contestants), 1))
    ax = axes[0]
    top = max(found.value or 0.0 for found in figures.values())
    for place, arm in enumerate(contestants):
        found, look = figures[arm], look_of(joined, looks, arm)
        value = found.value if found.is_number and found.value else 0.0
        ax.barh(
            place,
            value,
            height=0.62,
            color=look.color,
            alpha=1.0 if not look.dashed else 0.62,
            linewidth=0,
        )
        ax.text(
            value + top * 0.012,
            place,
            found.text,
            va="center",
            color=INK if found.is_number else MUTED,
            style="normal" if found.is_number else "italic",
            clip_on=False,
        )
    if floor and floor.value:
        ax.axvline(floor.value, color=MUTED, linewidth=1.2, linestyle=(0, (4, 2)))
        ax.text(floor.value, -0.75, f"floor {floor.text} ", ha="right", va="bottom", color=MUTED)
    ax.set_yticks(range(len(contestants)), contestants)
    ax.set_ylim(max(len(contestants), 1) - 0.45, -0.8)
    ax.set_xlim(0, top * 1.13)
    ax.set_xlabel(unit)
    ax.locator_params(axis="x", nbins=5)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    cells = list(dict.fromkeys(found.cells for found in figures.values() if found.cells))
    return Chart(
        title,
        svg(drawn, f"bars-{metric}", title),
        "Median over the blocks. Paler: another profile than default.",
        [],
        ", ".join(cells),
    )


def enqueue_bars(joined: Joined, looks: Looks) -> Chart | None:
    """The plain call; the bulk call stands in the table."""
    return bars(joined, looks, "enqueue_rate", "-", "Enqueue rate, one plain call at a time")


def _over_time(joined: Joined, looks: Looks, arms: Sequence[str], name: str) -> list[Chart]:
    shown = [cell for arm in arms if (cell := joined.cell("burst", "-", arm))]
    if not shown:
        return []
    whose = "" if name == "default" else f", profile {name}"
    name = re.sub(r"[^\w-]", "-", name)
    rates: Lines = []
    backlogs: Lines = []
    memories: dict[str, Lines] = {"worker_pss": [], "broker_memory": []}
    for cell in shown:
        look = look_of(joined, looks, cell.arm)
        seconds = _finishes(cell)
        if len(seconds) >= 2:
            rates.append((cell.arm, look, *_rate(seconds)))
            backlogs.append((cell.arm, look, *_backlog(cell, seconds)))
        for column, lines in memories.items():
            x, y = _samples(cell, column)
            if len(x) > 1:
                lines.append((cell.arm, look, x, y / 1e6))
    cells = ", ".join(cell.label for cell in shown)
    # Of the other profiles only what the tables do not tell.
    both = (
        {
            "worker_pss": memories["worker_pss"],
            "broker_memory": memories["broker_memory"],
            "backlog": backlogs,
        }
        if not whose
        else {"worker_pss": memories["worker_pss"], "broker_memory": [], "backlog": []}
    )
    return [
        *_lines(rates, f"Throughput over time{whose}", f"rate-{name}", "tasks/s", cells, log=True),
        *_lines(
            both["backlog"],
            f"Backlog over time{whose}",
            f"backlog-{name}",
            "tasks not finished",
            cells,
        ),
        *_lines(
            both["worker_pss"],
            f"Worker memory over time{whose}",
            f"workers-{name}",
            "MB, PSS of the tree",
            cells,
        ),
        *_lines(
            both["broker_memory"], f"Broker memory over time{whose}", f"broker-{name}", "MB", cells
        ),
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
    tasks = int(cell.stored.spec["params"]["tasks"])
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


def _lines(
    lines: Lines, title: str, name: str, unit: str, cells: str, log: bool = False
) -> list[Chart]:
    if not lines:
        return []
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
    return [
        Chart(
            title,
            svg(drawn, name, title),
            "First block.",
            [(arm, look) for arm, look, _, _ in lines],
            cells,
        )
    ]


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
