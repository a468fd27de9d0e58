"""A step in words, for the terminal and the page; and what the terminal shows of a trend."""

from rich.console import Console
from rich.text import Text

from bench.analysis.formatting import number
from bench.trend.history import Step, Trend, TrendLine
from bench.trend.series import Series

SAYS = {"regression": "worse", "improvement": "better", "differs": "differs"}
LOOKS = {"regression": "bold red", "improvement": "green", "differs": "yellow"}


def step_text(line: TrendLine, step: Step) -> str:
    """From which level to which, by how much, between which runs."""
    by = (
        f"{step.change:+.3g}"
        if line.series.kind.kind == "count"
        else f"{(step.change - 1) * 100:+.1f} %"
    )
    before, after = level(line.series, step.before), level(line.series, step.after)
    return f"{before} → {after} ({by.replace('-', '−')}), between {step.last} and {step.first}"


def level(series: Series, value: float) -> str:
    """A value of a series: times the floor, or the count."""
    return (
        f"{number(value)} {series.kind.unit}".rstrip()
        if series.kind.kind == "count"
        else f"{number(value)}× floor"
    )


def cause(step: Step) -> str:
    """What changed there, as far as the runs know."""
    return (
        "changed there: " + ", ".join(step.changed)
        if step.changed
        else "no version, machine or version of the instrument changed there"
    )


def render(trend: Trend, out: Console) -> None:
    """Print every step with what changed there; series without one are only counted."""
    for note in trend.notes:
        out.print(Text(f"! {note}", style="yellow"), soft_wrap=True)
    for line in trend.lines:
        for step in line.steps:
            out.print(
                Text.assemble(
                    (f"{SAYS[step.says]:8}", LOOKS[step.says]),
                    f"{line.label}, {line.series.arm}: {step_text(line, step)}",
                ),
                soft_wrap=True,
            )
            out.print(Text(f"        {cause(step)}", style="dim"), soft_wrap=True)
    out.print(Text(trend.summary), soft_wrap=True)
