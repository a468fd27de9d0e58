"""What is known of each arm, as plain JSON: the command and the report's form answer from it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from bench.advise.known import ArmFacts, BacklogPoint, FaultCounts, Known, RatePoint, WorkPoint
from bench.advise.requirement import CAPACITY, at_backlog, burst, measuring
from bench.analysis.arm_rates import ArmRate, ArmRates
from bench.analysis.dataset import FLOOR, Joined, workers_of
from bench.analysis.evidence import evidence
from bench.analysis.formatting import VERDICTS, Figure, figure
from bench.model.broker import family_of
from bench.model.fault import CORE
from bench.model.feature import FEATURES
from bench.model.machine_facts import usable_cores
from bench.model.manifest import ArmRecord
from bench.record.stored_features import Features
from scenarios.work import TASK_MS

KINDS = {"io": "sleep", "cpu": "cpu"}  # what is asked for → the kind of task that stands for it
BACKLOG = (
    "throughput",
    "worker_memory_peak_bytes",
    "broker_memory_peak_bytes",
    "worker_cpu_ms_per_task",
)


def facts(joined: Joined, features: Features | None) -> Known:
    """What the rules are held against.

    The floor is no choice, nor is an arm with a setting changed. Capacity, backlogs and P99 are
    those with as many workers as the run that was named first has.
    """
    first = joined.runs[0].manifest
    alike = _alike(joined)
    backlogs = _plain_bursts(alike)
    arms = [
        _arm(joined, alike, backlogs[backlogs["arm"] == name], name, about)
        for name, about in joined.arms.items()
        if about.system != FLOOR and not about.variant
    ]
    return {
        "workers": first.plan.workers,
        "cores": usable_cores(first.machine),
        "work_ms": TASK_MS,
        "backlog": _usual_backlog(arms),
        "arms": arms,
        "features": {
            system: {name: features.outcome(system, name) for name in FEATURES}
            for system in joined.systems
            if system != FLOOR
        }
        if features
        else {},
    }


def rates(known: Known) -> tuple[ArmRates, ArmRates]:
    """What is sustained, and what is drained of the backlog that most arms were measured at."""
    sustained = [
        _rate(arm, arm["capacity"]["value"] if arm["capacity"] else None) for arm in known["arms"]
    ]
    drained = [
        _rate(arm, points[0]["drain"] if points else None)
        for arm in known["arms"]
        for points in [at_backlog(known["backlog"], arm)]
    ]
    workers, tasks = known["workers"], known["backlog"]
    by, of = f"{workers} workers", f" from {tasks:,} tasks" if tasks else ""
    return (
        ArmRates(f"sustained by {by}", measuring(CAPACITY, workers), sustained),
        ArmRates(f"drained by {by}{of}", measuring(burst(tasks), workers), drained),
    )


def _rate(arm: ArmFacts, rate: float | None) -> ArmRate:
    return ArmRate(rate, arm["arm"], arm["broker"], arm["guarantee"])


def _alike(joined: Joined) -> Joined:
    """The same, without the runs that have another number of workers than the first."""
    workers = [run.manifest.plan.workers for run in joined.runs]
    places = [place for place, count in enumerate(workers) if count == workers[0]]
    every, frame = (rows[rows["place"].isin(places)] for rows in (joined.every, joined.frame))
    return replace(joined, every=every, frame=frame)


def _plain_bursts(joined: Joined) -> pd.DataFrame:
    """The measures of every burst that stands, with the size of its backlog as `tasks`.

    Where two runs measured an arm at one size, those of the run that was named first.
    """
    sizes = [joined.burst_tasks(place) for place in range(len(joined.runs))]
    every = joined.every
    rows = every[(every["stands"] == 1) & (every["scenario"] == "burst") & (every["case"] == "-")]
    rows = rows.assign(tasks=[sizes[place] for place in rows["place"]])
    first = rows.groupby(["arm", "tasks"])["place"].transform("min")
    return rows[rows["place"] == first]


def _usual_backlog(arms: Sequence[ArmFacts]) -> int | None:
    sizes = Counter(
        point["tasks"]
        for arm in arms
        for point in arm["backlogs"]
        if point["workers_mb"] is not None
    )
    return max(sizes, key=lambda tasks: (sizes[tasks], tasks), default=None)


def _arm(
    joined: Joined, alike: Joined, backlogs: pd.DataFrame, name: str, about: ArmRecord
) -> ArmFacts:
    capacity = figure(alike.rows("latency", "capacity", name, "capacity"), "capacity")
    sustained = _number(capacity)
    return {
        "arm": name,
        "system": about.system,
        "profile": about.profile,
        "broker": family_of(about.broker),
        "guarantee": about.guarantee,
        "results": about.results,
        "capacity": {"value": sustained, "cells": capacity.cells} if sustained else None,
        "backlogs": [_backlog(rows) for _, rows in backlogs.groupby("tasks")],
        "p99": sorted(_curve(alike, name), key=lambda point: point["rate"]),
        "faults": dict(_faults(joined, name)),
        "work": {asked: _work(joined, name, kind) for asked, kind in KINDS.items()},
    }


def _number(found: Figure, unit: float = 1.0) -> float | None:
    """The figure in such units; None where there is none, and for 0: the rules divide by it."""
    return found.value / unit if found.is_number and found.value else None


def _backlog(rows: pd.DataFrame) -> BacklogPoint:
    drain, workers, broker, cpu = (
        figure(rows[rows["metric"] == metric], metric) for metric in BACKLOG
    )
    return {
        "tasks": int(rows["tasks"].iloc[0]),
        "drain": _number(drain),
        "workers_mb": _number(workers, 1e6),
        "broker_mb": 0.0 if broker.verdict == "not_offered" else _number(broker, 1e6),
        "cpu_ms": _number(cpu),
        "cells": workers.cells,
    }


def _work(joined: Joined, name: str, kind: str) -> list[WorkPoint]:
    """Rate and memory over the number of workers, rising; N is that of the run."""
    points: dict[int, WorkPoint] = {}
    for case in (case for case in joined.cases("work") if case.startswith(f"{kind}/")):
        found, memory = (
            figure(joined.rows("work", case, name, metric), metric)
            for metric in ("throughput", "worker_memory_peak_bytes")
        )
        rate = _number(found)
        if rate is not None:
            workers = workers_of(joined, case)
            points[workers] = {
                "workers": workers,
                "rate": rate,
                "workers_mb": _number(memory, 1e6),
                "cells": found.cells,
            }
    return [points[workers] for workers in sorted(points)]


def _curve(alike: Joined, name: str) -> Iterator[RatePoint]:
    """P99 at each fixed rate. A load is another rate for each arm: arms cannot meet at one."""
    for case in alike.cases("latency"):
        kind, _, value = case.partition("=")
        found = figure(alike.rows("latency", case, name, "latency_p99_ms"), "latency_p99_ms")
        if kind == "rate" and found.verdict in ("ok", "unbounded", "withheld"):
            yield {
                "rate": float(value),
                "p99": found.value if found.verdict == "ok" else None,
                "grew": found.verdict == "unbounded",
                "withheld": (found.note or VERDICTS["withheld"])
                if found.verdict == "withheld"
                else "",
                "cells": found.cells,
            }


def _faults(joined: Joined, name: str) -> Iterator[tuple[str, FaultCounts]]:
    for fault in CORE:
        seen = evidence(joined, fault, name)
        if seen:
            yield (
                fault,
                {
                    "lost": seen.hit["lost"],
                    "doubled": seen.hit["doubled"],
                    "stuck": seen.hit["stuck"],
                    "failed": seen.hit["failed"],
                    "hit": sum(seen.hit.values()),
                    "refused": seen.refused,
                    "strikes": seen.strikes,
                    "harmless": seen.harmless,
                    "cells": seen.cell,
                },
            )
