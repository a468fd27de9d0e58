"""In what order tasks run: priorities, several queues, workflows (pipelines, groups, chords)."""

import time
from typing import Any

from huey.exceptions import HueyException, TaskException

from adapters.huey.features import steps
from bench.inprocess.trials import workflows
from bench.inprocess.trials.calling import busy
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.priorities import order, routed
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.workflows import CHAIN, WIDE

TRIALS = Trials()
SLOTS = ("-w", "2")


@TRIALS.each(
    "priority.levels", {name: name for name in ("RedisHuey", "PriorityRedisHuey", "SqliteHuey")}
)
def priority(storage: str, lab: Lab) -> Observation:
    """Shown by `priority`."""
    system = steps.ready(lab, "-q", storage=storage, path=str(lab.folder / "huey.sqlite3"))
    busy(system, 1.5)
    try:
        return order(
            lab, lambda level: system.enqueue("touch", "level", level=level, priority=level)
        )
    except (HueyException, NotImplementedError) as error:
        return {"refused": f"{storage}: {error}"}


@TRIALS.of("queues.routing")
def routing(lab: Lab) -> Observation:
    """A queue is an instance: two of them, a consumer for each."""
    system = steps.Tried(lab)
    tasks = {"huey": system.module.TASKS, "second": system.module.SECOND}
    workers = {name: system.consumer(instance=name) for name in tasks}
    return routed(lab, workers, lambda name: tasks[name]["touch"]("routed", queue=name))


# A consumer serves one instance, and so one queue: no option names queues.
TRIALS.lack("queues.starvation", r"queue", steps.flags_of)


def _last(system: steps.Tried, flow: Any) -> Any:
    """The result of the last task of a pipeline."""
    return system.value(list(system.huey.enqueue(flow))[-1])


def _wide(system: steps.Tried) -> list[Any]:
    return [system.task("step").s(number, number) for number in range(WIDE)]


@TRIALS.of("flow.chain")
def chain(lab: Lab) -> Observation:
    """Shown by `then`."""
    system = steps.ready(lab, *SLOTS)
    step = system.task("step")

    def run() -> object:
        flow = step.s(0, 0)
        for number in range(1, CHAIN):
            # The result before comes in as the next positional argument.
            flow = flow.then(step, number=number)
        return _last(system, flow)

    return workflows.chain(system, run, passes=True)


@TRIALS.of("flow.group")
def group(lab: Lab) -> Observation:
    """Shown by `group`."""
    from huey.api import group as make

    system = steps.ready(lab, *SLOTS)
    return workflows.group(
        system,
        lambda: list(system.value(system.huey.enqueue(make(_wide(system))))),
        together=True,
    )


@TRIALS.of("flow.chord")
def chord(lab: Lab) -> Observation:
    """Shown by `chord`."""
    from huey.api import chord as make

    system = steps.ready(lab, *SLOTS)
    total = system.task("total")
    return workflows.chord(
        system,
        lambda: system.value(system.huey.enqueue(make(_wide(system), total.s()))),
        passes=True,
    )


@TRIALS.of("flow.nested", "pipelines inside of a chord")
def pipelines(lab: Lab) -> Observation:
    """((0+1)+1) + ((0+1)+1), then + 1."""
    from huey.api import chord as wide

    system = steps.ready(lab, *SLOTS)
    step, total = system.task("step"), system.task("total")
    flow = wide([step.s(0, 0).then(step, number=number) for number in (1, 2)], total.s()).then(
        step, number=3
    )
    last = list(system.huey.enqueue(flow).pipeline_results)[-1]
    return workflows.nested(system.value(last), passes=True)


@TRIALS.of("flow.nested", "a group behind a step")
def nested(lab: Lab) -> Observation:
    """A group inside of a pipeline, as it would be written."""
    from huey.api import chord as wide

    system = steps.ready(lab, *SLOTS)
    step, total = system.task("step"), system.task("total")
    try:
        flow = step.s(0, 0).then(wide([step.s(number=1), step.s(number=2)], total.s()))
        return {"value": _last(system, flow), "expected": 4, "passes": True}
    except (TypeError, AttributeError, ValueError) as error:
        return {"refused": f"{type(error).__name__}: {error}"}


@TRIALS.of("flow.error")
def error(lab: Lab) -> Observation:
    """One task fails, with another behind it, and an error handler."""
    system = steps.ready(lab, *SLOTS)
    step = system.task("step")
    failing = system.task("boom").s().error(system.task("touch")).then(step, number=99)
    results = list(system.huey.enqueue(step.s(0, 0).then(failing)))
    lab.wait(1, "boom")
    time.sleep(0.5)
    learnt = ""
    try:
        system.value(results[-1], 1)
    except TaskException as raised:
        learnt = str(raised)
    except steps.TimedOut:
        pass
    handled = any(
        mark["name"] not in ("step", "boom") and not mark["name"].startswith("ready")
        for mark in lab.marks()
    )
    return workflows.error(lab, learnt, handled)
