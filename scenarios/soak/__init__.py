"""soak: half of the capacity for minutes, to see what grows; before it, what idle workers cost."""

from collections.abc import Sequence

from bench.model.cell import Params
from bench.model.scenario import Scenario
from scenarios.latency import CAPACITY_S, CAPACITY_WARMUP_S

LOAD = 0.5
MINUTES = {"smoke": 0.2, "quick": 1.0, "full": 10.0}
IDLE_S = {"smoke": 2.0, "quick": 10.0, "full": 20.0}
GROWTH = (
    "worker_growth_bytes_per_1000",
    "worker_growth_bytes_per_hour",
    "broker_growth_bytes_per_1000",
    "broker_growth_bytes_per_hour",
)


class Soak(Scenario):
    """Idle, capacity where the run has none yet, then a steady load."""

    name = "soak"
    drive_version = 2
    measure_version = 2
    order = 60
    about = "half of the capacity for ten minutes: does memory grow, and what do idle workers cost"

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """`minutes` is what --minutes replaces."""
        return {
            "minutes": MINUTES[size],
            "idle_s": IDLE_S[size],
            "capacity_warmup_s": CAPACITY_WARMUP_S[size],
            "capacity_s": CAPACITY_S[size],
            "load": LOAD,
        }

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """Idle, capacity, the minutes, and about six seconds of starting and stopping."""
        capacity = params["capacity_warmup_s"] + params["capacity_s"]
        return float(params["idle_s"] + capacity + 60 * params["minutes"] + 6)

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return ("latency_p99_ms", *GROWTH)


SCENARIO = Soak()
