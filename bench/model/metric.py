"""Every measure once: its name, what it is called, its unit, its direction and its tie zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "none"]
Kind = Literal["ratio", "count", "time_to"]
Verdict = Literal[
    "ok", "beyond", "unbounded", "not_offered", "unavailable", "withheld", "invalid", "wrong"
]


@dataclass(frozen=True)
class Metric:
    """One kind of number. `tie_zone` is a ratio (0.02 = 2 %) or, for counts, a difference."""

    name: str
    label: str
    unit: str
    better: Better
    kind: Kind
    tie_zone: float


@dataclass(frozen=True)
class Measure:
    """One number of one cell; `value` is None unless the verdict is ok, beyond, or a count of
    wrong.

    `part` is what of the cell it is of, such as one type of its tasks; empty for the whole.
    """

    metric: str
    value: float | None
    verdict: Verdict = "ok"
    reason: str = ""
    part: str = ""


def _table(
    *groups: tuple[tuple[str, Better, Kind, float], Mapping[str, str]],
) -> dict[str, Metric]:
    """Metrics by name, from what some in a row have in common and the label of each."""
    return {
        name: Metric(name, label, *shared)
        for shared, labels in groups
        for name, label in labels.items()
    }


# In the order in which tables show them.
METRICS = _table(
    (
        ("tasks/s", "higher", "ratio", 0.02),
        {
            "throughput": "Throughput",
            "enqueue_rate": "Enqueue rate, plain call",
            "bulk_enqueue_rate": "Enqueue rate, bulk call",
        },
    ),
    (("s", "lower", "ratio", 0.10), {"boot_s": "Worker start to ready"}),
    (("s", "lower", "ratio", 0.02), {"drain_s": "Backlog drained in"}),
    (("tasks/s", "higher", "ratio", 0.02), {"capacity": "Capacity"}),
    (
        ("ms", "lower", "ratio", 0.10),
        {
            "latency_p50_ms": "Latency P50",
            "latency_p90_ms": "Latency P90",
            "latency_p99_ms": "Latency P99",
            "latency_p99_calm_ms": "Latency P99, calmer half",
            "latency_p999_ms": "Latency P99.9",
            "latency_p99_from_sent_ms": "Latency P99, naive (from sent)",
            "wait_p99_ms": "Wait P99",
            "service_p99_ms": "Service P99",
            "send_wait_p99_ms": "Time behind an open enqueue call, P99",
            "enqueue_call_p99_ms": "Enqueue call P99",
        },
    ),
    (
        ("bytes", "lower", "ratio", 0.05),
        {
            "worker_memory_idle_bytes": "Worker memory, idle (PSS)",
            "worker_memory_peak_bytes": "Worker memory, peak (PSS)",
            "worker_memory_after_bytes": "Worker memory, after (PSS)",
            "broker_memory_peak_bytes": "Broker memory, peak",
            "broker_bytes_per_task": "Broker bytes per queued task",
        },
    ),
    (("ms", "lower", "ratio", 0.02), {"worker_cpu_ms_per_task": "Worker CPU per task"}),
    (("µs", "lower", "ratio", 0.02), {"broker_cpu_us_per_task": "Broker CPU per task"}),
    (("commands", "lower", "count", 0.2), {"broker_commands_per_task": "Broker commands per task"}),
    (
        ("CPU-s", "lower", "ratio", 0.02),
        {"cpu_s_per_1000": "CPU of workers and broker per 1,000 tasks"},
    ),
    (
        ("commands", "lower", "count", 200.0),
        {"broker_commands_per_1000": "Broker commands per 1,000 tasks"},
    ),
    (("", "higher", "count", 0.0), {"feature_offered": "Feature"}),
    (
        ("s", "lower", "time_to", 0.10),
        {
            "service_recovery_s": "Service recovery",
            "work_recovery_s": "Work recovery",
            "work_recovery_running_s": "Work recovery, running tasks",
            "work_recovery_waiting_s": "Work recovery, waiting tasks",
            "rate_recovery_s": "Rate recovery",
            "backlog_recovery_s": "Backlog recovery",
            "outage_s": "Outage",
        },
    ),
    (("ms", "lower", "time_to", 0.10), {"enqueue_call_max_ms": "Longest enqueue call"}),
    (
        ("", "none", "count", 0.0),
        {
            "strikes": "Faults",
            "supervisor_starts": "Main processes that the supervisor started again",
            "slots_seen": "Slots seen at work",
        },
    ),
    (("runs", "none", "count", 0.0), {"culprit_runs": "Runs of the task that does harm"}),
    (
        ("ms", "lower", "ratio", 0.10),
        {"task_import_ms": "Import of the task module inside the process, P50"},
    ),
    (
        ("ms", "lower", "ratio", 0.10),
        {"import_ms": "Import of the tasks and what they need inside the process, P50"},
    ),
    (
        ("tasks", "lower", "count", 0.0),
        {"late": "Later than the objective", "backlog_peak": "Backlog, peak"},
    ),
    (("s", "lower", "count", 1.0), {"objective_missed_s": "Seconds that missed the objective"}),
    (("%", "higher", "ratio", 0.02), {"ceiling_share": "Share of the arithmetic ceiling"}),
    (
        ("bytes", "lower", "ratio", 0.05),
        {"worker_memory_per_slot_bytes": "Worker memory per slot, peak (PSS)"},
    ),
    (
        ("ms", "lower", "ratio", 0.10),
        {
            "round_trip_p50_ms": "Round trip, P50",
            "round_trip_p90_ms": "Round trip, P90",
            "round_trip_p99_ms": "Round trip, P99",
            "handover_p50_ms": "From finished until the caller has the result, P50",
        },
    ),
    # With half a task in a hundred added, so that none against a few is no infinite ratio.
    (("%", "lower", "ratio", 0.5), {"late_share": "Later than the objective, of 100, + 0.5"}),
    (("tasks/s", "none", "count", 0.0), {"load_rate": "Load"}),
    (("ms per s", "lower", "count", 1.0), {"idle_worker_cpu_ms_per_s": "Worker CPU, idle"}),
    (("commands per s", "lower", "count", 0.2), {"idle_commands_per_s": "Broker commands, idle"}),
    (
        ("bytes", "lower", "count", 4096.0),
        {"worker_growth_bytes_per_1000": "Worker memory, growth per 1,000 tasks"},
    ),
    (
        ("bytes", "lower", "count", 1e6),
        {"worker_growth_bytes_per_hour": "Worker memory, growth per hour"},
    ),
    (
        ("bytes", "lower", "count", 4096.0),
        {"broker_growth_bytes_per_1000": "Broker memory, growth per 1,000 tasks"},
    ),
    (
        ("bytes", "lower", "count", 1e6),
        {"broker_growth_bytes_per_hour": "Broker memory, growth per hour"},
    ),
    (
        ("tasks", "none", "count", 0.0),
        {
            "running": "Running at the fault",
            "waiting": "Waiting at the fault",
            "finished": "Finished",
        },
    ),
    (("tasks", "higher", "count", 0.0), {"recovered": "Recovered"}),
    (
        ("tasks", "lower", "count", 0.0),
        {
            "lost": "Lost",
            "doubled": "Doubled",
            "failed": "Failed",
            "stuck": "Stuck",
            "open": "Open",
            "refused": "Refused",
            "unexpected": "Unexpected",
        },
    ),
)

# The ratios that scatter alike from block to block whatever the system, so that three or more arms
# can share one spread. All others are left to the paired t, a new metric too, until repeats show
# that it belongs here. The repeats are in decision 38; the numbers under comparison never decide.
LIKE_SPREAD = frozenset(
    {"worker_memory_idle_bytes", "worker_cpu_ms_per_task", "broker_cpu_us_per_task"}
)

FATES = (
    "finished",
    "recovered",
    "doubled",
    "failed",
    "stuck",
    "lost",
    "open",
    "refused",
    "unexpected",
)
