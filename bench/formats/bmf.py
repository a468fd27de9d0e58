"""Bencher Metric Format: a benchmark per scenario, case and arm, with its measures.

https://bencher.dev/bmf.json
"""

from collections.abc import Sequence

from bench.formats.points import Point, within
from bench.formats.texts import as_json, one_line

NAME_MAX = 1024  # of a benchmark; a longer one is refused with the whole report


def document(numbers: Sequence[Point]) -> str:
    """The document, its measures named by slugs such as `latency-p99-ms`.

    Their units are set once in Bencher, the format has no field for them.
    """
    benchmarks: dict[str, dict[str, dict[str, float]]] = {}
    for point in numbers:
        name = one_line(f"{point.benchmark} {point.arm}")[:NAME_MAX]
        bounds = zip(("lower_value", "upper_value"), within(point), strict=False)
        measure = {"value": point.value, **dict(bounds)}
        benchmarks.setdefault(name, {})[point.metric.replace("_", "-")] = measure
    return as_json(benchmarks)
