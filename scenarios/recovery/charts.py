"""recovery in pictures: finishes per second around the fault, and what became of the tasks."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from scipy.stats import CensoredData, ecdf

from bench.analysis.dataset import Joined
from bench.analysis.drawn import Drawn, drawn
from bench.analysis.evidence import evidence
from bench.analysis.formatting import figure
from bench.model.metric import FATES
from bench.report.charts import look_of
from bench.report.style import FAULT, GRID, INK, MUTED, PAGE, Chart, Palette, new_figure, svg
from scenarios.recovery.curves import BEFORE_S, BIN_S

Floats = npt.NDArray[np.float64]
# Patterns carry the meaning, so that no colour of a system is taken for a fate.
PATTERNS = {
    "recovered": ("", 0.25),
    "doubled": ("///", 0.0),
    "failed": ("xxx", 0.0),
    # Never dots or circles: matplotlib draws each as a curve of its own, 150 kB for one pattern.
    "stuck": ("++", 0.0),
    "lost": ("", 1.0),
    "open": ("|||", 0.0),
    "refused": ("---", 0.0),
    "unexpected": ("\\\\\\\\", 0.0),
}


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Three charts per fault."""
    found = [
        chart
        for case in joined.cases("recovery")
        for chart in (
            _timeline(joined, looks, case),
            _survival(joined, looks, case),
            _fates(joined, case),
        )
    ]
    return [chart for chart in found if chart]


def _timeline(joined: Joined, looks: Palette, case: str) -> Chart | None:
    """Finishes per second of each arm, one below the other, the time until all that died was
    started again as a band."""
    cells = [
        cell
        for arm in joined.arms_of("recovery", case)
        if (cell := drawn(joined, "recovery", case, arm)) and cell.curves
    ]
    if not cells:
        return None
    picture, axes = new_figure(0.55 + 0.72 * len(cells), len(cells))
    last = 0.0
    for ax, cell in zip(axes, cells, strict=True):
        last = max(last, _one(ax, cell, look_of(joined, looks, cell.arm).color))
        ax.set_title(cell.arm, loc="left", fontsize=8.6, pad=3)
    axes[-1].set_xlim(-BEFORE_S, last)
    axes[-1].set_xlabel("seconds after the fault struck")
    title = f"Finishes per second around {case}"
    caption = (
        f"First block, in steps of {BIN_S} s. Band: the fault, until all that it killed was "
        "started again. Broken line: the tasks that fall due each second."
    )
    return Chart(
        title,
        svg(picture, f"timeline-{case}", title),
        caption,
        [],
        ", ".join(cell.label for cell in cells),
    )


def _one(ax: Axes, cell: Drawn, color: str) -> float:
    """Draw one arm; returns where its time ends."""
    begins, counts = cell.curve("finishes")
    edges = np.append(begins, begins[-1] + BIN_S)
    ax.stairs(counts, edges, fill=True, color=color, alpha=0.85, linewidth=0)
    for begin, end in zip(*cell.curve("faults"), strict=True):
        ax.axvspan(begin, end, color=FAULT, alpha=0.22, linewidth=0)
        ax.axvline(begin, color=FAULT, linewidth=1.0)
    for _, rate in zip(*cell.curve("rate"), strict=True):
        ax.axhline(rate, color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)))
    ax.locator_params(axis="y", nbins=3)
    return float(cell.curve("until")[1][0])


