"""One small chart as SVG, by hand: for the hundreds of a page matplotlib would take a minute."""

from dataclasses import dataclass

from markupsafe import Markup

from bench.analysis.formatting import number
from bench.trend.history import TrendLine
from bench.trend.step_phrases import level

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


def spark(line: TrendLine) -> Markup:
    """The points in order of time, the level of each stretch, a broken line where it changed."""
    scale = _scale(line)
    values = [point.value for point in line.series.points]
    parts = [
        END.format(LEFT - 5, scale.y(value) + 3, number(value))
        for value in dict.fromkeys((max(values), min(values)))
    ]
    parts += [
        _path(
            [(at, point.value) for at, point in enumerate(line.series.points)],
            scale,
            "var(--strong)",
            1,
        )
    ]
    parts += [
        STEP.format(scale.x(step.at - 0.5), TOP - 4, HEIGHT - BOTTOM + 4, COLOURS[step.says])
        for step in line.steps
    ]
    parts += _levels(line, scale)
    if len(line.series.points) <= MOST_DOTS:
        parts += [
            DOT.format(
                scale.x(at), scale.y(point.value), point.run, level(line.series, point.value)
            )
            for at, point in enumerate(line.series.points)
        ]
    label = (
        f"{line.label}, {line.series.arm}: {len(line.series.points)} runs, {len(line.steps)} steps"
    )
    return BOX.format(WIDTH, HEIGHT, label, Markup("").join(parts))


def _scale(line: TrendLine) -> _Scale:
    """Never narrower than three tie zones: noise must not look like news."""
    values = [point.value for point in line.series.points]
    middle = (min(values) + max(values)) / 2
    zone = line.series.kind.tie_zone * (abs(middle) if line.series.kind.kind == "ratio" else 1.0)
    half = max((max(values) - min(values)) / 2, 1.5 * zone, 1e-9)
    return _Scale(len(values), middle - half, middle + half)


def _levels(line: TrendLine, scale: _Scale) -> list[Markup]:
    edges = [0, *(step.at for step in line.steps), len(line.series.points)]
    heights = [line.steps[0].before, *(step.after for step in line.steps)] if line.steps else []
    return [
        _path([(edges[at], height), (edges[at + 1] - 1, height)], scale, "var(--ink)", 1.5)
        for at, height in enumerate(heights)
    ]


def _path(points: list[tuple[int, float]], scale: _Scale, colour: str, width: float) -> Markup:
    return PATH.format(
        " ".join(f"{scale.x(at)},{scale.y(value)}" for at, value in points), colour, width
    )
