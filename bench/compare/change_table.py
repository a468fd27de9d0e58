"""`bench compare` in the terminal: notes first, then one line per measure by weight."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.analysis.comparison_result import Change, Changes
from bench.compare.change_phrases import SAYS, by_how_much, interval, names_arms, smallest, value

LOOKS = {
    "regression": "bold red",
    "improvement": "green",
    "differs": "yellow",
    "same": "dim",
    "unclear": "dim",
}
WIDE, MIDDLE = 150, 110  # columns of the terminal: below, some are left out, and --json has them


def render(changes: Changes, out: Console, everything: bool = False) -> None:
    """Print a comparison; unless `everything`, undecided measures in their tie zone are counted."""
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
        texts = _texts(line)
        word = SAYS[line.says] + (f": {line.reason}" if line.reason and not line.blocks else "")
        table.add_row(
            Text(line.label),
            *[Text(line.head)] * arms,
            *(Text(texts[name]) for name in names),
            Text(word, style=LOOKS[line.says]),
        )
    return table


def _texts(line: Change) -> dict[str, str]:
    return {
        "base": value(line, line.base_value),
        "head": value(line, line.head_value),
        "change": by_how_much(line),
        "interval": interval(line),
        "would show": smallest(line),
        "blocks": str(line.blocks),
    }
