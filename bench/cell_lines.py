"""A cell's line in run.json: what was planned, how it went, and whether it is measured once more."""

from collections.abc import Mapping
from typing import Any

from bench.cell import Cell

OUTSIDE = ("foreign load", "generator")  # reasons for which a cell is run once more


def deserves_another(line: Mapping[str, Any]) -> bool:
    """Invalid for a reason outside the arm, and not yet measured a second time."""
    return line["retry_of"] is None and line["verdict"] == "invalid" and str(line["reason"]).startswith(OUTSIDE)


def line_of(cell: Cell, retry_of: int | None = None) -> dict[str, Any]:
    """A cell's line in run.json before it has run."""
    where = {"number": cell.number, "scenario": cell.scenario, "case": cell.case, "arm": cell.arm.name, "block": cell.block}
    return where | {"state": "planned", "verdict": "", "reason": "", "seconds": None, "retry_of": retry_of}
