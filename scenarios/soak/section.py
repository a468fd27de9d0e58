"""soak on the page: what grows under a steady load, and what idle workers cost."""

from bench.analysis.dataset import Joined
from bench.analysis.drawn import drawn
from bench.report.charts import look_of
from bench.report.section import Section
from bench.report.style import Chart, Palette, finish, new_figure, svg
from bench.report.tables import Column, Table, table

SOAK: tuple[Column, ...] = (
    ("load_rate", "Load"),
    ("worker_growth_bytes_per_1000", "Workers, per 1,000 tasks"),
    ("worker_growth_bytes_per_hour", "Workers, per hour"),
    ("broker_growth_bytes_per_1000", "Broker, per 1,000 tasks"),
    ("broker_growth_bytes_per_hour", "Broker, per hour"),
    ("latency_p50_ms", "Latency P50"),
    ("latency_p99_ms", "Latency P99"),
    ("idle_worker_cpu_ms_per_s", "Idle: worker CPU"),
    ("idle_commands_per_s", "Idle: broker commands"),
    ("finished", "Finished"),
)


def tables(joined: Joined) -> list[Table]:
    """One row per arm."""
    return table(joined, "soak", "What grows, and what idle workers cost", SOAK)


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Memory of the workers and of the broker, from the first task on."""
    return [
        chart
        for column, title, unit in (
            ("worker_pss", "Worker memory under a steady load", "MB, PSS of the tree"),
            ("broker_memory", "Broker memory under a steady load", "MB"),
        )
        if (chart := _memory(joined, looks, column, title, unit))
    ]


def _memory(joined: Joined, looks: Palette, column: str, title: str, unit: str) -> Chart | None:
    """None where no arm has two samples."""
    lines = [
        (cell, *cell.curve(column))
        for arm in joined.arms_of("soak", "-")
        if (cell := drawn(joined, "soak", "-", arm)) and len(cell.curve(column)[0]) > 1
    ]
    if not lines:
        return None
    picture, (ax,) = new_figure(2.9)
    legend = [(cell.arm, look_of(joined, looks, cell.arm)) for cell, *_ in lines]
    for (_, minutes, values), (_, look) in zip(lines, legend, strict=True):
        ax.plot(
            minutes,
            values,
            color=look.color,
            linestyle=look.dash,
            marker=look.marker or None,
            markevery=max(1, len(minutes) // 6),
            markersize=4.5,
        )
    ax.set_ylim(0, 1.08 * max(float(values.max()) for *_, values in lines) or 1.0)
    finish(ax, "minutes since the load began", unit)
    return Chart(
        title,
        svg(picture, f"soak-{column.replace('_', '-')}", title),
        "First block.",
        legend,
        ", ".join(cell.label for cell, *_ in lines),
    )


SECTION = Section(
    about=(
        "Half of each arm's capacity, minute after minute: what grows? And before it: what do "
        "workers cost that have nothing to do?"
    ),
    tables=tables,
    charts=charts,
    how=(
        (
            "The capacity is that of latency where the run has one, else measured here by the same "
            "procedure. In another run it is another: the machine is not the same hours later."
        ),
        (
            "Growth: the slope of Theil and Sen over 30 pieces of the time after the warm-up, with "
            "its 95 % interval in the tooltip."
        ),
        (
            "Stored are all tasks that were not as they should be, and of the others a part: "
            "percentiles are of that part, counts are of all."
        ),
        (
            "Results that a system stores stay in its broker for as long as its settings say: that "
            "growth is meant to be."
        ),
        (
            "The load generator enqueues as an application does that never reads its results; what "
            "that does to its connection is part of the system."
        ),
    ),
    not_shown=("Leaks that begin after hours. What memory does in ten minutes, and no more.",),
)
