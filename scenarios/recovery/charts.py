"""recovery in pictures: finishes per second around the fault, and what became of the tasks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from scipy.stats import CensoredData, ecdf

from bench.analysis.dataset import Joined
from bench.analysis.drawn import Drawn, drawn
from bench.analysis.evidence import Evidence, evidence
from bench.analysis.formatting import figure, listing
from bench.report.charts import look_of, promised
from bench.report.style import (
    FAULT,
    GRID,
    INK,
    MUTED,
    PAGE,
    Chart,
    Palette,
    name_rows,
    new_figure,
    svg,
)
from scenarios.recovery.curves import BEFORE_S, BIN_S

# Patterns carry the meaning, so that no colour of a system is taken for a fate.
FACE_AND_HATCH = {
    "recovered": (GRID, None),
    "doubled": (PAGE, "///"),
    "failed": (PAGE, "xxx"),
    # Never dots or circles: matplotlib draws each as a curve of its own, 150 kB for one pattern.
    "stuck": (PAGE, "++"),
    "lost": (FAULT, None),
    "open": (PAGE, "|||"),
    "refused": (PAGE, "---"),
    "unexpected": (PAGE, "\\\\\\\\"),
}


def charts(joined: Joined, looks: Palette) -> list[Chart]:
    """Three charts per fault."""
    return [
        chart
        for case in joined.cases("recovery")
        for chart in (
            _timeline(joined, looks, case),
            _survival(joined, looks, case),
            _fates(joined, case),
        )
        if chart
    ]


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
    ends = [
        _draw_arm(ax, cell, look_of(joined, looks, cell.arm).color)
        for ax, cell in zip(axes, cells, strict=True)
    ]
    axes[-1].set(xlim=(-BEFORE_S, max(0.0, *ends)), xlabel="seconds after the fault struck")
    title = f"Finishes per second around {case}"
    caption = (
        f"First block, in steps of {BIN_S} s. Band: the fault, until all that it killed was "
        "started again. Broken line: the tasks that fall due each second."
    )
    labels = ", ".join(cell.label for cell in cells)
    return Chart(title, svg(picture, f"timeline-{case}", title), caption, [], labels)


def _draw_arm(ax: Axes, cell: Drawn, color: str) -> float:
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
    ax.set_title(cell.arm, loc="left", fontsize=8.6, pad=3)
    return float(cell.curve("until")[1][0])


def _survival(joined: Joined, looks: Palette, case: str) -> Chart | None:
    """Kaplan–Meier: the share of the tasks that were hit and have not finished, over the time since
    their fault."""
    struck = [
        each
        for arm in joined.arms_of("recovery", case)
        if (each := evidence(joined, case, arm)) and (each.back_s or each.never_s)
    ]
    if not struck:
        return None
    picture, (ax,) = new_figure(2.6)
    last = max(seconds for each in struck for seconds in (*each.never_s, *each.back_s))
    legend = [(each.arm, look_of(joined, looks, each.arm)) for each in struck]
    for each, (_, look) in zip(struck, legend, strict=True):
        curve = ecdf(CensoredData(uncensored=list(each.back_s), right=list(each.never_s))).sf
        x = np.concatenate(([0.0], curve.quantiles, [last]))
        y = np.concatenate(([1.0], curve.probabilities, curve.probabilities[-1:]))
        ax.step(x, y, where="post", color=look.color, linestyle=look.dash)
    ax.set(ylim=(-0.03, 1.03), xlim=(0, last * 1.02), xlabel="seconds after the fault struck")
    title = f"Tasks hit by {case} that have not finished"
    caption = (
        "Share of those accepted and unfinished when the fault struck, by Kaplan and Meier. "
        f"A line that stays up is work that never came back.{_refused(struck)}"
    )
    cells = ", ".join(each.cell for each in struck)
    return Chart(title, svg(picture, f"survival-{case}", title), caption, legend, cells)


def _refused(struck: Sequence[Evidence]) -> str:
    """Who refused calls: no line can show a task that was never accepted."""
    calls = [f"{each.refused} by {each.arm}" for each in struck if each.refused]
    return f" Enqueue calls refused, in no line: {listing(calls)}." if calls else ""


def _fates(joined: Joined, case: str) -> Chart | None:
    """Every fate but plain `finished`, counted, stacked, with a pattern each."""
    figures = {
        arm: {
            name: figure(joined.rows("recovery", case, arm, name), name) for name in FACE_AND_HATCH
        }
        for arm in joined.arms_of("recovery", case)
    }
    shown = {
        arm: counts
        for arm, counts in figures.items()
        if any(count.value is not None for count in counts.values())
    }
    present = [
        name for name in FACE_AND_HATCH if any(counts[name].value for counts in shown.values())
    ]
    if not present:
        return None
    picture, (ax,) = new_figure(0.85 + 0.32 * len(shown))
    for place, counts in enumerate(shown.values()):
        _stack(ax, place, {name: counts[name].value or 0 for name in present})
    total = max(sum(counts[name].value or 0 for name in present) for counts in shown.values())
    _finish_fates(ax, list(shown), total, present)
    title = f"Fates of the tasks after {case}"
    cells = dict.fromkeys(counts[name].cells for counts in shown.values() for name in present)
    return Chart(
        title,
        svg(picture, f"fates-{case}", title),
        "Median over the blocks; tasks that finished once and were not hit are left out."
        f"{promised(joined, shown)}",
        [],
        ", ".join(filter(None, cells)),
    )


def _finish_fates(ax: Axes, arms: list[str], total: float, present: list[str]) -> None:
    """The arms beside the bars, and a legend of the patterns above them."""
    name_rows(ax, arms)
    ax.set(ylim=(len(arms) - 0.4, -0.6), xlim=(0, total * 1.02), xlabel="tasks")
    ax.spines["left"].set_visible(False)
    ax.legend(
        handles=[
            Patch(label=name, facecolor=face, edgecolor=INK, linewidth=0.7, hatch=hatch)
            for name, (face, hatch) in FACE_AND_HATCH.items()
            if name in present
        ],
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=4,
        frameon=False,
        handlelength=1.4,
        handleheight=1.0,
        columnspacing=1.2,
        borderpad=0.2,
    )


def _stack(ax: Axes, place: int, counts: Mapping[str, float]) -> None:
    """The bars of one arm, one behind the other."""
    left = 0.0
    for name, count in counts.items():
        if count:
            face, hatch = FACE_AND_HATCH[name]
            ax.barh(
                place,
                count,
                left=left,
                height=0.6,
                facecolor=face,
                edgecolor=INK,
                linewidth=0.7,
                hatch=hatch,
            )
            ax.text(
                left + count / 2,
                place,
                f"{count:.0f}",
                ha="center",
                va="center",
                color=INK,
                bbox={"facecolor": PAGE, "edgecolor": "none", "pad": 1.2},
                fontsize=8,
            )
        left += count
    if not left:
        nothing = " none: every task simply finished"
        ax.text(0, place, nothing, va="center", color=MUTED, style="italic")
