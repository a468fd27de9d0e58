"""`bench trend --html`: one small chart per measure, those with a step first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.report.shell import environment, shell
from bench.report.spark import spark
from bench.trend.detect import MIN_POINTS
from bench.trend.history import Line, Trend
from bench.trend.step_phrases import SAYS, cause, step_text


def page(found: Trend) -> str:
    """The whole page as text; the same bytes for the same runs."""
    stepped = [line for line in found.lines if line.steps]
    quiet = [line for line in found.lines if not line.steps]
    arms = sorted({line.series.arm for line in quiet})
    return (
        environment(Path(__file__).parent)
        .get_template("trend.html.j2")
        .render(
            **shell(),
            page_title=f"{len(found.runs)} runs over time",
            found=found,
            stepped=[_drawn(line) for line in stepped],
            quiet=[_quiet(arm, [line for line in quiet if line.series.arm == arm]) for arm in arms],
        )
    )


def _quiet(arm: str, lines: Sequence[Line]) -> dict[str, Any]:
    """An arm's series without a step; those that were 0 every night need no chart."""
    nothing = [line.label for line in lines if not any(point.value for point in line.series.points)]
    return {
        "arm": arm,
        "charts": [_drawn(line) for line in lines if line.label not in nothing],
        "nothing": ", ".join(nothing),
    }


def _drawn(line: Line) -> dict[str, Any]:
    steps = [
        {
            "says": step.says,
            "said": SAYS[step.says],
            "text": step_text(line, step),
            "cause": cause(step),
        }
        for step in line.steps
    ]
    return {
        "label": line.label,
        "arm": line.series.arm,
        "svg": spark(line),
        "steps": steps,
        "few": len(line.series.points) < MIN_POINTS,
    }
