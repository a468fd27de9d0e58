"""`bench trend --html`: one small chart per measure, those with a step first.

The charts are SVG by hand: for the hundreds of a page matplotlib would take a minute.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from bench.analysis.formatting import number
from bench.report.shell import rendered
from bench.trend import step_phrases
from bench.trend.detect import MIN_POINTS
from bench.trend.history import Trend, TrendLine

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320, 92, 44, 6, 8, 8
MOST_DOTS = 120
COLOURS = {"regression": "var(--fault)", "improvement": "var(--good)", "differs": "var(--warn)"}
BOX = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
PATH = Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{}"/>')
DOT = Markup('<circle cx="{}" cy="{}" r="2.2" fill="var(--accent)"><title>{}: {}</title></circle>')
STEP = Markup(
    '<line x1="{0}" x2="{0}" y1="{1}" y2="{2}" stroke="{3}" stroke-width="1.5" '
    'stroke-dasharray="4 3"/>'
)
END = Markup('<text x="{}" y="{}" text-anchor="end">{}</text>')


def page(trend: Trend) -> str:
    """The whole page as text; the same bytes for the same runs."""
    quiet = sorted(
        (line for line in trend.lines if not line.steps), key=lambda line: line.series.arm
    )
    return rendered(
        "trend.html.j2",
        page_title=f"{len(trend.runs)} runs over time",
        trend=trend,
        stepped=[line for line in trend.lines if line.steps],
        quiet=[
            (arm, *_charts_and_nothing(lines))
            for arm, lines in groupby(quiet, lambda line: line.series.arm)
        ],
        words=step_phrases,
        fewest=MIN_POINTS,
        spark=spark,
    )


def _charts_and_nothing(lines: Iterable[TrendLine]) -> tuple[list[TrendLine], str]:
    """The series that get a chart; the labels of those that were 0 every night need none."""
    charts, nothing = [], []
    for line in lines:
        if any(point.value for point in line.series.points):
            charts.append(line)
        else:
            nothing.append(line.label)
    return charts, ", ".join(nothing)


@dataclass(frozen=True)
class _Scale:
    count: int
    low: float
    high: float

    def x(self, at: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * at / max(self.count - 1, 1), 1)

    def y(self, value: float) -> float:
        return round(
            TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low), 1
        )

    def path(self, points: list[tuple[int, float]], colour: str, width: float) -> Markup:
        places = " ".join(f"{self.x(at)},{self.y(value)}" for at, value in points)
        return PATH.format(places, colour, width)


def spark(line: TrendLine) -> Markup:
    """The points in order of time, the level of each stretch, a broken line where it changed."""
    points = line.series.points
    values = [point.value for point in points]
    scale = _scale(line, values)
    edges = [0, *(step.at for step in line.steps), len(points)]
    levels = [line.steps[0].before, *(step.after for step in line.steps)] if line.steps else []
    parts = [
        *(
            END.format(LEFT - 5, scale.y(value) + 3, number(value))
            for value in dict.fromkeys((max(values), min(values)))
        ),
        scale.path(list(enumerate(values)), "var(--strong)", 1),
        *(
            STEP.format(scale.x(step.at - 0.5), TOP - 4, HEIGHT - BOTTOM + 4, COLOURS[step.says])
            for step in line.steps
        ),
        *(
            scale.path([(edges[at], level), (edges[at + 1] - 1, level)], "var(--ink)", 1.5)
            for at, level in enumerate(levels)
        ),
    ]
    if len(points) <= MOST_DOTS:
        parts += [
            DOT.format(
                scale.x(at),
                scale.y(point.value),
                point.run,
                step_phrases.level(line.series, point.value),
            )
            for at, point in enumerate(points)
        ]
    label = f"{line.label}, {line.series.arm}: {len(points)} runs, {len(line.steps)} steps"
    return BOX.format(WIDTH, HEIGHT, label, Markup("").join(parts))


def _scale(line: TrendLine, values: list[float]) -> _Scale:
    """Never narrower than three tie zones: noise must not look like news."""
    middle = (min(values) + max(values)) / 2
    zone = line.series.kind.tie_zone * (abs(middle) if line.series.kind.kind == "ratio" else 1.0)
    half = max((max(values) - min(values)) / 2, 1.5 * zone, 1e-9)
    return _Scale(len(values), middle - half, middle + half)
