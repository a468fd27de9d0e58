"""burst on the page: speed, memory, cost per task, and the brokers of one profile side by side."""

from collections.abc import Sequence

import pandas as pd

from bench.analysis.dataset import Joined
from bench.analysis.formatting import Figure, cells_of, figure, number, scale
from bench.report.section import Section
from bench.report.tables import Column, Group, Heading, Row, Table, by_case, table
from scenarios.burst import backlog_of
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
BACKLOG: tuple[Column, ...] = (
    ("broker_memory_peak_bytes", "Broker, in all"),
    ("broker_bytes_per_task", "Broker per queued task"),
)
BESIDE = (
    ("burst", "-", "throughput", "Throughput"),
    ("latency", "rate=30", "latency_p99_ms", "P99 at 30 tasks/s"),
)
BESIDE_CAPTION = "Brokers side by side, within one run"


def tables(joined: Joined) -> list[Table]:
    """Speed, cost, both rates through a slow network, what a backlog weighs, and the brokers
    beside each other."""
    measured = (Heading("", ("-", "bulk")),)
    slow = [case for case in joined.cases("burst") if case.startswith("rtt=")]
    queued = sorted(filter(backlog_of, joined.cases("burst")), key=backlog_of)
    return [
        *table(joined, "burst", "Speed", SPEED, measured),
        *table(joined, "burst", "Memory, and cost per task", COST, measured),
        *table(joined, "burst", "Through a slow network", SPEED[:2], by_case(slow)),
        *table(joined, "burst", "Memory of a backlog", BACKLOG, by_case(queued)),
        *brokers(joined),
    ]


def brokers(joined: Joined) -> list[Table]:
    """One group per run and profile that was measured on several brokers, the ratios to its first
    arm; there also where only latency was measured.

    Within a run: another hour is another machine.
    """
    groups = [group for place in range(len(joined.runs)) for group in _of_run(joined, place)]
    headings = [
        heading
        for *_, metric, title in BESIDE
        for heading in ((title, scale(metric)[0]), ("to the first", "×"))
    ]
    return [Table(BESIDE_CAPTION, headings, groups)] if groups else []


def _of_run(joined: Joined, place: int) -> list[Group]:
    standing = joined.every[(joined.every["place"] == place) & (joined.every["stands"] == 1)]
    present = set(
        standing.loc[standing["scenario"].isin([scenario for scenario, *_ in BESIDE]), "arm"]
    )
    profiles: dict[str, list[str]] = {}
    for name, arm in joined.arms.items():
        if name in present and not arm.variant:
            profiles.setdefault(f"{arm.system}/{arm.profile}", []).append(name)
    return [_group(joined, standing, arms) for arms in profiles.values() if len(arms) > 1]


def _group(joined: Joined, standing: pd.DataFrame, arms: Sequence[str]) -> Group:
    first = {column: _figure(standing, arms[0], column) for column in BESIDE}
    rows = []
    for name in arms:
        own = {column: _figure(standing, name, column) for column in BESIDE}
        figures = [
            each
            for column in BESIDE
            for each in (own[column], _ratio(own[column], first[column], name == arms[0]))
        ]
        cells = cells_of(standing[standing["arm"] == name])
        rows.append(Row(name, joined.arms[name].system, figures, cells))
    return Group("", rows)


def _figure(standing: pd.DataFrame, arm: str, column: tuple[str, str, str, str]) -> Figure:
    scenario, case, metric, _ = column
    keys = (
        (standing["scenario"] == scenario)
        & (standing["case"] == case)
        & (standing["arm"] == arm)
        & (standing["metric"] == metric)
    )
    return figure(standing[keys], metric)


def _ratio(own: Figure, first: Figure, is_first: bool) -> Figure:
    """A figure beside the first arm's; no ratio to or from a verdict."""
    measured = own.verdict == first.verdict == "ok"
    if is_first or not measured or not own.value or not first.value:
        return Figure("–", verdict="missing")
    ratio = own.value / first.value
    return Figure(number(ratio), ratio, cells=own.cells)


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
        (
            "The instrument's own commands are left out of the commands per task. Of the broker's "
            "CPU what it spends by the clock is taken off, at rest as under load."
        ),
        (
            "Memory of a backlog: so many tasks are put on the queue of a fresh broker by the "
            "plain call, and no worker is ever started."
        ),
        (
            "The floor is a bare Redis list with the same task body: what any Redis queue in "
            "Python could reach at best in throughput, CPU and commands. Its memory is no bound: "
            "each of its workers is a process, and threads of one need less."
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
