"""workload in pictures: arrivals and backlog over time, latency by type of task, and probes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.dataset import Joined
from bench.analysis.drawn import Drawn, drawn
from bench.analysis.formatting import Figure, figure
from bench.analysis.objectives import SCENARIO, objective_of, plain_cases
from bench.analysis.workload_searches import UNITS, ProbeRow, SearchShown, searches
from bench.record.stored_curves import Floats
from bench.report.charts import look_of
from bench.report.style import FAULT, INK, MUTED, Chart, Look, Palette, finish, new_figure, svg
from bench.report.tables import all_cells
from bench.workload.objective import SPARED, goals

PERCENTILES = ("latency_p50_ms", "latency_p90_ms", "latency_p99_ms")
SIZES = (3.0, 4.5, 6.0)  # of their markers: the farther out, the larger
PER_CENT_LINEAR = 1.0  # below it the axis of late tasks is linear, so that 0 has a place
NEAR = 3.0  # times the highest backlog


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Two charts per case that is no probe, and one per kind of search."""
    cases = plain_cases(joined)
    found = searches(joined)
    made = [
        *(_over_time(joined, looks, case) for case in cases),
        *(_by_type(joined, looks, case) for case in cases),
        *(
            _probes(joined, looks, [each for each in found if each.kind == kind])
            for kind in dict.fromkeys(each.kind for each in found)
        ),
    ]
    return [chart for chart in made if chart]


def _named(what: str, case: str) -> str:
    return what if case == "-" else f"{what}: {case}"


def _id(what: str, case: str) -> str:
    """What the ids in a chart begin with; no other chart of the page may have it."""
    return f"workload-{what}" if case == "-" else f"workload-{what}-{case}"


def _over_time(joined: Joined, looks: Palette, case: str) -> Chart | None:
    """What fell due each second, and below it the backlog of each arm."""
    cells = [
        cell
        for arm in joined.arms_of(SCENARIO, case)
        if (cell := drawn(joined, SCENARIO, case, arm)) and cell.curves
    ]
    if not cells:
        return None
    picture, axes = new_figure(0.6 + 0.72 * (len(cells) + 1), len(cells) + 1)
    end = _draw_steps(axes[0], cells[0].curve("arrivals"), MUTED, "arrivals per second")
    for ax, cell in zip(axes[1:], cells, strict=True):
        color = look_of(joined, looks, cell.arm).color
        end = max(end, _draw_steps(ax, cell.curve("backlog"), color, f"{cell.arm}: tasks waiting"))
        _draw_faults(ax, cell)
    limit = _backlog_limit(joined, case, cells[0].arm)
    near = [limit is not None and _draw_limit(ax, limit) for ax in axes[1:]]
    axes[-1].set(xlim=(0, end), xlabel="seconds since the load began")
    title = _named("Arrivals and backlog over time", case)
    caption = "First block. Backlog: tasks that were due and had not begun, the most in each step."
    caption += " Broken line: what the objective allows." if any(near) else ""
    if _struck(cells):
        caption += " Band: the fault, until all that it killed was started again."
    labels = all_cells(cell.label for cell in cells)
    return Chart(title, svg(picture, _id("backlog", case), title), caption, [], labels)


def _draw_steps(ax: Axes, curve: tuple[Floats, Floats], color: str, title: str) -> float:
    """Draw a line of steps, filled; returns where its time ends."""
    begins, values = curve
    if len(begins) < 2:
        return 1.0
    edges = np.append(begins, 2 * begins[-1] - begins[-2])
    ax.stairs(values, edges, fill=True, color=color, alpha=0.85, linewidth=0)
    ax.set_ylim(0, max(1.0, float(values.max()) * 1.1))
    ax.locator_params(axis="y", nbins=3)
    ax.set_title(title, loc="left", fontsize=8.6, pad=3)
    return float(edges[-1])


def _draw_faults(ax: Axes, cell: Drawn) -> None:
    for begin, end in zip(*cell.curve("faults"), strict=True):
        ax.axvspan(begin, end, color=FAULT, alpha=0.22, linewidth=0)
        ax.axvline(begin, color=FAULT, linewidth=1.0)


def _struck(cells: Sequence[Drawn]) -> bool:
    return any(len(cell.curve("faults")[0]) for cell in cells)


def _backlog_limit(joined: Joined, case: str, arm: str) -> int | None:
    """What the objective allows to wait, over all types."""
    objective = objective_of(joined, case, arm)
    return objective.backlog if objective else None


def _draw_limit(ax: Axes, limit: float) -> bool:
    """Draw a limit unless it is so far above the backlog that nothing would be seen of that."""
    top = ax.get_ylim()[1]
    if limit > NEAR * top:
        return False
    ax.axhline(limit, color=FAULT, linewidth=1.0, linestyle=(0, (4, 2)))
    ax.set_ylim(0, max(top, 1.1 * limit))
    return True


