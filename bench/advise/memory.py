"""The rule of the memory: that of the workers, and of a broker with one backlog for every arm.

The page's form runs this module too, translated: see `bench.advise.javascript` for what may stand
here.
"""

from bench.advise.asked import Asked
from bench.advise.known import ArmFacts, Known
from bench.advise.requirement import Check, at_backlog, burst, is_worked, unknown, work
from bench.advise.sizing import size
from bench.advise.wording import plain, short


def memory_check(memory_mb: float, asked: Asked, arm: ArmFacts, known: Known) -> Check:
    """MB at their peaks: the backlog is the one that was asked for, or that most arms have.

    For tasks that take time, with as many workers as it takes.
    """
    tasks = asked.backlog if asked.backlog else known["backlog"]
    points = at_backlog(tasks, arm)
    workers_mb = points[0]["workers_mb"] if points else None
    broker_mb = points[0]["broker_mb"] if points else None
    if workers_mb is None or broker_mb is None:
        what = "of a backlog" if tasks is None else f"at a backlog of {tasks} tasks"
        why = f"no memory {what} was measured"
        return unknown("memory_mb", why, burst(tasks), known["workers"], [arm["arm"]])
    at = f"broker {short(broker_mb)} at a backlog of {tasks} tasks (cell {points[0]['cells']})"
    sized = asked.rate is not None or asked.workers is not None
    if sized and asked.task_ms >= known["work_ms"] and is_worked(asked, known):
        return _with_its_workers(memory_mb, asked, arm, known, broker_mb, at)
    workers = asked.workers if asked.workers else known["workers"]
    if workers != known["workers"]:
        why = f"measured with {known['workers']} workers only"
        return unknown("memory_mb", why, burst(tasks), workers, [arm["arm"]])
    value = workers_mb + broker_mb
    text = f"{short(value)} MB: {workers} workers {short(workers_mb)}, {at}{_kept(arm)}"
    return Check("memory_mb", value <= memory_mb, text, memory_mb / value)


def _with_its_workers(
    memory_mb: float, asked: Asked, arm: ArmFacts, known: Known, broker_mb: float, at: str
) -> Check:
    points = arm["work"][asked.kind]
    found = size(asked, arm, known)
    if points and found is None:
        measured = f"{points[0]['workers']} to {points[-1]['workers']}"
        return Check("memory_mb", None, f"not known, measured with {measured} workers only")
    if found is None or found.workers_mb is None:
        why = f"no memory of workers with tasks of {plain(known['work_ms'])} ms was measured"
        return unknown("memory_mb", why, work(asked.kind), known["workers"], [arm["arm"]])
    value = found.workers_mb + broker_mb
    text = f"{short(value)} MB: {found.workers} workers {short(found.workers_mb)} ({found.cells})"
    return Check("memory_mb", value <= memory_mb, f"{text}, {at}{_kept(arm)}", memory_mb / value)


def _kept(arm: ArmFacts) -> str:
    """What a backlog leaves out: the results of a steady load pile up until they expire."""
    return "; results kept of more tasks than that are not in it" if arm["results"] else ""
