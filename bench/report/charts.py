"""What the charts of several scenarios share."""

from bench.analysis.dataset import FLOOR, Joined
from bench.analysis.formatting import figure
from bench.report.style import INK, MUTED, Chart, Look, Palette, new_figure, svg


def look_of(joined: Joined, looks: Palette, arm: str) -> Look:
    """Colour and marker by the system of an arm, dash by its profile."""
    return looks.of(joined.arms[arm].system, joined.arms[arm].profile)


def bars(
    joined: Joined,
    looks: Palette,
    scenario: str,
    case: str,
    metric: str,
    title: str,
    unit: str = "tasks/s",
) -> Chart | None:
    """One bar per arm that has a number, its verdict in words where it has none; the floor as a
    line. None where no arm has a number."""
    arms = joined.arms_of(scenario, case)
    figures = {arm: figure(joined.rows(scenario, case, arm, metric), metric) for arm in arms}
    contestants = [arm for arm in arms if joined.arms[arm].system != FLOOR]
    floor = next(
        (
            figures[arm]
            for arm in arms
            if joined.arms[arm].system == FLOOR and figures[arm].is_number
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
