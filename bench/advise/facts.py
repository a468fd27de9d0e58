"""What is known of each arm, as plain JSON: the command and the report's form answer from it."""

from typing import Any

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


def facts(joined: Joined, features: Features | None) -> dict[str, Any]:
    """{workers, cores, work_ms, arms: [...], features: {system: {name: outcome}}}.

    The floor is no choice, nor is an arm with a setting changed.
    """
    systems = [name for name in joined.systems if name != FLOOR]
    arms = [
        _arm(joined, name, about)
        for name, about in joined.arms.items()
        if about.system != FLOOR and not about.variant
    ]
    first = joined.runs[0].manifest
    outcomes = (
        {system: {name: features.outcome(system, name) for name in FEATURES} for system in systems}
        if features
        else {}
    )
    size = {"workers": first.plan.workers, "cores": usable_cores(first.machine), "work_ms": TASK_MS}
    return size | {"arms": arms, "features": outcomes}


def _arm(joined: Joined, name: str, about: ArmRecord) -> dict[str, Any]:
    capacity = figure(joined.rows("latency", "capacity", name, "capacity"), "capacity")
    burst = figure(joined.rows("burst", "-", name, "throughput"), "throughput")
    rate = capacity if capacity.verdict in KNOWN and capacity.value else burst
    return {
        "arm": name,
        "system": about.system,
        "profile": about.profile,
        "broker": family_of(about.broker),
        "guarantee": about.guarantee,
        "rate": _number(rate, "capacity" if rate is capacity else "burst"),
        "memory": _memory(joined, name),
        "p99": _curve(joined, name, capacity),
        "faults": _faults(joined, name),
        "work": {asked: _work(joined, name, kind) for asked, kind in KINDS.items()},
    }


def _number(found: Figure, what: str) -> dict[str, Any] | None:
    """A figure with the cells behind it; None where there is no number."""
    return (
        {"value": found.value, "what": what, "cells": found.cells}
        if found.verdict in KNOWN and found.value is not None
        else None
    )


def _memory(joined: Joined, name: str) -> dict[str, Any] | None:
    """Workers and broker at their peaks in the burst."""
    megabytes, cells = _peaks(joined, "burst", "-", name)
    return None if megabytes is None else {"value": megabytes, "what": "burst", "cells": cells}


def _peaks(joined: Joined, scenario: str, case: str, name: str) -> tuple[float | None, str]:
    """MB of workers and broker at their peaks, and the cells.

    For a broker without a server of its own the workers alone.
    """
    metrics = [f"{who}_memory_peak_bytes" for who in ("worker", "broker")]
    workers, broker = (
        figure(joined.rows(scenario, case, name, metric), metric) for metric in metrics
    )
    if workers.value is None or (broker.value is None and broker.verdict != "not_offered"):
        return None, ""
    return (workers.value + (broker.value or 0.0)) / 1e6, workers.cells


def _work(joined: Joined, name: str, kind: str) -> list[dict[str, Any]]:
    """Rate and memory over the number of workers, rising; N is that of the run."""
    points = {}
    for case in joined.cases("work"):
        found = figure(joined.rows("work", case, name, "throughput"), "throughput")
        if not case.startswith(f"{kind}/") or found.verdict not in KNOWN or found.value is None:
            continue
        workers = workers_of(joined, case)
        points[workers] = {
            "workers": workers,
            "rate": found.value,
            "memory": _peaks(joined, "work", case, name)[0],
            "cells": found.cells,
        }
    return [points[workers] for workers in sorted(points)]


def _curve(joined: Joined, name: str, capacity: Figure) -> list[dict[str, Any]]:
    """P99 over the rate, in rising order of the rate; `p99` None where the backlog grew."""
    points = []
    for case in joined.cases("latency"):
        kind, _, value = case.partition("=")
        if kind == "load" and capacity.value is not None:
            rate = float(value) * capacity.value
        elif kind == "rate":
            rate = float(value)
        else:
            continue
        found = figure(joined.rows("latency", case, name, "latency_p99_ms"), "latency_p99_ms")
        if found.verdict in ("ok", "unbounded"):
            points.append(
                {
                    "rate": rate,
                    "p99": found.value if found.verdict == "ok" else None,
                    "case": case,
                    "cells": found.cells,
                }
            )
    return sorted(points, key=lambda point: point["rate"])


def _faults(joined: Joined, name: str) -> dict[str, dict[str, Any]]:
    """Core fault → how many tasks that it hit were lost, doubled, left stuck or failed.

    `below`: the share that may be hit so all the same, where so few tasks show none.
    """
    found: dict[str, dict[str, Any]] = {}
    for fault in CORE:
        seen = evidence(joined, fault, name)
        if seen:
            hit = sum(seen.hit.values())
            counts = {fate: seen.hit[fate] for fate in ("lost", "doubled", "stuck", "failed")}
            found[fault] = {
                **counts,
                "hit": hit,
                "below": round(min(1.0, RULE_OF_THREE / hit), 3) if hit else None,
                "cells": seen.cell,
            }
    return found
