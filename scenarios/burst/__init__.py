"""burst: fill the queue, then drain it: throughput, memory, cost per task.

No latency: the P99 of a backlog only restates N ÷ throughput.
"""

from collections.abc import Mapping, Sequence

from adapters.base import Bulk, BulkSomewhere
from bench.model.cell import Cell, Params
from bench.model.scenario import Scenario

TASKS = {"smoke": 200, "gate": 5_000, "quick": 5_000, "full": 100_000}
BULK_AT_MOST = 20_000
SLOW_AT_MOST = 2_000  # at 10 ms a round trip a task of RQ takes a tenth of a second
RTTS = (0, 1, 2, 10)  # ms


class Burst(Scenario):
    """Case `-`: boot, enqueue, drain. `rtt=2`: the same through a network with that round trip.
    `bulk`: the best public bulk call, no workers."""

    name = "burst"
    drive_version = 1
    measure_version = 1
    order = 10
    main = True
    gated = True
    about = "100,000 no-op tasks: how fast in, how fast out, at what memory"
    groups: Mapping[str, Sequence[str]] = {"network": tuple(f"rtt={rtt}" for rtt in RTTS)}

    def all_cases(self) -> Sequence[str]:
        """Both, and the plain one through a slow network."""
        return ("-", "bulk", *self.groups["network"])

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """How many tasks."""
        count = tasks or TASKS[size]
        if case.startswith("rtt="):
            return {"tasks": min(count, SLOW_AT_MOST), "rtt_ms": float(case.removeprefix("rtt="))}
        return {"tasks": min(count, BULK_AT_MOST) if case == "bulk" else count}

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """Enqueue, drain, and about six seconds of starting, settling and stopping."""
        drain = 0.0 if case == "bulk" else params["tasks"] / rate + 6
        return float(params["tasks"] / enqueue_rate + drain + 2)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return (
            ("bulk_enqueue_rate",)
            if case == "bulk"
            else (
                "throughput",
                "enqueue_rate",
                "worker_memory_peak_bytes",
                "broker_memory_peak_bytes",
            )
        )

    def skip(self, cell: Cell) -> str:
        """A library without a bulk call."""
        adapter, broker = cell.arm.adapter, cell.arm.broker
        offered = adapter.bulk_brokers if isinstance(adapter, BulkSomewhere) else adapter.brokers
        if cell.case != "bulk" or (isinstance(adapter, Bulk) and broker in offered):
            return ""
        return f"{adapter.name} has no public bulk call" + (
            f" on {broker}" if isinstance(adapter, Bulk) else ""
        )


SCENARIO = Burst()
