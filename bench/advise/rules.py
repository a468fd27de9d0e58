"""The rules: each requirement against one number of an arm.

The page's form runs this module too, translated: see `bench.advise.javascript` for what may stand
here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bench.advise.asked import Asked
from bench.advise.facts import ArmFacts, Known, RatePoint, WorkPoint
from bench.advise.sizing import Size, between, shorter, size
from bench.advise.wording import plain, short

FAULTS_THAT_COUNT: Final = ("lost", "stuck", "failed")


@dataclass(frozen=True)
class Check:
    """One requirement and what is known: `met` is None where nothing is known.

    `headroom`: how many times over it is met, where that can be said.
    """

    requirement: str
    met: bool | None
    text: str
    headroom: float | None = None


def checks(asked: Asked, arm: ArmFacts, known: Known) -> list[Check]:
    """Every requirement that was asked for, in their order."""
    found = [Check("brokers", arm["broker"] in asked.brokers, f"it runs on {arm['broker']}")]
    if asked.rate is not None:
        found.append(_rate(asked.rate, asked, arm, known))
    if asked.p99_ms is not None:
        found.append(_p99(asked.p99_ms, asked, arm, known))
    if asked.memory_mb is not None:
        found.append(_memory(asked.memory_mb, asked, arm, known))
    if not asked.may_lose:
        found.append(_never(arm, FAULTS_THAT_COUNT, "may_lose", "lost, stuck or failed"))
    if not asked.may_double:
        found.append(_never(arm, ("doubled",), "may_double", "run twice"))
    features = [_feature(name, arm, known) for name in asked.needs]
    return [*found, *features]


def sustained(task_ms: float, kind: str, rate: float, workers: int, cores: float) -> float:
    """Tasks per second that the measured slots could do if each task took so long.

    A slot needs the task's time and its own, which is what the measured rate leaves: workers ÷
    rate. Computing tasks have no more slots than cores.
    """
    if not task_ms:
        return rate
    slots = min(workers, cores) if kind == "cpu" else workers
    return slots / (workers / rate + task_ms / 1000)


def _rate(rate: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    points = arm["work"][asked.kind]
    if points and asked.task_ms >= known["work_ms"]:
        return _sized(rate, asked, points, known, size(asked, arm, known))
    task_ms = plain(asked.task_ms)
    if asked.workers not in (None, known["workers"]):
        text = f"tasks of {task_ms} ms were measured with {known['workers']} workers only"
        return Check("rate", None, text)
    if arm["rate"] is None:
        return Check("rate", None, "neither capacity nor burst was measured")
    empty, what, empty_cells = arm["rate"]["value"], arm["rate"]["what"], arm["rate"]["cells"]
    slots = f"with {known['workers']} slots"
    measured, cells = between(points, "rate", known["workers"])
    if asked.task_ms and measured is not None:
        most = shorter(empty, measured, known["work_ms"], asked.task_ms)
        text = f"{short(most)} tasks/s {slots}, between {what} (cell {empty_cells})"
        text += f" and {plain(known['work_ms'])} ms ({cells})"
        return Check("rate", most >= rate, text, most / rate)
    most = sustained(asked.task_ms, asked.kind, empty, known["workers"], known["cores"])
    text = f"{short(most)} tasks/s {slots} ({what}, cell {empty_cells})"
    if asked.task_ms:
        text += f", extrapolated: {short(empty)}/s of empty tasks"
        text += f", and {task_ms} ms more for each in its slot"
    return Check("rate", most >= rate, text, most / rate)


def _sized(
    rate: float, asked: Asked, points: Sequence[WorkPoint], known: Known, found: Size | None
) -> Check:
    measured = f"{points[0]['workers']} to {points[-1]['workers']}"
    if found is None:
        return Check("rate", None, f"measured with {measured} workers only")
    text = f"{short(found.rate)} tasks/s with {found.workers} workers ({found.cells})"
    if found.memory is not None:
        text += f", {short(found.memory)} MB"
    if not found.enough and not asked.workers:
        text = f"at most {text}, of {measured} that were measured"
    if asked.task_ms > known["work_ms"]:
        more = f"{plain(asked.task_ms - known['work_ms'])} ms more for each in its slot"
        how = "no more computing per second" if asked.kind == "cpu" else more
        text += f", extrapolated from tasks of {plain(known['work_ms'])} ms: {how}"
    return Check("rate", found.enough, text, found.rate / rate)


def at_rate(points: Sequence[RatePoint], rate: float) -> tuple[float | None, str]:
    """P99 at a rate, and the cells that it is from; None outside of the measured rates.

    It lies on a straight line between the two measured points around it. Beside a backlog that grew
    it is None as well.
    """
    if not points:
        return None, "latency was not measured"
    below = [point for point in points if point["rate"] <= rate]
    above = [point for point in points if point["rate"] >= rate]
    if not below or not above:
        measured = f"{short(points[0]['rate'])} to {short(points[-1]['rate'])}"
        return None, f"measured from {measured} tasks/s only"
    low, high = below[-1], above[0]
    if low["p99"] is None or high["p99"] is None:
        grew = low if low["p99"] is None else high
        return None, f"the backlog grew at {short(grew['rate'])} tasks/s"
    if high["rate"] == low["rate"]:
        return float(low["p99"]), f"cell {low['cells']}"
    share = (rate - low["rate"]) / (high["rate"] - low["rate"])
    value = low["p99"] + share * (high["p99"] - low["p99"])
    return float(value), f"between the cells {low['cells']} and {high['cells']}"


def _p99(p99_ms: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    if asked.rate is None:
        return Check("p99_ms", None, "a P99 needs a rate")
    if asked.task_ms:
        text = "the latency of empty tasks was measured, not that of longer ones"
        return Check("p99_ms", None, text)
    if asked.workers not in (None, known["workers"]):
        return Check("p99_ms", None, f"latency was measured with {known['workers']} workers only")
    found, why = at_rate(arm["p99"], asked.rate)
    if found is None:
        return Check("p99_ms", False if why.startswith("the backlog") else None, why)
    text = f"{short(found)} ms at {short(asked.rate)} tasks/s, {why}"
    return Check("p99_ms", found <= p99_ms, text, p99_ms / found)


def _memory(memory_mb: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    found = None if asked.rate is None and not asked.workers else size(asked, arm, known)
    if found is not None and found.memory is not None:
        text = f"{short(found.memory)} MB with {found.workers} workers ({found.cells})"
        return Check("memory_mb", found.memory <= memory_mb, text, memory_mb / found.memory)
    if asked.workers not in (None, known["workers"]):
        return Check("memory_mb", None, f"measured with {known['workers']} workers only")
    if arm["memory"] is None:
        return Check("memory_mb", None, "not measured")
    value = arm["memory"]["value"]
    text = f"{short(value)} MB in the burst (cell {arm['memory']['cells']})"
    return Check("memory_mb", value <= memory_mb, text, memory_mb / value)


def _never(
    arm: ArmFacts,
    fates: Sequence[Literal["lost", "doubled", "stuck", "failed"]],
    requirement: str,
    words: str,
) -> Check:
    """Over all core faults that were measured; none of few is told with how few."""
    if not arm["faults"]:
        return Check(requirement, None, "no fault was measured")
    bad = [
        f"{fault}: {seen[fate]} of {seen['hit']} {fate} (cell {seen['cells']})"
        for fault, seen in arm["faults"].items()
        for fate in fates
        if seen[fate]
    ]
    if bad:
        return Check(requirement, False, "; ".join(bad))
    hit = sum([seen["hit"] for seen in arm["faults"].values()])
    return Check(requirement, True, f"0 of {hit} {words} in {', '.join(arm['faults'].keys())}")


def _feature(name: str, arm: ArmFacts, known: Known) -> Check:
    outcome = known["features"].get(arm["system"], {}).get(name)
    if outcome is None:
        return Check(name, None, "not tried")
    if outcome == "unknown":
        return Check(name, None, "the trial came to no end")
    return Check(name, outcome in ("works", "partly"), outcome)
