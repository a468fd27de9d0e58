"""A cell's line in run.json: what was planned, how it went, whether it is measured once more."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from bench.hosts.cgroup import Halts
from bench.measure import validity
from bench.model.cell import Cell

# Reasons for which a cell is run once more. Not "throttled": a quota will halt it again.
OUTSIDE = ("foreign load", "generator")


def deserves_another(
    line: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], at_most: int = 1
) -> bool:
    """Invalid for a reason outside the arm, and not yet measured again so many times."""
    again = sum(each["retry_of"] == first_of(line) for each in lines)
    unfit = line["verdict"] == "invalid" and str(line["reason"]).startswith(OUTSIDE)
    return unfit and again < at_most


def first_of(line: Mapping[str, Any]) -> int:
    """The number of the first try of this cell."""
    return int(line["retry_of"] or line["number"])


def line_of(cell: Cell, retry_of: int | None = None) -> dict[str, Any]:
    """A cell's line in run.json before it has run."""
    where = {
        "number": cell.number,
        "scenario": cell.scenario,
        "case": cell.case,
        "arm": cell.arm.name,
        "block": cell.block,
    }
    return where | {
        "state": "planned",
        "verdict": "",
        "reason": "",
        "seconds": None,
        "retry_of": retry_of,
    }


class Halted:
    """Whether the CPU quota halted a cell that failed, which has no samples that would show it."""

    def __init__(self) -> None:
        self._halts, self._began_s = Halts(), time.monotonic()
        self._before = self._halts.core_seconds()

    def tell(self, line: dict[str, Any]) -> None:
        """Put that the quota halted it before the reason of a failed cell."""
        after, quota = self._halts.core_seconds(), self._halts.quota_cores()
        if line["state"] != "failed" or self._before is None or after is None:
            return
        seconds = time.monotonic() - self._began_s
        cores = float("nan") if quota is None else quota
        if throttled := validity.halted_too_long(after - self._before, seconds, cores, "the cell"):
            line["reason"] = f"{throttled}; {line['reason']}"