def _by_type(joined: Joined, looks: Palette, case: str) -> Chart | None:
    """P50, P90 and P99 of each type and arm, beside the limits of the objective."""
    arms = joined.arms_of(SCENARIO, case)
    ours = joined.frame[(joined.frame["scenario"] == SCENARIO) & (joined.frame["case"] == case)]
    parts = ["", *(str(part) for part in dict.fromkeys(ours["part"]) if part)]
    rows = [(part, arm, _figures(joined, case, arm, part)) for part in parts for arm in arms]
    if not any(each.is_number for _, _, figures in rows for each in figures):
        return None
    legend = [(arm, look_of(joined, looks, arm)) for arm in arms]
    by_arm = dict(legend)
    picture, (ax,) = new_figure(0.8 + 0.2 * len(rows) + 0.12 * len(parts))
    ax.set_xscale("log")
    places = [at + 0.6 * parts.index(part) for at, (part, _, _) in enumerate(rows)]
    for place, (_, arm, figures) in zip(places, rows, strict=True):
        _draw_range(ax, place, by_arm[arm], figures)
    _draw_limits(ax, joined, case, parts, len(arms))
    middles = [float(np.mean(places[at : at + len(arms)])) for at in range(0, len(rows), len(arms))]
    ax.set_ylim(places[-1] + 0.7, -0.7)
    finish(ax, "ms from due to finished, log scale", "")
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    ax.set_yticks(middles, [part or "all tasks" for part in parts])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    title = _named("Latency by type of task", case)
    caption = (
        "Small to large: P50, P90, P99, the median over the blocks; a percentile that is withheld "
        "has no point. Red: the limits of the objective, P50, P90, P99 or the maximum."
    )
    labels = all_cells(each.cells for _, _, figures in rows for each in figures)
    return Chart(title, svg(picture, _id("types", case), title), caption, legend, labels)


def _figures(joined: Joined, case: str, arm: str, part: str) -> list[Figure]:
    return [figure(joined.rows(SCENARIO, case, arm, name, part), name) for name in PERCENTILES]


def _draw_range(ax: Axes, place: float, look: Look, figures: Sequence[Figure]) -> None:
    """A line through the percentiles that there are, each with its marker."""
    points = [
        (each.value, size)
        for each, size in zip(figures, SIZES, strict=True)
        if each.is_number and each.value
    ]
    ax.plot(
        [value for value, _ in points],
        [place] * len(points),
        color=look.color,
        linestyle=look.dash,
        linewidth=1.2,
    )
    for value, size in points:
        ax.plot(
            [value],
            [place],
            marker=look.marker or ".",
            markersize=size,
            color=look.color,
            linestyle="none",
        )


def _draw_limits(ax: Axes, joined: Joined, case: str, parts: Sequence[str], arms: int) -> None:
    """The limits of latency, each beside the rows that it is of."""
    objective = objective_of(joined, case, joined.arms_of(SCENARIO, case)[0])
    for goal in goals(objective) if objective else ():
        if goal.word in SPARED and goal.task in parts:
            first = parts.index(goal.task) * (arms + 0.6)
            ax.plot([goal.limit] * 2, [first - 0.4, first + arms - 0.6], color=FAULT, linewidth=1.2)


def _probes(joined: Joined, looks: Palette, found: Sequence[SearchShown]) -> Chart | None:
    """The share of late tasks of each probe with its interval, over what was varied."""
    drawable = [each for each in found if any(row.probe for row in each.probes)]
    if not drawable:
        return None
    picture, (ax,) = new_figure(2.8)
    legend = [(each.arm, look_of(joined, looks, each.arm)) for each in drawable]
    for each, (_, look) in zip(drawable, legend, strict=True):
        _draw_probes(ax, look, [row for row in each.probes if row.probe])
    kind = drawable[0].kind
    ax.set_yscale("symlog", linthresh=PER_CENT_LINEAR)
    ax.set_ylim(-0.12, 130)  # room for half a marker at 0 and at 100
    ax.margins(x=0.08)
    if kind == "rate":
        ax.set_xscale("log")
    finish(ax, UNITS[kind], "tasks later than the objective, %")
    ax.set_yticks([0, 1, 10, 50, 100], ["0", "1", "10", "50", "100"])
    title = {"rate": "Probes for the rate", "workers": "Probes for the workers"}[kind]
    caption = (
        "Each probe: the share of late tasks with what one cell cannot show, of the goal that "
        "decides it. Filled: holds or misses; hollow: unclear. Linear up to 1 %, then logarithmic."
    )
    labels = all_cells(row.cells for each in drawable for row in each.probes)
    return Chart(title, svg(picture, f"workload-probes-{kind}", title), caption, legend, labels)


def _draw_probes(ax: Axes, look: Look, rows: Sequence[ProbeRow]) -> None:
    for row in rows:
        if row.probe is None:
            continue
        found = row.probe
        share, low, high = 100 * found.share, 100 * found.low, 100 * found.high
        ax.plot([row.value] * 2, [low, high], color=look.color, linewidth=1.0, alpha=0.7)
        ax.plot(
            [row.value],
            [share],
            marker=look.marker or ".",
            markersize=5,
            color=look.color,
            markerfacecolor="none" if row.verdict == "unclear" else look.color,
            linestyle="none",
        )
