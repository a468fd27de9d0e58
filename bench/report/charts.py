"""What the charts of several scenarios share."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from bench.analysis.dataset import FLOOR, Joined
from bench.analysis.formatting import Figure, figure, listing
from bench.report.style import INK, MUTED, Chart, Look, Palette, name_rows, new_figure, svg


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
    figures = {
        arm: figure(joined.rows(scenario, case, arm, metric), metric)
        for arm in joined.arms_of(scenario, case)
    }
    if not any(each.is_number for each in figures.values()):
        return None
    contestants = [arm for arm in figures if joined.arms[arm].system != FLOOR]
    drawn, axes = new_figure(0.75 + 0.3 * max(len(contestants), 1))
    top = max(each.value or 0.0 for each in figures.values())
    for place, arm in enumerate(contestants):
        _bar(axes[0], place, figures[arm], look_of(joined, looks, arm), gap=top * 0.012)
    floors = (each for arm, each in figures.items() if joined.arms[arm].system == FLOOR)
    floor = next((each for each in floors if each.is_number), None)
    _finish(axes[0], contestants, floor, top, unit)
    return Chart(
        title,
        svg(drawn, f"bars-{metric}", title),
        f"Median over the blocks. Paler: another profile than default.{promised(joined, figures)}",
        [],
        ", ".join(dict.fromkeys(each.cells for each in figures.values() if each.cells)),
    )


def promised(joined: Joined, arms: Iterable[str]) -> str:
    """Which arms of a chart promise more than its others, in a sentence; nothing where none do."""
    promises = {arm: joined.arms[arm].guarantee for arm in arms}
    more = [arm for arm, promise in promises.items() if promise == "at least once"]
    alike = len(more) in (0, len(promises))
    return "" if alike else f" At least once: {listing(more)}; the others: at most once."


def _bar(ax: Axes, place: int, shown: Figure, look: Look, gap: float) -> None:
    value = shown.value if shown.is_number and shown.value else 0.0
    paler = 0.62 if look.dashed else 1.0
    ax.barh(place, value, height=0.62, color=look.color, alpha=paler, linewidth=0)
    ax.text(
        value + gap,
        place,
        shown.text,
        va="center",
        color=INK if shown.is_number else MUTED,
        style="normal" if shown.is_number else "italic",
        clip_on=False,
    )


def _finish(ax: Axes, arms: Sequence[str], floor: Figure | None, top: float, unit: str) -> None:
    if floor and floor.value:
        ax.axvline(floor.value, color=MUTED, linewidth=1.2, linestyle=(0, (4, 2)))
        ax.text(floor.value, -0.75, f"floor {floor.text} ", ha="right", va="bottom", color=MUTED)
    name_rows(ax, arms)
    ax.set_ylim(max(len(arms), 1) - 0.45, -0.8)
    ax.set_xlim(0, top * 1.13)
    ax.set_xlabel(unit)
    ax.locator_params(axis="x", nbins=5)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
