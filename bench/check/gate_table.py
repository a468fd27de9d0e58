"""The gate in the terminal: a table, the farthest from "the same" first, and what it means."""

from rich.console import Console
from rich.table import Column, Table

from bench.analysis.comparison_result import Change, Changes
from bench.check.outcome import MEANING, change_in_words
from bench.model.metric import METRICS

COLOURS = {
    "regression": "red",
    "improvement": "green",
    "unclear": "yellow",
    "same": "dim",
    "differs": "",
}


def show(changes: Changes, out: Console) -> None:
    """The table, the notes, the summary and what the exit code means."""
    columns = ("", "base", "head", "change", "interval", "could see", "")
    table = Table(
        *(Column(name, justify="right" if name else "left") for name in columns),
        box=None,
        pad_edge=False,
    )
    for line in changes.lines:
        table.add_row(*_row(line), style=COLOURS[line.says])
    out.print(table)
    texts = [
        *(
            f"{line.label}: {line.reason}"
            for line in changes.lines
            if line.says == "unclear" and line.reason
        ),
        *changes.notes,
        f"{changes.title}: {changes.summary}",
        f"exit {changes.exit_code} = {MEANING[changes.exit_code]}",
    ]
    for text in texts:
        out.print(text, markup=False, soft_wrap=True)


def _row(line: Change) -> tuple[str, ...]:
    count = METRICS[line.metric].kind == "count"
    interval = ""
    if line.low is not None and line.high is not None:
        interval = (
            f"{line.low:+.3g} to {line.high:+.3g}"
            if count
            else f"{line.low - 1:+.1%} to {line.high - 1:+.1%}"
        )
    change = "" if line.ratio is None else f"{line.ratio:+.3g}" if count else change_in_words(line)
    detectable = "" if line.smallest_detectable is None else f"{line.smallest_detectable:.1%}"
    return (
        line.label,
        _number(line.base_value),
        _number(line.head_value),
        change,
        interval,
        detectable,
        line.says,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
