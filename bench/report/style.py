"""One look for every chart: colours that colour-blind readers tell apart, drawn so that a page can
turn them light or dark."""

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from bench.analysis.dataset import FLOOR
from bench.model.systems import in_order

# Okabe and Ito, https://jfly.uni-koeln.de/color/ : (on light, on dark).
# The floor is no contestant and stays grey.
PALETTE = (
    ("#009e73", "#2fc79b"),
    ("#d55e00", "#ff8b3d"),
    ("#0072b2", "#56b4e9"),
    ("#cc79a7", "#e6a3c8"),
    ("#b58900", "#f0c04a"),
    ("#5b4a9c", "#a99be0"),
)
GREY = ("#6a7280", "#9aa3b0")
MARKERS = (("o", "●"), ("s", "■"), ("^", "▲"), ("D", "◆"), ("v", "▼"), ("P", "✚"))
Dash = str | tuple[float, tuple[float, ...]]
DASHES: dict[str, Dash] = {"default": "-", "tuned": (0, (5, 2)), "durable": (0, (1.5, 1.5))}
# Sentinels that only mean something to `_themed`: matplotlib wants colours, the page has variables.
INK, MUTED, GRID, PAGE, FAULT = "#010201", "#010202", "#010203", "#010204", "#010205"
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    PAGE: "var(--page)",
    FAULT: "var(--fault)",
    **{on_light: f"var(--s{place})" for place, (on_light, _) in enumerate(PALETTE)},
    GREY[0]: "var(--floor)",
}
WIDTH_IN = 4.9
NAME_AT_MOST = 28  # characters of a line beside a row
# Any: matplotlib types its keys one by one, and only in its newest versions.
RC: Any = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 8.6,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.visible": False,
    "figure.facecolor": "none",
    "hatch.linewidth": 0.8,
    "lines.linewidth": 1.5,
    "path.simplify": False,
    "text.parse_math": False,  # a label from outside may hold a dollar sign
}


@dataclass(frozen=True)
class Look:
    """How a system (colour, marker) and a profile (dash) are drawn."""

    color: str
    variable: str
    marker: str
    glyph: str
    dash: Dash

    @property
    def dashed(self) -> bool:
        """Whether the line is broken."""
        return self.dash != "-"


@dataclass(frozen=True)
class Chart:
    """A finished chart: SVG that is safe to put into a page, what it shows, where that is from."""

    title: str
    svg: Markup
    caption: str
    legend: Sequence[tuple[str, Look]]
    cells: str


class Palette:
    """The same colour for a system everywhere: those with a place in reports have theirs."""

    def __init__(self, systems: Iterable[str]) -> None:
        placed = in_order()
        others = sorted(set(systems) - set(placed) - {FLOOR})
        self._place = {name: place for place, name in enumerate([*placed, *others])}

    def of(self, system: str, profile: str = "default") -> Look:
        """The look of a system and profile."""
        dash = DASHES.get(profile, (0, (4, 1.5, 1, 1.5)))
        if system == FLOOR:
            return Look(GREY[0], "--floor", "", "―", dash)
        place = self._place.get(system, 0) % len(PALETTE)
        return Look(PALETTE[place][0], f"--s{place}", *MARKERS[place], dash)


def variables(dark: bool) -> str:
    """The CSS variables of the palette."""
    colours = [f"--s{place}:{pair[dark]}" for place, pair in enumerate(PALETTE)]
    return ";".join([*colours, f"--floor:{GREY[dark]}"])


def drawing() -> AbstractContextManager[None]:
    """All drawing happens inside this: many settings take effect only when something is drawn."""
    return matplotlib.rc_context(RC)


def new_figure(height_in: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure with one axes per row, x shared."""
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=72, layout="constrained")
    return figure, list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])


def name_rows(ax: Axes, arms: Sequence[str]) -> None:
    """The arms beside their rows, what is changed below the arm; tables have the whole name.

    A name of many settings would leave no room for what is drawn.
    """
    heads = [re.split(r"(?=[\[{])", name, maxsplit=1) for name in arms]
    shown = ["\n".join(shorten(part) for part in parts) for parts in heads]
    ax.set_yticks(range(len(arms)), shown)
    ax.tick_params(axis="y", length=0, labelcolor=INK)


def shorten(text: str) -> str:
    """At most `NAME_AT_MOST` characters, the end left out where there are more."""
    return text if len(text) <= NAME_AT_MOST else f"{text[: NAME_AT_MOST - 1]}…"


def finish(ax: Axes, x: str, y: str) -> None:
    """Labels, a light grid, and ticks in plain numbers: on a short log scale 1, 2, 5 and not the
    powers of ten alone."""
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(axis="y")
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        if axis.get_scale() == "log":
            short = high / max(low, 1e-12) < 60
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if short else (1.0,)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(
            lambda value, _: f"{value:,g}" if abs(value) < 1e6 else f"{value:,.0f}"
        )


def svg(figure: Figure, name: str, title: str) -> Markup:
    """The figure as an inline SVG: the same bytes every time, text as text, colours by variable."""
    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(
            out,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return Markup(_themed(out.getvalue(), name, title))


def _themed(text: str, name: str, title: str) -> str:
    text = text[text.index("<svg") :]
    text = re.sub(
        r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL
    )
    # Groups have ids of no use to us, the same in each chart; those that are pointed at are made
    # unique.
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r"#[0-9a-f]{6}\b", lambda match: _VARIABLES.get(match[0], match[0]), text)
    text = re.sub(
        r"font-family: [^;\"]*;? ?|font: ([0-9.]+px) [^;\"]*",
        lambda m: f"font-size: {m[1]}" if m[1] else "",
        text,
    )
    text = re.sub(r">\s+<", "><", text)
    head, body = text.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    return f'<svg {box[0] if box else ""} role="img" aria-label="{Markup.escape(title)}">{body}'
