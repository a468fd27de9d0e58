"""What is known of each arm, as plain JSON: the command and the report's form answer from it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from bench.analysis.dataset import FLOOR, Joined, workers_of
from bench.analysis.evidence import RULE_OF_THREE, evidence
from bench.analysis.formatting import Figure, figure
from bench.model.broker import family_of
from bench.model.fault import CORE
from bench.model.feature import FEATURES
from bench.model.machine_facts import usable_cores
from bench.model.manifest import ArmRecord
from bench.record.stored_features import Features
from scenarios.work import TASK_MS

KNOWN = ("ok", "beyond")
KINDS = {"io": "sleep", "cpu": "cpu"}  # what is asked for → the kind of task that stands for it


class CellNumber(TypedDict):
    """A number, what was measured for it, and the cells behind it."""

    value: float
    what: str
    cells: str


class WorkPoint(TypedDict):
    """What so many workers do of tasks that take time; `memory` in MB, None where not known."""

    workers: int
    rate: float
    memory: float | None
    cells: str


class RatePoint(TypedDict):
    """P99 in ms at a rate; None where the backlog grew."""

    rate: float
    p99: float | None
    case: str
    cells: str


class FaultCounts(TypedDict):
    """How many tasks that a fault hit were lost, doubled, left stuck or failed, of how many.

    `below`: the share that may be hit so all the same, where so few tasks show none.
    """

    lost: int
    doubled: int
    stuck: int
    failed: int
    hit: int
    below: float | None
    cells: str


class ArmFacts(TypedDict):
    """An arm: `work` by what is asked for, workers rising; `p99` with the rate rising."""

    arm: str
    system: str
    profile: str
    broker: str
    guarantee: str
    rate: CellNumber | None
    memory: CellNumber | None
    p99: Sequence[RatePoint]
    faults: Mapping[str, FaultCounts]
    work: Mapping[str, Sequence[WorkPoint]]


class Known(TypedDict):
    """The size of the runs, every arm, and system → feature → outcome."""

    workers: int
    cores: float
    work_ms: float
    arms: Sequence[ArmFacts]
    features: Mapping[str, Mapping[str, str | None]]


def facts(joined: Joined, features: Features | None) -> Known:
    """What the rules are held against.

    The floor is no choice, nor is an arm with a setting changed.
    """
    first = joined.runs[0].manifest
    return {
        "workers": first.plan.workers,
        "cores": usable_cores(first.machine),
        "work_ms": TASK_MS,
        "arms": [
            _arm(joined, name, about)
            for name, about in joined.arms.items()
            if about.system != FLOOR and not about.variant
        ],
        "features": {
            system: {name: features.outcome(system, name) for name in FEATURES}
            for system in joined.systems
            if system != FLOOR
        }
        if features
        else {},
    }


def rates(known: Known) -> list[tuple[float, str, str]]:
    """(tasks per second, arm, broker) of every arm that has a rate, the fastest first."""
    arms = [(arm, arm["rate"]) for arm in known["arms"]]
    return sorted(
        ((rate["value"], arm["arm"], arm["broker"]) for arm, rate in arms if rate), reverse=True
    )


def _arm(joined: Joined, name: str, about: ArmRecord) -> ArmFacts:
    capacity = figure(joined.rows("latency", "capacity", name, "capacity"), "capacity")
    burst = figure(joined.rows("burst", "-", name, "throughput"), "throughput")
    measured = capacity.verdict in KNOWN and capacity.value
    memory, cells = _peaks(joined, "burst", "-", name)
    return {
        "arm": name,
        "system": about.system,
        "profile": about.profile,
        "broker": family_of(about.broker),
        "guarantee": about.guarantee,
        "rate": _number(capacity, "capacity") if measured else _number(burst, "burst"),
        "memory": None if memory is None else {"value": memory, "what": "burst", "cells": cells},
        "p99": sorted(_curve(joined, name, capacity), key=lambda point: point["rate"]),
        "faults": dict(_faults(joined, name)),
        "work": {asked: _work(joined, name, kind) for asked, kind in KINDS.items()},
    }


def _number(found: Figure, what: str) -> CellNumber | None:
    """A figure with the cells behind it; None where there is no number."""
    return (
        {"value": found.value, "what": what, "cells": found.cells}
        if found.verdict in KNOWN and found.value is not None
        else None
    )


def _peaks(joined: Joined, scenario: str, case: str, name: str) -> tuple[float | None, str]:
    """MB of workers and broker at their peaks, and the cells.

    For a broker without a server of its own the workers alone.
    """
    workers, broker = (
        figure(joined.rows(scenario, case, name, metric), metric)
        for metric in ("worker_memory_peak_bytes", "broker_memory_peak_bytes")
    )
    if workers.value is None or (broker.value is None and broker.verdict != "not_offered"):
        return None, ""
    return (workers.value + (broker.value or 0.0)) / 1e6, workers.cells


def _work(joined: Joined, name: str, kind: str) -> list[WorkPoint]:
    """Rate and memory over the number of workers, rising; N is that of the run."""
    points: dict[int, WorkPoint] = {}
    for case in (case for case in joined.cases("work") if case.startswith(f"{kind}/")):
        found = figure(joined.rows("work", case, name, "throughput"), "throughput")
        if found.verdict in KNOWN and found.value is not None:
            workers = workers_of(joined, case)
            points[workers] = {
                "workers": workers,
                "rate": found.value,
                "memory": _peaks(joined, "work", case, name)[0],
                "cells": found.cells,
            }
    return [points[workers] for workers in sorted(points)]


def _curve(joined: Joined, name: str, capacity: Figure) -> Iterator[RatePoint]:
    """P99 at each rate: a load is a share of the capacity."""
    units = {"load": capacity.value, "rate": 1.0}
    for case in joined.cases("latency"):
        kind, _, value = case.partition("=")
        unit = units.get(kind)
        found = figure(joined.rows("latency", case, name, "latency_p99_ms"), "latency_p99_ms")
        if unit is not None and found.verdict in ("ok", "unbounded"):
            yield {
                "rate": float(value) * unit,
                "p99": found.value if found.verdict == "ok" else None,
                "case": case,
                "cells": found.cells,
            }


def _faults(joined: Joined, name: str) -> Iterator[tuple[str, FaultCounts]]:
    for fault in CORE:
        seen = evidence(joined, fault, name)
        if seen:
            hit = sum(seen.hit.values())
            yield (
                fault,
                {
                    "lost": seen.hit["lost"],
                    "doubled": seen.hit["doubled"],
                    "stuck": seen.hit["stuck"],
                    "failed": seen.hit["failed"],
                    "hit": hit,
                    "below": round(min(1.0, RULE_OF_THREE / hit), 3) if hit else None,
                    "cells": seen.cell,
                },
            )
