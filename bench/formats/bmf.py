"""Bencher Metric Format: a benchmark per scenario, case and arm, with its measures.

https://bencher.dev/bmf.json
"""

from bench.analysis.comparison_result import Changes
from bench.formats import points
from bench.formats.points import Point
from bench.formats.texts import as_json, one_line
from bench.record.store import Run

NAME_MAX = 1024  # of a benchmark; a longer one is refused with the whole report


def of_changes(changes: Changes) -> str:
    """The document of the head's measures in a comparison."""
    return _document(points.of_changes(changes))


def of_run(run: Run) -> str:
    """The document of every measure of a stored run."""
    return _document(points.of_run(run))


def _document(numbers: list[Point]) -> str:
    """The document, its measures named by slugs such as `latency-p99-ms`.

    Their units are set once in Bencher, the format has no field for them.
    """
    document: dict[str, dict[str, dict[str, float]]] = {}
    for point in numbers:
        name = one_line(f"{point.scenario}/{point.case} {point.arm}")[:NAME_MAX]
        document.setdefault(name, {})[point.metric.replace("_", "-")] = _metric(point)
    return as_json(document)


def _metric(point: Point) -> dict[str, float]:
    span = points.within(point)
    bounds = {} if span is None else {"lower_value": span[0], "upper_value": span[1]}
    return {"value": point.value, **bounds}
