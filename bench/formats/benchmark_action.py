"""JSON for github-action-benchmark, a document for each of two of its tools.

They are customSmallerIsBetter and customBiggerIsBetter.

https://github.com/benchmark-action/github-action-benchmark
"""

from bench.analysis.comparison_result import Changes
from bench.formats import points
from bench.formats.points import Point
from bench.formats.texts import as_json, one_line, shown
from bench.model.metric import Better
from bench.model.stored import Json
from bench.record.store import Run


def smaller_of_changes(changes: Changes) -> str:
    """The document of the head's measures of which less is better."""
    return _document(points.of_changes(changes), "lower")


def bigger_of_changes(changes: Changes) -> str:
    """The document of the head's measures of which more is better."""
    return _document(points.of_changes(changes), "higher")


def smaller_of_run(run: Run) -> str:
    """The document of a run's measures of which less is better."""
    return _document(points.of_run(run), "lower")


def bigger_of_run(run: Run) -> str:
    """The document of a run's measures of which more is better."""
    return _document(points.of_run(run), "higher")


def _document(numbers: list[Point], better: Better) -> str:
    return as_json([_entry(point) for point in numbers if point.kind.better == better])


def _entry(point: Point) -> Json:
    """One measure; the action finds it by its name from commit to commit."""
    entry: Json = {
        "name": one_line(f"{point.arm} {point.scenario}/{point.case}/{point.metric}"),
        "value": point.value,
        "unit": point.kind.unit,
    }
    span = points.within(point)
    if span is not None:
        entry["range"] = f"{shown(span[0], point.metric)} … {shown(span[1], point.metric)}"
    return entry | {"extra": f"{point.kind.label}\nblocks: {point.blocks}"}
