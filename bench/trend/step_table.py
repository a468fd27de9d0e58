"""`bench trend` in the terminal: the steps, the weightiest first."""

from rich.console import Console
from rich.text import Text

from bench.trend.history import Trend
from bench.trend.step_phrases import SAYS, cause, step_text

LOOKS = {"regression": "bold red", "improvement": "green", "differs": "yellow"}


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
