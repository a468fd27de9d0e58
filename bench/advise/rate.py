"""The rule of the rate: capacity for empty tasks, drains for tasks that take time.

The page's form runs this module too, translated: see `bench.advise.javascript` for what may stand
here.
"""

from bench.advise.asked import Asked
from bench.advise.known import ArmFacts, Known
from bench.advise.requirement import CAPACITY, Check, at_backlog, burst, is_worked, unknown, work
from bench.advise.sizing import between, ceiling, shorter, size, sustained
from bench.advise.wording import plain, short


def rate_check(rate: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    """Tasks per second: arithmetic first, then the one measure that is asked of every arm."""
    most = ceiling(asked, known["cores"])
    if most is not None and most < rate:
        full = "cores" if asked.kind == "cpu" else "workers"
        text = f"{short(most)} tasks/s of {plain(asked.task_ms)} ms fill the {full}"
        return Check("rate", False, f"{text}, whoever hands them out", most / rate)
    if asked.task_ms >= known["work_ms"] and is_worked(asked, known):
        return _by_work(rate, asked, arm, known)
    return _by_capacity(rate, asked, arm, known)


def _by_work(rate: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    points, work_ms = arm["work"][asked.kind], known["work_ms"]
    if not points:
        why = f"no tasks of {plain(work_ms)} ms were measured"
        return unknown("rate", why, work(asked.kind), known["workers"], [arm["arm"]])
    measured = f"{points[0]['workers']} to {points[-1]['workers']}"
    found = size(asked, arm, known)
    if found is None:
        return Check("rate", None, f"not known, measured with {measured} workers only")
    text = f"{short(found.rate)} tasks/s drained by {found.workers} workers ({found.cells})"
    if found.workers_mb is not None:
        text += f", which take {short(found.workers_mb)} MB"
    if not found.enough and not asked.workers:
        text = f"at most {text}, of {measured} that were measured"
    if asked.task_ms > work_ms:
        more = f"{plain(asked.task_ms - work_ms)} ms more for each in its slot"
        how = "no more computing per second" if asked.kind == "cpu" else more
        text += f", extrapolated from tasks of {plain(work_ms)} ms: {how}"
    return Check("rate", found.enough, text, found.rate / rate)


def _by_capacity(rate: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    workers = asked.workers if asked.workers else known["workers"]
    if workers != known["workers"]:
        why = f"measured with {known['workers']} workers only"
        return unknown("rate", why, CAPACITY, workers, [arm["arm"]])
    if arm["capacity"] is None:
        return unknown("rate", "no capacity was measured", CAPACITY, workers, [arm["arm"]])
    capacity, cells = arm["capacity"]["value"], arm["capacity"]["cells"]
    if not asked.task_ms:
        text = f"{short(capacity)} tasks/s sustained by {workers} workers (capacity, cell {cells})"
        return Check("rate", capacity >= rate, text, capacity / rate)
    if is_worked(asked, known):
        return _shorter_than_work(rate, asked, arm, known, capacity)
    if asked.kind == "cpu":
        # Threads of one interpreter take turns: from empty tasks none of these follows.
        why = "no computing tasks were measured"
        return unknown("rate", why, work(asked.kind), workers, [arm["arm"]])
    most = sustained(asked.task_ms, capacity, workers)
    text = f"{short(most)} tasks/s with {workers} workers, extrapolated from {short(capacity)}"
    text += f" empty ones (capacity, cell {cells}): {plain(asked.task_ms)} ms more for each"
    return Check("rate", most >= rate, f"{text} in its slot", most / rate)


def _shorter_than_work(
    rate: float, asked: Asked, arm: ArmFacts, known: Known, capacity: float
) -> Check:
    """From a drain of empty tasks to one of longer ones, and no more than the capacity.

    Drains alone would allow of a task of next to nothing what the capacity forbids.
    """
    workers, work_ms = known["workers"], known["work_ms"]
    measured, cells = between(arm["work"][asked.kind], "rate", workers)
    if measured is None:
        why = f"no tasks of {plain(work_ms)} ms were measured with {workers} workers"
        return unknown("rate", why, work(asked.kind), workers, [arm["arm"]])
    points = at_backlog(known["backlog"], arm)
    empty = points[0]["drain"] if points else None
    if empty is None:
        why = "the drain of such a backlog was not measured"
        return unknown("rate", why, burst(known["backlog"]), workers, [arm["arm"]])
    drained = shorter(empty, measured, work_ms, asked.task_ms)
    most = min(capacity, drained)
    text = f"{short(most)} tasks/s with {workers} workers: the lesser of the capacity,"
    text += f" {short(capacity)}, and what is drained, {short(drained)}, between"
    text += f" {known['backlog']} empty tasks (cell {points[0]['cells']}) and tasks of"
    return Check("rate", most >= rate, f"{text} {plain(work_ms)} ms ({cells})", most / rate)
