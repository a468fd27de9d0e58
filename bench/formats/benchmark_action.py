"""JSON for github-action-benchmark, a document for each of two of its tools.

They are customSmallerIsBetter and customBiggerIsBetter.

https://github.com/benchmark-action/github-action-benchmark
"""

from collections.abc import Sequence

from bench.formats.points import Point, within
from bench.formats.texts import as_json, one_line, shown
from bench.model.metric import Better
from bench.model.stored import Json


def smaller(numbers: Sequence[Point]) -> str:
    """The document of the measures of which less is better."""
    return _document(numbers, "lower")


def bigger(numbers: Sequence[Point]) -> str:
    """The document of the measures of which more is better."""
    return _document(numbers, "higher")


def _document(numbers: Sequence[Point], better: Better) -> str:
    return as_json([_entry(point) for point in numbers if point.kind.better == better])


def _entry(point: Point) -> Json:
    """One measure; the action finds it by its name from commit to commit."""
    bounds = [shown(bound, point.metric) for bound in within(point)]
    return {
        "name": one_line(f"{point.arm} {point.benchmark}/{point.metric}"),
        "value": point.value,
        "unit": point.kind.unit,
        **({"range": " … ".join(bounds)} if bounds else {}),
        "extra": f"{point.kind.label}\nblocks: {point.blocks}",
    }
