"""Prometheus' text format 0.0.4, for node_exporter's textfile collector and the Pushgateway.

It knows no type `info` and ends without a mark: a reader of it refuses OpenMetrics for the one.
"""

from collections.abc import Iterable

from bench.analysis.comparison_result import Changes
from bench.formats.openmetrics import (
    MetricFamily,
    families_of_changes,
    families_of_run,
    sample_lines,
)
from bench.formats.texts import one_line
from bench.record.store import Run


def of_run(run: Run) -> str:
    """The document of a stored run."""
    return _document(families_of_run(run))


def of_changes(changes: Changes) -> str:
    """The document of a comparison."""
    return _document(families_of_changes(changes))


def _document(families: Iterable[MetricFamily]) -> str:
    return "".join(map(_family, families))


def _family(family: MetricFamily) -> str:
    end = "_info" if family.info else ""
    # A quote stays as it is in a HELP line: `\"` would be an error there.
    about = one_line(family.about).replace("\\", "\\\\")
    lines = [f"# HELP {family.name}{end} {about}", f"# TYPE {family.name}{end} gauge"]
    return "\n".join([*lines, *sample_lines(family, end)]) + "\n"
