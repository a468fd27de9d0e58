"""result: one caller sends a task, waits for its result by the library's own call, and repeats."""

from collections.abc import Sequence

from adapters.base import Answers
from bench.model.cell import Cell, Params
from bench.model.scenario import Scenario

TASKS = {"smoke": 20, "quick": 100, "full": 500}
AT_MOST_S = 300.0
PERCENTILES = (
    ("round_trip_p50_ms", 50.0),
    ("round_trip_p90_ms", 90.0),
    ("round_trip_p99_ms", 99.0),
)
ABOUT_S = 0.06  # of one answer, for the estimate


class Result(Scenario):
    """One closed loop: how long a caller waits, not how much the system bears."""

    name = "result"
    drive_version = 1
    measure_version = 2
    order = 50
    about = "enqueue and wait for the result, one at a time, by the library's own call"

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """How many answers are waited for."""
        return {"tasks": tasks or TASKS[size], "at_most_s": AT_MOST_S, "generators": 1}

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """The answers, and five seconds of starting and stopping."""
        return float(min(params["tasks"] * ABOUT_S, params["at_most_s"]) + 5)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return (*(name for name, _ in PERCENTILES), "handover_p50_ms")

    def skip(self, cell: Cell) -> str:
        """A library without such a call, a profile without results."""
        adapter, profile = cell.arm.adapter, cell.arm.profile
        if not isinstance(adapter, Answers):
            return f"{adapter.name} has no call that waits for a result"
        return "" if profile.results else f"{adapter.name}/{profile.name} keeps no results"


SCENARIO = Result()
