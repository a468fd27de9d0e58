"""latency in pictures: percentiles against load, and the whole spectrum of one load or rate."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.dataset import FLOOR, Joined
from bench.analysis.drawn import Drawn, drawn
from bench.analysis.formatting import Figure, figure, number
from bench.report.charts import look_of
from bench.report.style import FAULT, INK, MUTED, Chart, Look, Palette, finish, new_figure, svg
from bench.report.tables import all_cells, case_title

Loads = list[tuple[float, Figure]]
TICKS = {1: "0", 2: "50 %", 10: "90 %", 100: "99 %", 1000: "99.9 %", 10_000: "99.99 %"}


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Latency against load, and the spectrum of one load and of each fixed rate."""
    cases = [case for case in joined.cases("latency") if case != "capacity"]
    loads = [case for case in ("load=0.7", "load=0.5") if case in cases][:1]
    chosen = loads + [case for case in cases if case.startswith("rate=")]
    picture = [
        _against_load(joined, looks),
        *(
            _spectrum(joined, looks, case, naive=place == 0)
            for place, case in enumerate(chosen or cases[:1])
        ),
    ]
    return [chart for chart in picture if chart]


def _against_load(joined: Joined, looks: Palette) -> Chart | None:
    """P50 and P99 against the share of capacity; a load that could not be borne is marked at the
    upper edge."""
    loads = sorted(
        (float(case.removeprefix("load=")), case)
        for case in joined.cases("latency")
        if case.startswith("load=")
    )
    arms = [
        arm
        for arm in joined.arms_of("latency")
        if any(not joined.rows("latency", case, arm, "latency_p99_ms").empty for _, case in loads)
    ]
    if not arms:
        return None
    picture, (ax,) = new_figure(3.1)
    legend = [(arm, look_of(joined, looks, arm)) for arm in arms]
    marked, cells = 0, list[str]()
    for arm, look in legend:
        for metric, width, alpha in (("latency_p50_ms", 1.0, 0.55), ("latency_p99_ms", 1.8, 1.0)):
            figures = [
                (load, figure(joined.rows("latency", case, arm, metric), metric))
                for load, case in loads
            ]
            _draw_points(ax, look, figures, width, alpha)
            cells += [each.cells for _, each in figures]
        # The crosses are those of the P99, the last of the two.
        marked += _mark_unbounded(ax, look, figures, marked)
    if not ax.lines:
        return None
    _finish_loads(ax, {load: case.removeprefix("load=") for load, case in loads})
    title = "Latency against load: P99 bold, P50 thin"
    caption = "Median over the blocks; no point where a percentile is withheld." + (
        " ✕ at the upper edge: unbounded, the arm could not bear that load."
        if marked
        else " No load was unbounded."
    )
    return Chart(title, svg(picture, "load", title), caption, legend, all_cells(cells))


def _draw_points(ax: Axes, look: Look, figures: Loads, width: float, alpha: float) -> None:
    """One percentile of an arm over the loads that it could bear."""
    # Not a number where there is none: a line that ran on would draw what was not measured.
    points = [
        (load, each.value if each.is_number and each.value else math.nan) for load, each in figures
    ]
    if not all(math.isnan(value) for _, value in points):
        ax.plot(
            *zip(*points, strict=True),
            color=look.color,
            linestyle=look.dash,
            linewidth=width,
            alpha=alpha,
            marker=look.marker or ".",
            markersize=5 if alpha == 1 else 3.5,
        )


def _mark_unbounded(ax: Axes, look: Look, figures: Loads, before: int) -> int:
    """A cross at the upper edge for every unbounded load, and the word once."""
    loads = [load for load, each in figures if each.verdict == "unbounded"]
    upper_edge = ax.get_xaxis_transform()
    for x in loads:
        ax.plot(
            [x + 0.008 * before],
            [1.05],
            transform=upper_edge,
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
            transform=upper_edge,
            ha="right",
            va="center",
            color=INK,
        )
    return len(loads)


def _finish_loads(ax: Axes, ticks: Mapping[float, str]) -> None:
    """Where the capacity is, and the loads below the axis."""
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
    ax.set_xlim(min(ticks) - 0.08, max(1.04, max(ticks) + 0.05))
    finish(ax, "load, as a share of each arm's own capacity", "ms, log scale")
    ax.set_xticks(list(ticks), list(ticks.values()))


def _spectrum(joined: Joined, looks: Palette, case: str, naive: bool) -> Chart | None:
    """Every percentile of a case, on an axis on which each further nine takes the same room."""
    spectra = [
        cell
        for arm in joined.arms_of("latency", case)
        if (cell := drawn(joined, "latency", case, arm)) and cell.curves
    ]
    if not spectra:
        return None
    picture, (ax,) = new_figure(3.1)
    legend = [(each.arm, look_of(joined, looks, each.arm)) for each in spectra]
    for each, (_, look) in zip(spectra, legend, strict=True):
        ax.plot(
            *each.curve("due"),
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or None,
            markevery=12,
            markersize=4,
        )
    title = f"Percentile spectrum at {case_title(case)}"
    caption = "First block; each line ends where fewer than 10 spells lie beyond."
    contestants = [each for each in spectra if joined.arms[each.arm].system != FLOOR]
    naivest = max(contestants, key=_hidden, default=None)
    if naive and naivest and _hidden(naivest) > 0:
        ax.plot(*naivest.curve("sent"), color=FAULT, linewidth=1.2, linestyle=(0, (2, 2)))
        caption += (
            f" Broken red line, once: {naivest.arm} measured naively from the send instead of "
            f"the due time; the most it hides is a factor of {number(_hidden(naivest))}."
        )
    ax.set(xscale="log", yscale="log")
    most = max(2.0, *(float(each.curve("due")[0][-1]) for each in spectra))
    ticks = {x: text for x, text in TICKS.items() if x <= most * 1.01}
    finish(ax, "percentile, on a scale of 1/(1 − p)", "ms, log scale")
    ax.set_xticks(list(ticks), list(ticks.values()))
    name = f"spectrum-{case.replace('=', '-').replace('.', '-')}"
    cells = all_cells(each.label for each in spectra)
    return Chart(title, svg(picture, name, title), caption, legend, cells)


def _hidden(cell: Drawn) -> float:
    """The factor by which a naive percentile is smaller at most."""
    return float(np.max(cell.curve("due")[1] / cell.curve("sent")[1]))