def _survival(joined: Joined, looks: Palette, case: str) -> Chart | None:
    """Kaplan–Meier: the share of the tasks that were hit and have not finished, over the time since
    their fault."""
    found = [
        each
        for arm in joined.arms_of("recovery", case)
        if (each := evidence(joined, case, arm)) and (each.back_s or each.never_s)
    ]
    if not found:
        return None
    picture, axes = new_figure(2.6)
    ax = axes[0]
    last = max(
        (
            *(max(each.never_s) for each in found if each.never_s),
            *(each.back_s[-1] for each in found if each.back_s),
        )
    )
    for each in found:
        look = look_of(joined, looks, each.arm)
        curve = ecdf(CensoredData(uncensored=list(each.back_s), right=list(each.never_s))).sf
        x, y = (
            np.concatenate(([0.0], curve.quantiles, [last])),
            np.concatenate(([1.0], curve.probabilities, curve.probabilities[-1:])),
        )
        ax.step(x, y, where="post", color=look.color, linestyle=look.dash)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlim(0, last * 1.02)
    ax.set_xlabel("seconds after the fault struck")
    title = f"Tasks hit by {case} that have not finished"
    caption = (
        "Share of those accepted and unfinished when the fault struck, by Kaplan and Meier. "
        "A line that stays up is work that never came back."
    )
    legend = [(each.arm, look_of(joined, looks, each.arm)) for each in found]
    return Chart(
        title,
        svg(picture, f"survival-{case}", title),
        caption,
        legend,
        ", ".join(each.cell for each in found),
    )


def _fates(joined: Joined, case: str) -> Chart | None:
    """Every fate but plain `finished`, counted, stacked, with a pattern each."""
    arms = joined.arms_of("recovery", case)
    names = [name for name in FATES if name != "finished"]
    counts = {
        arm: {name: figure(joined.rows("recovery", case, arm, name), name) for name in names}
        for arm in arms
    }
    shown = [arm for arm in arms if any(found.value is not None for found in counts[arm].values())]
    present = [name for name in names if any((counts[arm][name].value or 0) > 0 for arm in shown)]
    if not shown or not present:
        return None
    picture, axes = new_figure(0.85 + 0.32 * len(shown))
    ax = axes[0]
    total = max(sum(counts[arm][name].value or 0 for name in present) for arm in shown)
    for place, arm in enumerate(shown):
        left = 0.0
        for name in present:
            value = counts[arm][name].value or 0
            if value:
                _bar(ax, place, left, value, name)
            left += value
        if not left:
            ax.text(
                0,
                place,
                " none: every task simply finished",
                va="center",
                color=MUTED,
                style="italic",
            )
    ax.set_yticks(range(len(shown)), shown)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(0, total * 1.02)
    ax.set_xlabel("tasks")
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.spines["left"].set_visible(False)
    handles = [_patch(name) for name in present]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=4,
        frameon=False,
        handlelength=1.4,
        handleheight=1.0,
        columnspacing=1.2,
        borderpad=0.2,
    )
    title = f"Fates of the tasks after {case}"
    cells = list(
        dict.fromkeys(
            counts[arm][name].cells for arm in shown for name in present if counts[arm][name].cells
        )
    )
    return Chart(
        title,
        svg(picture, f"fates-{case}", title),
        "Median over the blocks; tasks that finished once and were not hit are left out.",
        [],
        ", ".join(cells),
    )


def _paint(name: str) -> tuple[str, str | None]:
    """(face colour, hatch) of a fate."""
    hatch, depth = PATTERNS[name]
    return FAULT if name == "lost" else GRID if depth else PAGE, hatch or None


def _patch(name: str) -> Patch:
    face, hatch = _paint(name)
    return Patch(label=name, facecolor=face, edgecolor=INK, linewidth=0.7, hatch=hatch)


def _bar(ax: Axes, place: int, left: float, value: float, name: str) -> None:
    face, hatch = _paint(name)
    ax.barh(
        place,
        value,
        left=left,
        height=0.6,
        facecolor=face,
        edgecolor=INK,
        linewidth=0.7,
        hatch=hatch,
    )
    box = {"facecolor": PAGE, "edgecolor": "none", "pad": 1.2}
    ax.text(
        left + value / 2,
        place,
        f"{value:.0f}",
        ha="center",
        va="center",
        color=INK,
        bbox=box,
        fontsize=8,
    )
