"""`bench trend --html`: one small chart per measure, those with a step first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from bench.report.shell import environment, shell
from bench.report.spark import spark
from bench.trend.detect import MIN_POINTS
from bench.trend.history import Trend, TrendLine
from bench.trend.step_phrases import SAYS, cause, step_text


@dataclass(frozen=True)
class StepShown:
    """A step in words; `said` is `says` as the page writes it."""

    says: str
    said: str
    text: str
    cause: str


@dataclass(frozen=True)
class LineShown:
    """A series as a small chart with its steps; `few`: too few points to look for any."""

    label: str
    arm: str
    svg: Markup
    steps: Sequence[StepShown]
    few: bool


@dataclass(frozen=True)
class QuietArm:
    """An arm's series without a step; `nothing` names those that were 0 every night."""

    arm: str
    charts: Sequence[LineShown]
    nothing: str


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


def _quiet(arm: str, lines: Sequence[TrendLine]) -> QuietArm:
    """Those that were 0 every night need no chart."""
    nothing = [line.label for line in lines if not any(point.value for point in line.series.points)]
    charts = [_drawn(line) for line in lines if line.label not in nothing]
    return QuietArm(arm, charts, ", ".join(nothing))


def _drawn(line: TrendLine) -> LineShown:
    steps = [
        StepShown(step.says, SAYS[step.says], step_text(line, step), cause(step))
        for step in line.steps
    ]
    few = len(line.series.points) < MIN_POINTS
    return LineShown(line.label, line.series.arm, spark(line), steps, few)
