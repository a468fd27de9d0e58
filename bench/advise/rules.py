"""The rules: each requirement against one number of an arm. A few lines of JavaScript in the report do the same; a test compares them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.advise.asked import Asked
from bench.advise.sizing import Size, between, shorter, size

Arm = Mapping[str, Any]
FAULTS_THAT_COUNT = ("lost", "stuck", "failed")
TIE = 1.1  # headrooms within 10 % of each other are ties


@dataclass(frozen=True)
class Check:
    """One requirement and what is known: met is None where nothing is known. `headroom`: how many times over it is met."""

    requirement: str
    met: bool | None
    text: str
    headroom: float | None = None


def checks(asked: Asked, arm: Arm, known: Mapping[str, Any]) -> list[Check]:
    """Every requirement that was asked for, in their order."""
    found = [_broker(asked, arm)]
    if asked.rate is not None:
        found.append(_rate(asked, arm, known))
    if asked.p99_ms is not None:
        found.append(_p99(asked, arm, known))
    if asked.memory_mb is not None:
        found.append(_memory(asked, arm, known))
    if not asked.may_lose:
        found.append(_never(arm, FAULTS_THAT_COUNT, "may_lose", "lost, stuck or failed"))
    if not asked.may_double:
        found.append(_never(arm, ("doubled",), "may_double", "run twice"))
    return found + [_feature(name, arm, known) for name in asked.needs]


def _broker(asked: Asked, arm: Arm) -> Check:
    return Check("brokers", arm["broker"] in asked.brokers, f"it runs on {arm['broker']}")


def sustained(task_ms: float, kind: str, rate: float, workers: int, cores: float) -> float:
    """Tasks per second that the measured slots could do if each task took so long: a slot needs the task's time and its own.

    Its own time is what the measured rate leaves: workers ÷ rate. Computing tasks have no more slots than cores.
    """
    if not task_ms:
        return rate
    slots = min(workers, cores) if kind == "cpu" else workers
    return slots / (workers / rate + task_ms / 1000)


def _rate(asked: Asked, arm: Arm, known: Mapping[str, Any]) -> Check:
    assert asked.rate is not None
    points = arm["work"][asked.kind]
    if points and asked.task_ms >= known["work_ms"]:
        return _sized(asked, points, known, size(asked, arm, known))
    if asked.workers not in (None, known["workers"]):
        return Check(
            "rate",
            None,
            f"tasks of {asked.task_ms:g} ms were measured with {known['workers']} workers only",
        )
    if arm["rate"] is None:
        return Check("rate", None, "neither capacity nor burst was measured")
    measured, cells = between(points, "rate", known["workers"])
    if asked.task_ms and measured is not None:
        most = shorter(arm["rate"]["value"], measured, known["work_ms"], asked.task_ms)
        text = f"{most:,.4g} tasks/s with {known['workers']} slots, between {arm['rate']['what']} (cell {arm['rate']['cells']})"
        text += f" and {known['work_ms']:g} ms ({cells})"
        return Check("rate", most >= asked.rate, text, most / asked.rate)
    most = sustained(
        asked.task_ms, asked.kind, arm["rate"]["value"], known["workers"], known["cores"]
    )
    text = f"{most:,.4g} tasks/s with {known['workers']} slots ({arm['rate']['what']}, cell {arm['rate']['cells']})"
    if asked.task_ms:
        text += f", extrapolated: {arm['rate']['value']:,.4g}/s of empty tasks, and {asked.task_ms:g} ms more for each in its slot"
    return Check("rate", most >= asked.rate, text, most / asked.rate)


def _sized(
    asked: Asked, points: Sequence[Mapping[str, Any]], known: Mapping[str, Any], found: Size | None
) -> Check:
    assert asked.rate is not None
    if found is None:
        return Check(
            "rate",
            None,
            f"measured with {points[0]['workers']} to {points[-1]['workers']} workers only",
        )
    text = f"{found.rate:,.4g} tasks/s with {found.workers} workers ({found.cells})" + (
        "" if found.memory is None else f", {found.memory:,.4g} MB"
    )
    if not found.enough and not asked.workers:
        text = f"at most {text}, of {points[0]['workers']} to {points[-1]['workers']} that were measured"
    if asked.task_ms > known["work_ms"]:
        how = (
            "no more computing per second"
            if asked.kind == "cpu"
            else f"{asked.task_ms - known['work_ms']:g} ms more for each in its slot"
        )
        text += f", extrapolated from tasks of {known['work_ms']:g} ms: {how}"
    return Check("rate", found.enough, text, found.rate / asked.rate)


def at_rate(points: Sequence[Mapping[str, Any]], rate: float) -> tuple[float | None, str]:
    """P99 at a rate, by a straight line between the two measured points around it; None outside of them or beside a backlog that grew."""
    below = [point for point in points if point["rate"] <= rate]
    above = [point for point in points if point["rate"] >= rate]
    if not below or not above:
        return (
            None,
            f"measured from {points[0]['rate']:,.4g} to {points[-1]['rate']:,.4g} tasks/s only"
            if points
            else "latency was not measured",
        )
    low, high = below[-1], above[0]
    if low["p99"] is None or high["p99"] is None:
        return (
            None,
            f"the backlog grew at {(low if low['p99'] is None else high)['rate']:,.4g} tasks/s",
        )
    if high["rate"] == low["rate"]:
        return float(low["p99"]), f"cell {low['cells']}"
    share = (rate - low["rate"]) / (high["rate"] - low["rate"])
    return float(
        low["p99"] + share * (high["p99"] - low["p99"])
    ), f"between the cells {low['cells']} and {high['cells']}"


def _p99(asked: Asked, arm: Arm, known: Mapping[str, Any]) -> Check:
    assert asked.p99_ms is not None
    if asked.rate is None:
        return Check("p99_ms", None, "a P99 needs a rate")
    if asked.task_ms:
        return Check(
            "p99_ms", None, "the latency of empty tasks was measured, not that of longer ones"
        )
    if asked.workers not in (None, known["workers"]):
        return Check("p99_ms", None, f"latency was measured with {known['workers']} workers only")
    found, why = at_rate(arm["p99"], asked.rate)
    if found is None:
        return Check("p99_ms", False if why.startswith("the backlog") else None, why)
    return Check(
        "p99_ms",
        found <= asked.p99_ms,
        f"{found:,.4g} ms at {asked.rate:,.4g} tasks/s, {why}",
        asked.p99_ms / found,
    )


def _memory(asked: Asked, arm: Arm, known: Mapping[str, Any]) -> Check:
    assert asked.memory_mb is not None
    found = size(asked, arm, known) if asked.rate is not None or asked.workers else None
    if found is not None and found.memory is not None:
        text = f"{found.memory:,.4g} MB with {found.workers} workers ({found.cells})"
        return Check(
            "memory_mb", found.memory <= asked.memory_mb, text, asked.memory_mb / found.memory
        )
    if asked.workers not in (None, known["workers"]):
        return Check("memory_mb", None, f"measured with {known['workers']} workers only")
    if arm["memory"] is None:
        return Check("memory_mb", None, "not measured")
    value = arm["memory"]["value"]
    return Check(
        "memory_mb",
        value <= asked.memory_mb,
        f"{value:,.4g} MB in the burst (cell {arm['memory']['cells']})",
        asked.memory_mb / value,
    )


def _never(arm: Arm, fates: Sequence[str], requirement: str, words: str) -> Check:
    """Over all core faults that were measured; none of few is told with its bound."""
    if not arm["faults"]:
        return Check(requirement, None, "no fault was measured")
    bad = [
        f"{fault}: {count} of {seen['hit']} {fate} (cell {seen['cells']})"
        for fault, seen in arm["faults"].items()
        for fate in fates
        if (count := seen[fate])
    ]
    if bad:
        return Check(requirement, False, "; ".join(bad))
    hit = sum(seen["hit"] for seen in arm["faults"].values())
    return Check(requirement, True, f"0 of {hit} {words} in {', '.join(arm['faults'])}")


def _feature(name: str, arm: Arm, known: Mapping[str, Any]) -> Check:
    outcome = known["features"].get(arm["system"], {}).get(name)
    if outcome is None or outcome == "unknown":
        return Check(name, None, "not tried" if outcome is None else "the trial came to no end")
    return Check(name, outcome in ("works", "partly"), outcome)
