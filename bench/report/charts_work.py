"""work, result and soak in pictures: throughput against workers with its ceiling, the answer's way as bars, memory over time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.analysis.dataset import Joined, workers_of
from bench.analysis.formatting import Figure, figure
from bench.model.machine_facts import usable_cores
from bench.report.charts_burst import bars, look_of
from bench.report.style import MUTED, POINTS, Chart, Look, Looks, finish, new_figure, svg, thin
from bench.report.tables import KINDS
from scenarios.work import ceiling

Floats = npt.NDArray[np.float64]


def work(joined: Joined, looks: Looks) -> list[Chart]:
    """One chart per kind of task."""
    return [chart for kind in KINDS if (chart := _against_workers(joined, looks, kind))]


def _against_workers(joined: Joined, looks: Looks, kind: str) -> Chart | None:
    cases = sorted(
        (case for case in joined.cases("work") if case.startswith(f"{kind}/")),
        key=lambda case: workers_of(joined, case),
    )
    found = {
        arm: [
            (
                workers_of(joined, case),
                figure(joined.rows("work", case, arm, "throughput"), "throughput"),
            )
            for case in cases
        ]
        for arm in joined.arms
    }
    lines = {
        arm: points
        for arm, every in found.items()
        if (points := [(x, item) for x, item in every if item.is_number])
    }
    if not lines:
        return None
    drawn, axes = new_figure(3.1)
    ax = axes[0]
    for arm, points in lines.items():
        look = look_of(joined, looks, arm)
        ax.plot(
            [x for x, _ in points],
            [item.value or 0.0 for _, item in points],
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or ".",
            markersize=5,
        )
    counts = sorted({workers_of(joined, case) for case in cases})
    cores = usable_cores(joined.runs[0].info["machine"])
    most = [(x, top) for x in counts if (top := ceiling(f"{kind}/{x}", x, cores))]
    if most:
        ax.plot(
            [x for x, _ in most],
            [y for _, y in most],
            color=MUTED,
            linewidth=1.2,
            linestyle=(0, (4, 2)),
            marker="_",
            markersize=9,
        )
        ax.text(most[-1][0], most[-1][1], "ceiling ", ha="right", va="bottom", color=MUTED)
    ax.set_xscale("log")
    ax.set_yscale("log")
    finish(ax, "workers, log scale", "tasks/s, log scale")
    ax.set_xticks(counts, [str(count) for count in counts])
    title = f"Throughput against workers: {KINDS[kind]}"
    caption = "Median over the blocks." + (
        " Broken grey line: workers ÷ task time, computing on no more workers than cores."
        if most
        else ""
    )
    legend = [(arm, look_of(joined, looks, arm)) for arm in lines]
    return Chart(
        title,
        svg(drawn, f"work-{kind}", title),
        caption,
        legend,
        _cells([item for points in lines.values() for _, item in points]),
    )


def result(joined: Joined, looks: Looks) -> list[Chart]:
    """How long the caller waits, and how much of it after the task."""
    titles = {
        "round_trip_p50_ms": "From the send until the caller has the result, P50",
        "handover_p50_ms": "Of that, after the task has finished, P50",
    }
    return [
        chart
        for metric, title in titles.items()
        if (chart := bars(joined, looks, metric, "-", title, "result", "ms"))
    ]


def soak(joined: Joined, looks: Looks) -> list[Chart]:
    """Memory of the workers and of the broker, from the first task on."""
    columns = {
        "worker_pss": ("Worker memory under a steady load", "MB, PSS of the tree"),
        "broker_memory": ("Broker memory under a steady load", "MB"),
    }
    return [
        chart
        for column, (title, unit) in columns.items()
        if (chart := _memory(joined, looks, column, title, unit))
    ]


def _memory(joined: Joined, looks: Looks, column: str, title: str, unit: str) -> Chart | None:
    drawn, axes = new_figure(2.9)
    ax = axes[0]
    legend: list[tuple[str, Look]] = []
    cells, top = [], 0.0
    for arm in joined.arms_of("soak", "-"):
        cell = joined.cell("soak", "-", arm)
        if cell is None:
            continue
        samples, (start, end) = cell.stored.samples, cell.stored.phase("steady")
        minutes, values = _minutes(
            samples["ns"].to_numpy(dtype=float), samples[column].to_numpy(dtype=float), start, end
        )
        if len(minutes) < 2:
            continue
        look = look_of(joined, looks, arm)
        ax.plot(
            minutes,
            values,
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or None,
            markevery=max(1, len(minutes) // 6),
            markersize=4.5,
        )
        legend.append((arm, look))
        cells.append(cell.label)
        top = max(top, float(values.max()))
    if not legend:
        return None
    ax.set_ylim(0, 1.08 * top or 1.0)
    finish(ax, "minutes since the load began", unit)
    return Chart(
        title,
        svg(drawn, f"soak-{column.replace('_', '-')}", title),
        "First block.",
        legend,
        ", ".join(cells),
    )


def _minutes(ns: Floats, values: Floats, start: int, end: int) -> tuple[Floats, Floats]:
    keep = (ns >= start) & (ns <= end) & ~np.isnan(values)
    minutes, megabytes = (ns[keep] - start) / 6e10, values[keep] / 1e6
    every = thin(len(minutes), POINTS // 2)
    return minutes[every], megabytes[every]


def _cells(figures: Sequence[Figure]) -> str:
    return ", ".join(
        dict.fromkeys(cell for item in figures for cell in item.cells.split(", ") if cell)
    )
