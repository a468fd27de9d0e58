"""latency: open-loop arrivals, every task timed from the moment it was due."""

from collections.abc import Mapping, Sequence

from bench.model.cell import Params
from bench.model.scenario import PriorMeasures, Scenario

LOADS = ("load=0.3", "load=0.5", "load=0.7", "load=0.9")
RATES = ("rate=30", "rate=300")
LOW, HIGH = 100, 200  # tasks that wait while the capacity is measured
CAPACITY_WARMUP_S = {"smoke": 1, "gate": 2, "quick": 5, "full": 5}
CAPACITY_S = {"smoke": 2, "gate": 5, "quick": 5, "full": 15}
RTTS, RTT_RATE = (0, 1, 2, 10), 30.0  # ms; tasks/s
TASKS_FOR_P99 = 1_100  # of a gate's cell: ten beyond it, and some to spare
SLOW_RATE, SLOW_AT_MOST_S = 30.0, 120  # so few tasks need longer until ten spells lie beyond P99
QUICK_FARTHEST = 90.0  # the last percentile of a quick cell


def steady_seconds(params: Params, rate: float) -> float:
    """How long the steady phase lasts at that rate (tasks/s)."""
    return float(min(max(params["tasks"] / rate, params["at_least_s"]), params["at_most_s"]))


class Latency(Scenario):
    """Case `capacity` first; then shares of it (`load=`), fixed rates (`rate=`), and 30/s through
    a slow network (`rtt=`)."""

    name = "latency"
    drive_version = 2
    measure_version = 2
    order = 20
    main = True
    gated = True
    about = "how long a task takes from its due time, at shares of capacity and at fixed rates"
    prerequisites: Sequence[str] = ("capacity",)
    groups: Mapping[str, Sequence[str]] = {"network": tuple(f"rtt={rtt}" for rtt in RTTS)}

    def cases(self, size: str) -> Sequence[str]:
        """The capacity comes first: the loads are shares of it."""
        few = {
            "smoke": ("rate=30",),
            "gate": ("capacity", "load=0.5"),
            "quick": ("capacity", "load=0.5", "rate=30"),
        }
        return few.get(size, ("capacity", *LOADS, *RATES))

    def all_cases(self) -> Sequence[str]:
        """Every case."""
        return ("capacity", *LOADS, *RATES, *self.groups["network"])

    def params(self, case: str, size: str, tasks: int | None) -> Params:
        """Durations by size. A full cell lasts until 5,000 tasks are due, at least 30 s and at most
        60 s (120 s up to 30 tasks/s); a quick one is as short as its P90 allows, one of a gate as
        its own P99 does."""
        if case == "capacity":
            return {"warmup_s": CAPACITY_WARMUP_S[size], "steady_s": CAPACITY_S[size]}
        least, most = {"smoke": (5, 5), "gate": (5, 20), "quick": (20, 20), "full": (30, 60)}[size]
        due = max(tasks or 0, TASKS_FOR_P99) if size == "gate" else tasks or 5_000
        kind, _, value = case.partition("=")
        named = (
            {"rate": RTT_RATE, "rtt_ms": float(value)} if kind == "rtt" else {kind: float(value)}
        )
        slow = size == "full" and named.get("rate", SLOW_RATE + 1) <= SLOW_RATE
        return {
            **named,
            "warmup_s": 1 if size in ("smoke", "gate") else 5,
            "tasks": due,
            "at_least_s": least,
            "at_most_s": SLOW_AT_MOST_S if slow else most,
            **({"farthest": QUICK_FARTHEST} if size == "quick" else {}),
        }

    def takes(self, case: str) -> bool:
        """Loads and rates may be any number."""
        kind, equals, value = case.partition("=")
        try:
            free = equals == "=" and kind in ("load", "rate") and float(value) > 0
        except ValueError:
            free = False
        return free or case in self.all_cases()

    def rests_on(self, case: str) -> Sequence[str]:
        """A load is a share of the capacity: without one there is nothing to take a share of."""
        return ("capacity",) if case.startswith("load=") else ()

    def rate(self, params: Params, known: PriorMeasures) -> float | None:
        """The rate itself, or the share of the capacity if that is known."""
        if "load" not in params:
            return super().rate(params, known)
        capacity = known.value(self.name, "capacity", "capacity")
        return None if capacity is None else float(params["load"] * capacity)

    def seconds(self, params: Params, case: str, rate: float, enqueue_rate: float) -> float:
        """Warm-up, steady phase, and about four seconds of starting and stopping."""
        if case == "capacity":
            return float(params["warmup_s"] + params["steady_s"] + 4)
        return (
            float(params["warmup_s"])
            + steady_seconds(params, float(params.get("rate", 0) or params["load"] * rate))
            + 4
        )

    def expected(self, case: str) -> Sequence[str]:
        """What a cell without files leaves open."""
        return (
            ("capacity",)
            if case == "capacity"
            else ("latency_p50_ms", "latency_p90_ms", "latency_p99_ms")
        )


SCENARIO = Latency()
