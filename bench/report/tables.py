"""The tables of each scenario: one row per arm, one figure per measure, the cells behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.analysis.dataset import Joined
from bench.analysis.formatting import Figure, figure, scale
from bench.model.metric import METRICS

Column = tuple[str, str]  # metric, short heading
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
LATENCY: tuple[Column, ...] = (
    ("latency_p50_ms", "P50"),
    ("latency_p90_ms", "P90"),
    ("latency_p99_ms", "P99"),
    ("latency_p999_ms", "P99.9"),
    ("wait_p99_ms", "Wait, P99"),
    ("service_p99_ms", "Service, P99"),
    ("enqueue_call_p99_ms", "Enqueue call, P99"),
    ("send_wait_p99_ms", "Behind an open call, P99"),
    ("latency_p99_from_sent_ms", "Naive P99, from sent"),
)
RECOVERY: tuple[Column, ...] = (
    ("service_recovery_s", "Service"),
    ("work_recovery_s", "Work"),
    ("work_recovery_running_s", "Work, running"),
    ("work_recovery_waiting_s", "Work, waiting"),
    ("rate_recovery_s", "Rate"),
    ("backlog_recovery_s", "Backlog"),
    ("outage_s", "Outage"),
    ("enqueue_call_max_ms", "Longest enqueue call"),
)
WORK: tuple[Column, ...] = (
    ("throughput", "Throughput"),
    ("ceiling_share", "Of the ceiling"),
    ("worker_memory_peak_bytes", "Workers, peak"),
    ("worker_memory_per_slot_bytes", "Per worker"),
    ("worker_cpu_ms_per_task", "Worker CPU per task"),
    ("enqueue_rate", "Enqueue, plain call"),
    ("broker_bytes_per_task", "Broker per queued task"),
)
RESULT: tuple[Column, ...] = (
    ("round_trip_p50_ms", "Round trip, P50"),
    ("round_trip_p90_ms", "Round trip, P90"),
    ("round_trip_p99_ms", "Round trip, P99"),
    ("handover_p50_ms", "After the task, P50"),
)
SOAK: tuple[Column, ...] = (
    ("load_rate", "Load"),
    ("worker_growth_bytes_per_1000", "Workers, per 1,000 tasks"),
    ("worker_growth_bytes_per_hour", "Workers, per hour"),
    ("broker_growth_bytes_per_1000", "Broker, per 1,000 tasks"),
    ("broker_growth_bytes_per_hour", "Broker, per hour"),
    ("latency_p50_ms", "Latency P50"),
    ("latency_p99_ms", "Latency P99"),
    ("idle_worker_cpu_ms_per_s", "Idle: worker CPU"),
    ("idle_commands_per_s", "Idle: broker commands"),
    ("finished", "Finished"),
)
FATES: tuple[Column, ...] = tuple(
    (name, name.replace("_", " "))
    for name in (
        "strikes",
        "supervisor_starts",
        "culprit_runs",
        "running",
        "waiting",
        "recovered",
        "lost",
        "doubled",
        "failed",
        "stuck",
        "open",
        "refused",
        "unexpected",
    )
)


KINDS = {
    "sleep": "10 ms of waiting",
    "cpu": "10 ms of computing",
    "payload": "nothing, with 10 KiB of payload",
}


@dataclass(frozen=True)
class Row:
    """One arm: its figures in the order of the columns."""

    arm: str
    system: str
    note: str
    figures: Sequence[Figure]
    cells: str


@dataclass(frozen=True)
class Group:
    """Rows that may be compared with each other."""

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """A table as the template draws it: (heading, unit) per column, rows in groups."""

    caption: str
    columns: Sequence[tuple[str, str]]
    groups: Sequence[Group]


def frame_of(
    joined: Joined, scenario: str, cases: Sequence[str], columns: Sequence[Column]
) -> pd.DataFrame:
    """Arms × metrics, a Figure in every place; columns of which no arm has anything are left out."""
    f = joined.frame[(joined.frame["scenario"] == scenario) & joined.frame["case"].isin(cases)]
    groups = {(str(arm), str(metric)): rows for (arm, metric), rows in f.groupby(["arm", "metric"])}
    arms = [arm for arm in joined.arms if arm in set(f["arm"])]
    wanted = [metric for metric, _ in columns if metric in set(f["metric"])]
    empty = f.iloc[:0]
    return pd.DataFrame(
        {
            metric: [figure(groups.get((arm, metric), empty), metric) for arm in arms]
            for metric in wanted
        },
        index=arms,
        dtype=object,
    )


def _table(
    joined: Joined,
    caption: str,
    columns: Sequence[Column],
    frames: Iterable[tuple[str, pd.DataFrame]],
    split: bool,
) -> Table | None:
    """Put the frames of some cases under each other; `split` parts each by guarantee."""
    kept = [(title, frame) for title, frame in frames if not frame.empty]
    present = [
        (metric, heading)
        for metric, heading in columns
        if any(metric in frame.columns for _, frame in kept)
    ]
    if not present:
        return None
    groups = [
        group
        for title, frame in kept
        for group in _groups(joined, title, frame, [metric for metric, _ in present], split)
    ]
    return Table(caption, [(heading, scale(metric)[0]) for metric, heading in present], groups)


def _groups(
    joined: Joined, title: str, frame: pd.DataFrame, metrics: Sequence[str], split: bool
) -> list[Group]:
    rows = [
        (str(joined.arms[str(arm)]["guarantee"]), _row(joined, str(arm), frame.loc[arm], metrics))
        for arm in frame.index
    ]
    kinds = sorted({kind for kind, _ in rows}, key=lambda kind: [k for k, _ in rows].index(kind))
    if not split:
        return [Group(title, [row for _, row in rows])]
    return [
        Group(f"{title} · {kind}" if title else kind, [row for k, row in rows if k == kind])
        for kind in kinds
    ]


def _row(joined: Joined, arm: str, line: "pd.Series[Any]", metrics: Sequence[str]) -> Row:
    found = [line.get(metric) for metric in metrics]
    figures = [
        item if isinstance(item, Figure) else Figure("–", verdict="missing") for item in found
    ]
    cells = list(dict.fromkeys(cell for item in figures for cell in item.cells.split(", ") if cell))
    return Row(
        arm,
        str(joined.arms[arm]["system"]),
        str(joined.arms[arm]["guarantee"]),
        figures,
        ", ".join(cells),
    )


def burst(joined: Joined) -> list[Table]:
    """Speed, then memory and cost per task."""
    frame = frame_of(joined, "burst", ("-", "bulk"), (*SPEED, *COST))
    found = [
        _table(joined, caption, columns, [("", frame)], True)
        for caption, columns in (("Speed", SPEED), ("Memory, and cost per task", COST))
    ]
    slow = [
        (case_title(case), frame_of(joined, "burst", (case,), SPEED[:2]))
        for case in joined.cases("burst")
        if case.startswith("rtt=")
    ]
    found.append(_table(joined, "Through a slow network", SPEED[:2], slow, True))
    return [table for table in found if table]


def latency(joined: Joined) -> list[Table]:
    """Capacity, then the percentiles case by case."""
    capacity = _table(
        joined,
        "Capacity",
        (("capacity", "Capacity"),),
        [("", frame_of(joined, "latency", ("capacity",), (("capacity", "Capacity"),)))],
        True,
    )
    cases = [case for case in joined.cases("latency") if case != "capacity"]
    percentiles = _table(
        joined,
        "Latency from the moment a task was due",
        LATENCY,
        [(case_title(case), frame_of(joined, "latency", (case,), LATENCY)) for case in cases],
        True,
    )
    return [table for table in (capacity, percentiles) if table]


def recovery(joined: Joined) -> list[Table]:
    """The times, then what became of the tasks, fault by fault."""
    cases = joined.cases("recovery")
    found = [
        _table(
            joined,
            caption,
            columns,
            [(case_title(case), frame_of(joined, "recovery", (case,), columns)) for case in cases],
            True,
        )
        for caption, columns in (
            ("Time from the fault until …", RECOVERY),
            ("What became of the tasks", FATES),
        )
    ]
    return [table for table in found if table]


def work(joined: Joined) -> list[Table]:
    """One table per kind of task, its numbers of workers under each other."""
    found = []
    for kind, about in KINDS.items():
        cases = [case for case in joined.cases("work") if case.startswith(f"{kind}/")]
        columns = [
            column
            for column in WORK
            if kind == "payload" or column[0] not in ("enqueue_rate", "broker_bytes_per_task")
        ]
        found.append(
            _table(
                joined,
                f"Tasks: {about}",
                columns,
                [(case_title(case), frame_of(joined, "work", (case,), columns)) for case in cases],
                True,
            )
        )
    return [table for table in found if table]


def result(joined: Joined) -> list[Table]:
    """One row per arm."""
    table = _table(
        joined,
        "One caller that waits for each result",
        RESULT,
        [("", frame_of(joined, "result", ("-",), RESULT))],
        True,
    )
    return [table] if table else []


def soak(joined: Joined) -> list[Table]:
    """One row per arm."""
    table = _table(
        joined,
        "What grows, and what idle workers cost",
        SOAK,
        [("", frame_of(joined, "soak", ("-",), SOAK))],
        True,
    )
    return [table] if table else []


def case_title(case: str) -> str:
    """A case as a heading."""
    if "/" in case:
        count = case.partition("/")[2]
        return f"{count} worker{'' if count == '1' else 's'}"
    kind, equals, value = case.partition("=")
    if not equals:
        return case
    return {"load": f"load {value} of capacity", "rtt": f"round trip {value} ms"}.get(
        kind, f"{value} tasks/s"
    )


TABLES = {
    "burst": burst,
    "latency": latency,
    "recovery": recovery,
    "work": work,
    "result": result,
    "soak": soak,
}


def anything(joined: Joined, scenario: str) -> list[Table]:
    """A scenario that this page does not know: every measure it has."""
    columns = tuple(
        (str(name), METRICS[str(name)].label)
        for name in dict.fromkeys(joined.frame.loc[joined.frame["scenario"] == scenario, "metric"])
        if name in METRICS
    )
    frames = [
        ("" if case == "-" else case_title(case), frame_of(joined, scenario, (case,), columns))
        for case in joined.cases(scenario)
    ]
    table = _table(joined, "Every measure", columns, frames, True)
    return [table] if table else []
