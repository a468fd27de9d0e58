"""burst: fill the queue, then drain it: throughput, memory, cost per task.

No latency: the P99 of a backlog only restates N ÷ throughput.
"""

from collections.abc import Mapping, Sequence

from adapters.base import Bulk, BulkSomewhere
from bench.model.broker import KINDS
from bench.model.cell import Cell, Params
from bench.model.placement import HOSTS
from bench.model.scenario import Scenario

TASKS = {"smoke": 200, "gate": 5_000, "quick": 5_000, "full": 100_000}
BULK_AT_MOST = 20_000
HOSTS_AT_MOST = 1_000
BACKLOGS, BACKLOG_AT_MOST = (1_000, 10_000, 100_000), 1_000_000
SLOW_AT_MOST = 2_000  # at 10 ms a round trip a task of RQ takes a tenth of a second
RTTS = (0, 1, 2, 10)  # ms
COSTS = ("worker_cpu_ms_per_task", "broker_cpu_us_per_task", "broker_commands_per_task")


def backlog_of(case: str) -> int:
    """The number of tasks in `backlog=10000`; 0 for any other case."""
    kind, _, count = case.partition("=")
    return int(count) if kind == "backlog" and count.isascii() and count.isdigit() else 0


def hosts_of(case: str) -> int:
    """The number of worker hosts in `hosts=2`; 0 for any other case."""
    kind, _, count = case.partition("=")
    return int(count) if kind == HOSTS and count.isascii() and count.isdigit() else 0


class Burst(Scenario):
    """Case `-`: boot, enqueue, drain. `rtt=2`: the same through a network with that round trip.
    `bulk`: the best public bulk call, no workers. `backlog=10000`: so many tasks, no workers, for
    what they weigh in the broker. `hosts=2`: on so many of the worker hosts of a run; `scale`
    stands for each number that there is."""

    name = "burst"
    drive_version = 1
    measure_version = 2
    order = 10
    main = True
    gated = True
    about = "100,000 no-op tasks: how fast in, how fast out, at what memory"
    groups: Mapping[str, Sequence[str]] = {
        "network": tuple(f"rtt={rtt}" for rtt in RTTS),
        "backlog": tuple(f"backlog={tasks}" for tasks in BACKLOGS),
    }

    def all_cases(self) -> Sequence[str]:
        """Both, the plain one through a slow network, and the backlogs."""
        return ("-", "bulk", *self.groups["network"], *self.groups["backlog"])

    def takes(self, case: str) -> bool:
        """A backlog may be any number of tasks up to a million, hosts any that a run may have."""
        numbered = 0 < backlog_of(case) <= BACKLOG_AT_MOST or 0 < hosts_of(case) <= HOSTS_AT_MOST
        return numbered or case in self.all_cases()

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """How many tasks."""
        if backlog := backlog_of(case):
            return {"tasks": backlog}
        count = tasks or TASKS[size]
        if hosts := hosts_of(case):
            return {"tasks": count, HOSTS: hosts}
        if case.startswith("rtt="):
            return {"tasks": min(count, SLOW_AT_MOST), "rtt_ms": float(case.removeprefix("rtt="))}
        return {"tasks": min(count, BULK_AT_MOST) if case == "bulk" else count}

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """Enqueue, drain, and about six seconds of starting, settling and stopping."""
        drain = 0.0 if case == "bulk" or backlog_of(case) else params["tasks"] / rate + 6
        return float(params["tasks"] / enqueue_rate + drain + 2)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        if case == "bulk":
            return ("bulk_enqueue_rate",)
        if backlog_of(case):
            return ("broker_memory_peak_bytes", "broker_bytes_per_task")
        speed = ("throughput", "enqueue_rate")
        return (*speed, "worker_memory_peak_bytes", "broker_memory_peak_bytes")

    def figures(self, case: str) -> Sequence[str]:
        """Without workers no more than what is expected; else what each task cost, too."""
        return (
            self.expected(case)
            if case == "bulk" or backlog_of(case)
            else (*self.expected(case), *COSTS)
        )

    def skip(self, cell: Cell) -> str:
        """A library without a bulk call, or a backlog where no server holds it."""
        adapter, broker = cell.arm.adapter, cell.arm.broker
        if backlog_of(cell.case):
            kind = KINDS[broker]
            return "" if kind.server else kind.uncounted
        offered = adapter.bulk_brokers if isinstance(adapter, BulkSomewhere) else adapter.brokers
        if cell.case != "bulk" or (isinstance(adapter, Bulk) and broker in offered):
            return ""
        return f"{adapter.name} has no public bulk call" + (
            f" on {broker}" if isinstance(adapter, Bulk) else ""
        )


SCENARIO = Burst()
