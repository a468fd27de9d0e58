"""latency in pictures: percentiles against load, and the whole spectrum of one load or rate."""

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.dataset import FLOOR, Joined
from bench.analysis.drawn import Drawn, drawn
from bench.analysis.formatting import Figure, figure, number
from bench.report.charts import look_of
from bench.report.style import FAULT, INK, MUTED, Chart, Look, Palette, finish, new_figure, svg
from bench.report.tables import all_cells, case_title

TICKS = ((1, "0"), (2, "50 %"), (10, "90 %"), (100, "99 %"), (1000, "99.9 %"), (10_000, "99.99 %"))


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Latency against load, and the spectrum of one load and of each fixed rate."""
    found = [_against_load(joined, looks)]
    cases = [case for case in joined.cases("latency") if case != "capacity"]
    chosen = [case for case in ("load=0.7", "load=0.5") if case in cases][:1] + [
        case for case in cases if case.startswith("rate=")
    ]
    for place, case in enumerate(chosen or cases[:1]):
        found.append(_spectrum(joined, looks, case, naive=place == 0))
    return [chart for chart in found if chart]


def _against_load(joined: Joined, looks: Palette) -> Chart | None:
    """P50 and P99 against the share of capacity; a load that could not be borne is marked at the
    upper edge."""
    cases = sorted(
        (case for case in joined.cases("latency") if case.startswith("load=")),
        key=lambda case: float(case[5:]),
    )
    arms = [
        arm
        for arm in joined.arms_of("latency")
        if any(not joined.rows("latency", case, arm, "latency_p99_ms").empty for case in cases)
    ]
    if not cases or not arms:
        return None
    drawn, axes = new_figure(3.1)
    ax = axes[0]
    marked, cells = 0, []
    for arm in arms:
        look = look_of(joined, looks, arm)
        for metric, width, alpha in (("latency_p50_ms", 1.0, 0.55), ("latency_p99_ms", 1.8, 1.0)):
            found = [
                (float(case[5:]), figure(joined.rows("latency", case, arm, metric), metric))
                for case in cases
            ]
            cells += [item.cells for _, item in found if item.cells]
            points = [(x, item.value) for x, item in found if item.is_number and item.value]
            if points:
                ax.plot(
                    *zip(*points, strict=True),
                    color=look.color,
                    linestyle=look.dash,
                    linewidth=width,
                    alpha=alpha,
                    marker=look.marker or ".",
                    markersize=5 if alpha == 1 else 3.5,
                )
            if metric == "latency_p99_ms":
                marked += _mark(ax, look, found, marked)
    if not ax.lines:
        return None
    ax.set_yscale("log")
    ax.axvline(1.0, color=MUTED, linewidth=1.0, linestyle=(0, (4, 2)))
    ax.text(
        1.006,
        0.03,
        "capacity",
        transform=ax.get_xaxis_transform(),
        rotation=90,
        ha="left",
        va="bottom",
        color=MUTED,
    )
    ax.set_xlim(
        min(float(case[5:]) for case in cases) - 0.08, max(1.04, float(cases[-1][5:]) + 0.05)
    )
    finish(ax, "load, as a share of each arm's own capacity", "ms, log scale")
    ax.set_xticks([float(case[5:]) for case in cases], [case[5:] for case in cases])
    title = "Latency against load: P99 bold, P50 thin"
    caption = "Median over the blocks." + (
        " ✕ at the upper edge: unbounded, the arm could not bear that load."
        if marked
        else " No load was unbounded."
    )
    return Chart(
        title,
        svg(drawn, "load", title),
        caption,
        [(arm, look_of(joined, looks, arm)) for arm in arms],
        all_cells(cells),
    )


def _mark(ax: Axes, look: Look, found: list[tuple[float, Figure]], before: int) -> int:
    """A cross at the upper edge for every unbounded load, and the word once."""
    loads = [x for x, item in found if item.verdict == "unbounded"]
    for x in loads:
        ax.plot(
            [x + 0.008 * before],
            [1.05],
            transform=ax.get_xaxis_transform(),
            marker="X",
            markersize=7,
            color=look.color,
            linestyle="none",
            clip_on=False,
        )
    if loads and not before:
        ax.text(
            loads[0] - 0.015,
            1.05,
            "unbounded",
            transform=ax.get_xaxis_transform(),
            ha="right",
            va="center",
            color=INK,
        )
    return len(loads)


def _spectrum(joined: Joined, looks: Palette, case: str, naive: bool) -> Chart | None:
    """Every percentile of a case, on an axis on which each further nine takes the same room."""
    cells = [
        cell
        for arm in joined.arms_of("latency", case)
        if (cell := drawn(joined, "latency", case, arm)) and cell.curves
    ]
    if not cells:
        return None
    picture, axes = new_figure(3.1)
    ax = axes[0]
    most, hidden = 2.0, 0.0
    naivest: Drawn | None = None
    for cell in cells:
        look = look_of(joined, looks, cell.arm)
        x, y = cell.curve("due")
        ax.plot(
            x,
            y,
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or None,
            markevery=12,
            markersize=4,
        )
        most = max(most, float(x[-1]))
        gap = float(np.max(y / cell.curve("sent")[1]))
        if gap > hidden and joined.arms[cell.arm].system != FLOOR:
            hidden, naivest = gap, cell
    title = f"Percentile spectrum at {case_title(case)}"
    caption = "First block; each line ends where fewer than 10 tasks lie beyond."
    if naive and naivest:
        ax.plot(*naivest.curve("sent"), color=FAULT, linewidth=1.2, linestyle=(0, (2, 2)))
        caption += (
            f" Broken red line, once: {naivest.arm} measured naively from the send instead of "
            f"the due time; the most it hides is a factor of {number(hidden)}."
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ticks = [(x, text) for x, text in TICKS if x <= most * 1.01]
    finish(ax, "percentile, on a scale of 1/(1 − p)", "ms, log scale")
    ax.set_xticks([x for x, _ in ticks], [text for _, text in ticks])
    return Chart(
        title,
        svg(picture, f"spectrum-{case.replace('=', '-').replace('.', '-')}", title),
        caption,
        [(cell.arm, look_of(joined, looks, cell.arm)) for cell in cells],
        all_cells(cell.label for cell in cells),
    )
