"""`bench trend`: every series with its steps, and what is known to have changed there."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from bench.analysis.comparison_result import Says, changed, says
from bench.analysis.dataset import FLOOR, refuse_unknown
from bench.analysis.formatting import listing
from bench.base.errors import AllInvalid, UsageError
from bench.model.metric import METRICS
from bench.model.stored import Json
from bench.record.store import Run
from bench.trend.detect import MIN_POINTS, steps
from bench.trend.series import Series, series_of


@dataclass(frozen=True)
class Step:
    """A lasting change of level between the runs `last` and `first`.

    `before` and `after` are the levels, `change` is their ratio, or of counts their difference.
    `at` is the index of `first` in the series; `weight` is the change in tie zones.
    """

    last: str
    first: str
    at: int
    before: float
    after: float
    change: float
    p: float
    says: Says
    weight: float
    changed: tuple[str, ...]


@dataclass(frozen=True)
class TrendLine:
    """One series and its steps."""

    series: Series
    steps: tuple[Step, ...]

    @property
    def label(self) -> str:
        """The measure in words, with its scenario and case."""
        case = "" if self.series.case == "-" else f" {self.series.case}"
        return f"{METRICS[self.series.metric].label} ({self.series.scenario}{case})"

    @property
    def weight(self) -> float:
        """The weight of its heaviest step, 0 without any."""
        return max((step.weight for step in self.steps), default=0.0)


@dataclass(frozen=True)
class Trend:
    """All series of some runs; `notes` is what a reader must know first."""

    runs: tuple[str, ...]
    lines: tuple[TrendLine, ...]
    notes: tuple[str, ...]
    summary: str

    def as_json(self) -> Json:
        """The trend as lists and dictionaries, for --json."""
        return {
            "runs": [*self.runs],
            "notes": [*self.notes],
            "summary": self.summary,
            "series": [
                {
                    **asdict(line.series),
                    "label": line.label,
                    "steps": [asdict(step) for step in line.steps],
                }
                for line in self.lines
            ],
        }


def trend(given: Sequence[Run]) -> Trend:
    """The steps of every series of these runs.

    UsageError for runs that are no series of the same thing; AllInvalid where no run has a number.
    """
    runs = sorted(given, key=lambda run: run.manifest.created)
    _refuse(runs)
    every = series_of(runs)
    if not every:
        raise _nothing(runs)
    lines = sorted((_line(series) for series in every), key=lambda line: -line.weight)
    return Trend(
        tuple(run.id for run in runs),
        tuple(lines),
        tuple(_notes(runs, every)),
        _summary(runs, lines),
    )


def _refuse(runs: Sequence[Run]) -> None:
    marks = [(run.id, run.manifest.created, run.manifest.seed) for run in runs]
    twice = next(
        (run.id for run, mark in zip(runs, marks, strict=True) if marks.count(mark) > 1), None
    )
    if twice:
        raise UsageError(f"{twice} is named twice, or with a copy of itself: name each run once")
    for run in runs:
        refuse_unknown(run.measures)
        if run.manifest.plan.size == "smoke":
            raise UsageError(f"{run.id} is a smoke run and makes no claims: leave it out")
        for name in ("size", "tasks", "workers"):
            ours, first = (getattr(each.manifest.plan, name) for each in (run, runs[0]))
            if ours != first:
                raise UsageError(
                    f"{run.id} has {name} {ours}, {runs[0].id} has {first}: "
                    "name runs of one plan, a series of each"
                )


def _nothing(runs: Sequence[Run]) -> UsageError | AllInvalid:
    if any(run.measures["verdict"].eq("ok").any() for run in runs):
        return UsageError(
            "nothing to follow: no run has a measure with the floor beside it, nor a count; "
            f"measure with --arm {FLOOR} beside your arms"
        )
    return AllInvalid("no measure of these runs has a number: `bench report RUN` gives the reasons")


def _line(series: Series) -> TrendLine:
    found = steps(series.values, series.zone)
    stretches = np.split(np.asarray(series.values), [night for night, _ in found])
    levels = [float(np.mean(stretch)) for stretch in stretches]
    return TrendLine(
        series,
        tuple(
            _step(series, night, low, high, p)
            for (night, p), low, high in zip(found, levels[:-1], levels[1:], strict=True)
        ),
    )


def _step(series: Series, at: int, low: float, high: float, p: float) -> Step:
    """`low` and `high` are the levels before and after, on the scale of the series' values."""
    levels = (
        (float(np.exp(low)), float(np.exp(high)), float(np.exp(high - low)))
        if series.kind.kind == "ratio"
        else (low, high, high - low)
    )
    verdict = (
        ("more" if high > low else "less")
        if series.kind.better != "higher"
        else ("faster" if high > low else "slower")
    )
    last, first = series.points[at - 1], series.points[at]
    return Step(
        last.run,
        first.run,
        at,
        *levels,
        p,
        says(series.kind, verdict),
        abs(high - low) / (series.zone or 1.0),
        tuple(changed(last.context, first.context)),
    )


def _notes(runs: Sequence[Run], every: Sequence[Series]) -> Iterator[str]:
    if len(runs) < MIN_POINTS:
        yield (
            f"nothing can be said yet: {len(runs)} runs, and a step needs {MIN_POINTS}, "
            "three on each side"
        )
    bare = list(dict.fromkeys(run for series in every for run in series.without))
    if bare:
        yield (
            "without the floor beside it, so left out (a raw value would follow the machine): "
            f"some or all measures of {listing(bare)}"
        )
    machines = {run.manifest.machine.cpu for run in runs}
    if len(machines) > 1:
        yield (
            f"measured on {len(machines)} kinds of machine: "
            "beside the floor they compare, but not exactly"
        )


def _summary(runs: Sequence[Run], lines: Sequence[TrendLine]) -> str:
    stepped = [line for line in lines if line.steps]
    short = sum(len(line.series.points) < MIN_POINTS for line in lines)
    tail = f"; {short} have fewer than {MIN_POINTS} points" if short else ""
    return (
        f"{len(lines)} series over {len(runs)} runs: "
        f"{sum(len(line.steps) for line in stepped)} steps in {len(stepped)} of them{tail}"
    )
