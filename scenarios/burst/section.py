"""burst on the page: speed, memory, cost per task, and the brokers of one profile side by side."""

from bench.analysis.dataset import Joined
from bench.report.section import Section
from bench.report.tables import Column, Table, by_case, table
from scenarios.burst import side
from scenarios.burst.charts import charts

SPEED: tuple[Column, ...] = (
    ("throughput", "Throughput"),
    ("enqueue_rate", "Enqueue, plain call"),
    ("bulk_enqueue_rate", "Enqueue, bulk call"),
    ("boot_s", "Start to ready"),
    ("drain_s", "Backlog drained in"),
)
COST: tuple[Column, ...] = (
    ("worker_memory_idle_bytes", "Workers, idle"),
    ("worker_memory_peak_bytes", "Workers, peak"),
    ("worker_memory_after_bytes", "Workers, after"),
    ("broker_memory_peak_bytes", "Broker, peak"),
    ("broker_bytes_per_task", "Broker per queued task"),
    ("worker_cpu_ms_per_task", "Worker CPU per task"),
    ("broker_cpu_us_per_task", "Broker CPU per task"),
    ("broker_commands_per_task", "Broker commands per task"),
    ("task_import_ms", "Import per task, P50"),
)


def tables(joined: Joined) -> list[Table]:
    """Speed, cost, both rates through a slow network, and the brokers beside each other."""
    measured = (("", ("-", "bulk")),)
    slow = [case for case in joined.cases("burst") if case.startswith("rtt=")]
    return [
        *table(joined, "burst", "Speed", SPEED, measured),
        *table(joined, "burst", "Memory, and cost per task", COST, measured),
        *table(joined, "burst", "Through a slow network", SPEED[:2], by_case(slow)),
        *side.brokers(joined),
    ]


SECTION = Section(
    about=(
        "A queue is filled with no-op tasks while no worker runs; then the workers start and drain "
        "it."
    ),
    tables=tables,
    charts=charts,
    compared=("throughput", "enqueue_rate", "worker_memory_peak_bytes", "worker_cpu_ms_per_task"),
    how=(
        (
            "The system's own worker command and its plain enqueue call, as a user has them; a "
            "fresh broker and fresh workers for every cell."
        ),
        (
            "Throughput: finished tasks per second from the 5 % point (or the moment when the last "
            "slot has finished its first task, if later) to the 95 % point."
        ),
        (
            "The task body itself writes when it started and finished; nothing is counted in the "
            "broker or in the library."
        ),
        (
            "Worker memory is the PSS of the whole process tree: forks share pages, and summed RSS "
            "would count those again and again."
        ),
        "Commands and CPU per task have the instrument's own and the idle ones subtracted.",
        (
            "The floor is a bare Redis list with the same task body: what any Redis queue in "
            "Python could reach at best."
        ),
    ),
    not_shown=(
        "No latency: the P99 of a backlog only restates tasks ÷ throughput.",
        (
            "Tasks that do something: with real work in the body all systems come closer to each "
            "other."
        ),
        "Several hosts: generator, broker and workers share this machine's cores.",
        (
            "What a Redis that writes to disk is worth: only a power cut shows the difference "
            "between every second and always, a killed process does not. Here stands what it costs."
        ),
    ),
)
