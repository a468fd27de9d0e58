"""A change in words, the same in the terminal and on the page; and the terminal's table of them."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.analysis.comparison_result import Change, Changes
from bench.analysis.formatting import number, scale
from bench.model.metric import METRICS

SAYS = {
    "regression": "worse",
    "improvement": "better",
    "differs": "differs",
    "same": "the same",
    "unclear": "unclear",
}
LOOKS = {
    "regression": "bold red",
    "improvement": "green",
    "differs": "yellow",
    "same": "dim",
    "unclear": "dim",
}
WIDE, MIDDLE = 150, 110  # columns of the terminal: below, some are left out, and --json has them


def names_arms(changes: Changes) -> bool:
    """Whether each line must name its arm, because base and head are whole runs."""
    return "#" not in changes.head


def by_how_much(change: Change) -> str:
    """`+12.0 %`, `×3.1` from double or half on; for counts the difference."""
    return _amount(change, change.ratio)


def interval(change: Change) -> str:
    """The interval as `+1.0 % … +5.5 %`, or a dash where there is none."""
    return (
        "–"
        if change.low is None or change.high is None
        else f"{_amount(change, change.low)} … {_amount(change, change.high)}"
    )


def value(change: Change, of: float | None) -> str:
    """A value of base or head with its unit."""
    if of is None:
        return "–"
    unit, divisor = scale(change.metric)
    return f"{number(of / divisor)} {unit}".rstrip()


def smallest(change: Change) -> str:
    """The smallest change that these blocks would show."""
    return (
        "–"
        if change.smallest_detectable is None
        else f"{change.smallest_detectable:.1%}".replace("%", " %")
    )


def _amount(change: Change, ratio: float | None) -> str:
    if ratio is None:
        return "–"
    if METRICS[change.metric].kind == "count":
        return f"{'+' if ratio > 0 else '−' if ratio < 0 else ''}{number(abs(ratio))}"
    if not 0.5 < ratio < 2:
        return f"×{number(ratio)}"
    percent = (ratio - 1) * 100
    return f"{'+' if percent > 0 else '−' if percent < 0 else ''}{abs(percent):.1f} %"


def render(changes: Changes, out: Console, everything: bool = False) -> None:
    """Print a comparison, the notes first, then one line per measure by weight.

    Unless `everything`, undecided measures in their tie zone are only counted.
    """
    out.print(Text(changes.title, style="bold"), soft_wrap=True)
    for note in changes.notes:
        out.print(Text(f"! {note}", style="yellow"), soft_wrap=True)
    shown = [
        line
        for line in changes.lines
        if everything or line.says not in ("same", "unclear") or line.weight > 1
    ]
    if shown:
        if not out.is_terminal:
            # A file or a pipe has no width of its own, and would get that of a small terminal.
            out.width = WIDE
        out.print(_table(shown, out.width, names_arms(changes)))
    if len(shown) < len(changes.lines):
        out.print(
            Text(
                f"{len(changes.lines) - len(shown)} more inside their tie zone (--all shows them)",
                style="dim",
            )
        )
    out.print(Text(changes.summary), soft_wrap=True)


def _table(lines: Sequence[Change], width: int, arms: bool) -> Table:
    """One row per line; a narrow terminal gets fewer columns."""
    names = (
        ["base", "head"] * (width >= MIDDLE)
        + ["change", "interval"]
        + ["would show", "blocks"] * (width >= WIDE)
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("measure", *["arm"] * arms, *names, "verdict"):
        table.add_column(name, justify="right" if name in names else "left", no_wrap=name in names)
    for line in lines:
        texts = {
            "base": value(line, line.base_value),
            "head": value(line, line.head_value),
            "change": by_how_much(line),
            "interval": interval(line),
            "would show": smallest(line),
            "blocks": str(line.blocks),
        }
        word = SAYS[line.says] + (f": {line.reason}" if line.reason and not line.blocks else "")
        table.add_row(
            Text(line.label),
            *[Text(line.head)] * arms,
            *(Text(texts[name]) for name in names),
            Text(word, style=LOOKS[line.says]),
        )
    return table
