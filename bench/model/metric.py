"""Every measure once: its name, what it is called, its unit, its direction and its tie zone."""

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
    wrong."""

    metric: str
    value: float | None
    verdict: Verdict = "ok"
    reason: str = ""


def _table(*rows: tuple[str, str, str, Better, Kind, float]) -> dict[str, Metric]:
    return {row[0]: Metric(*row) for row in rows}


METRICS = _table(
    ("throughput", "Throughput", "tasks/s", "higher", "ratio", 0.02),
    ("enqueue_rate", "Enqueue rate, plain call", "tasks/s", "higher", "ratio", 0.02),
    ("bulk_enqueue_rate", "Enqueue rate, bulk call", "tasks/s", "higher", "ratio", 0.02),
    ("boot_s", "Worker start to ready", "s", "lower", "ratio", 0.10),
    ("drain_s", "Backlog drained in", "s", "lower", "ratio", 0.02),
    ("capacity", "Capacity", "tasks/s", "higher", "ratio", 0.02),
    ("latency_p50_ms", "Latency P50", "ms", "lower", "ratio", 0.10),
    ("latency_p90_ms", "Latency P90", "ms", "lower", "ratio", 0.10),
    ("latency_p99_ms", "Latency P99", "ms", "lower", "ratio", 0.10),
    ("latency_p99_calm_ms", "Latency P99, calmer half", "ms", "lower", "ratio", 0.10),
    ("latency_p999_ms", "Latency P99.9", "ms", "lower", "ratio", 0.10),
    ("latency_p99_from_sent_ms", "Latency P99, naive (from sent)", "ms", "lower", "ratio", 0.10),
    ("wait_p99_ms", "Wait P99", "ms", "lower", "ratio", 0.10),
    ("service_p99_ms", "Service P99", "ms", "lower", "ratio", 0.10),
    ("send_wait_p99_ms", "Time behind an open enqueue call, P99", "ms", "lower", "ratio", 0.10),
    ("enqueue_call_p99_ms", "Enqueue call P99", "ms", "lower", "ratio", 0.10),
    ("worker_memory_idle_bytes", "Worker memory, idle (PSS)", "bytes", "lower", "ratio", 0.05),
    ("worker_memory_peak_bytes", "Worker memory, peak (PSS)", "bytes", "lower", "ratio", 0.05),
    ("worker_memory_after_bytes", "Worker memory, after (PSS)", "bytes", "lower", "ratio", 0.05),
    ("broker_memory_peak_bytes", "Broker memory, peak", "bytes", "lower", "ratio", 0.05),
    ("broker_bytes_per_task", "Broker bytes per queued task", "bytes", "lower", "ratio", 0.05),
    ("worker_cpu_ms_per_task", "Worker CPU per task", "ms", "lower", "ratio", 0.02),
    ("broker_cpu_us_per_task", "Broker CPU per task", "µs", "lower", "ratio", 0.02),
    ("broker_commands_per_task", "Broker commands per task", "commands", "lower", "count", 0.2),
    ("feature_offered", "Feature", "", "higher", "count", 0.0),
    ("service_recovery_s", "Service recovery", "s", "lower", "time_to", 0.10),
    ("work_recovery_s", "Work recovery", "s", "lower", "time_to", 0.10),
    ("work_recovery_running_s", "Work recovery, running tasks", "s", "lower", "time_to", 0.10),
    ("work_recovery_waiting_s", "Work recovery, waiting tasks", "s", "lower", "time_to", 0.10),
    ("rate_recovery_s", "Rate recovery", "s", "lower", "time_to", 0.10),
    ("backlog_recovery_s", "Backlog recovery", "s", "lower", "time_to", 0.10),
    ("outage_s", "Outage", "s", "lower", "time_to", 0.10),
    ("enqueue_call_max_ms", "Longest enqueue call", "ms", "lower", "time_to", 0.10),
    ("strikes", "Faults", "", "none", "count", 0.0),
    (
        "supervisor_starts",
        "Main processes that the supervisor started again",
        "",
        "none",
        "count",
        0.0,
    ),
    ("culprit_runs", "Runs of the task that does harm", "runs", "none", "count", 0.0),
    (
        "task_import_ms",
        "Import of the task module inside the process, P50",
        "ms",
        "lower",
        "ratio",
        0.10,
    ),
    ("ceiling_share", "Share of the arithmetic ceiling", "%", "higher", "ratio", 0.02),
    (
        "worker_memory_per_slot_bytes",
        "Worker memory per slot, peak (PSS)",
        "bytes",
        "lower",
        "ratio",
        0.05,
    ),
    ("round_trip_p50_ms", "Round trip, P50", "ms", "lower", "ratio", 0.10),
    ("round_trip_p90_ms", "Round trip, P90", "ms", "lower", "ratio", 0.10),
    ("round_trip_p99_ms", "Round trip, P99", "ms", "lower", "ratio", 0.10),
    (
        "handover_p50_ms",
        "From finished until the caller has the result, P50",
        "ms",
        "lower",
        "ratio",
        0.10,
    ),
    ("load_rate", "Load", "tasks/s", "none", "count", 0.0),
    ("idle_worker_cpu_ms_per_s", "Worker CPU, idle", "ms per s", "lower", "count", 1.0),
    ("idle_commands_per_s", "Broker commands, idle", "commands per s", "lower", "count", 0.2),
    (
        "worker_growth_bytes_per_1000",
        "Worker memory, growth per 1,000 tasks",
        "bytes",
        "lower",
        "count",
        4096.0,
    ),
    (
        "worker_growth_bytes_per_hour",
        "Worker memory, growth per hour",
        "bytes",
        "lower",
        "count",
        1e6,
    ),
    (
        "broker_growth_bytes_per_1000",
        "Broker memory, growth per 1,000 tasks",
        "bytes",
        "lower",
        "count",
        4096.0,
    ),
    (
        "broker_growth_bytes_per_hour",
        "Broker memory, growth per hour",
        "bytes",
        "lower",
        "count",
        1e6,
    ),
    ("running", "Running at the fault", "tasks", "none", "count", 0.0),
    ("waiting", "Waiting at the fault", "tasks", "none", "count", 0.0),
    ("finished", "Finished", "tasks", "none", "count", 0.0),
    ("recovered", "Recovered", "tasks", "higher", "count", 0.0),
    ("lost", "Lost", "tasks", "lower", "count", 0.0),
    ("doubled", "Doubled", "tasks", "lower", "count", 0.0),
    ("failed", "Failed", "tasks", "lower", "count", 0.0),
    ("stuck", "Stuck", "tasks", "lower", "count", 0.0),
    ("open", "Open", "tasks", "lower", "count", 0.0),
    ("refused", "Refused", "tasks", "lower", "count", 0.0),
    ("unexpected", "Unexpected", "tasks", "lower", "count", 0.0),
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
