"""Trials of Huey's workflows: pipelines, groups, chords."""

import time
from typing import Any

from adapters.huey.features import steps
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.workflows import CHAIN, WIDE, fan_in, plain_group, step_runs, timed

TRIALS = Trials()
WAIT_S = 10


def _ready(lab: Lab) -> Any:
    module = steps.app(lab)
    steps.consumer(lab, module, "-w", "2")
    return module


def _get(result: Any) -> Any:
    return result.get(blocking=True, timeout=WAIT_S)


@TRIALS.of("flow.chain")
def chain(lab: Lab) -> Observation:
    """Shown by `then`."""
    module = _ready(lab)
    step = module.TASKS["step"]

    def run() -> Any:
        flow = step.s(0, 0)
        for number in range(1, CHAIN):
            flow = flow.then(
                step, number=number
            )  # the result before comes in as the next positional argument
        return list(module.huey.enqueue(flow))[-1].get(blocking=True, timeout=WAIT_S)

    seconds, value = timed(run)
    plain = timed(lambda: [_get(module.TASKS["add"](1, 1)) for _ in range(CHAIN)])[0]
    observation = {"value": value, "expected": CHAIN, "runs": step_runs(lab, CHAIN), "passes": True}
    return {
        **observation,
        "seconds": seconds,
        "steps": CHAIN,
        "plain_seconds": plain,
        "plain_tasks": CHAIN,
    }


@TRIALS.of("flow.group")
def group(lab: Lab) -> Observation:
    """Shown by `group`."""
    from huey.api import group as make

    module = _ready(lab)
    step = module.TASKS["step"]
    seconds, values = timed(
        lambda: _all(module.huey.enqueue(make([step.s(number, number) for number in range(WIDE)])))
    )
    observation = {
        "values": values,
        "expected": list(range(1, WIDE + 1)),
        "together": True,
        "seconds": seconds,
        "steps": WIDE,
    }
    return {**observation, **plain_group(lambda number: step(number, number), _get)}


def _all(results: Any) -> list[Any]:
    return list(results.get(blocking=True, timeout=WAIT_S))


@TRIALS.of("flow.chord")
def chord(lab: Lab) -> Observation:
    """Shown by `chord`."""
    from huey.api import chord as make

    module = _ready(lab)
    step, total = module.TASKS["step"], module.TASKS["total"]

    def run() -> Any:
        enqueued = module.huey.enqueue(
            make([step.s(number, number) for number in range(WIDE)], total.s())
        )
        return enqueued.get(blocking=True, timeout=WAIT_S)

    seconds, value = timed(run)
    time.sleep(0.5)  # a second callback would come now
    observation = fan_in(lab) | {
        "value": value,
        "expected": sum(range(1, WIDE + 1)),
        "passes": True,
        "seconds": seconds,
        "steps": WIDE + 1,
    }
    return {**observation, **plain_group(lambda number: step(number, number), _get)}


@TRIALS.of("flow.nested", "pipelines inside of a chord")
def pipelines(lab: Lab) -> Observation:
    """((0+1)+1) + ((0+1)+1), then + 1."""
    from huey.api import chord as wide

    module = _ready(lab)
    step, total = module.TASKS["step"], module.TASKS["total"]
    flow = wide([step.s(0, 0).then(step, number=number) for number in (1, 2)], total.s()).then(
        step, number=3
    )
    enqueued = module.huey.enqueue(flow)
    return {
        "value": list(enqueued.pipeline_results)[-1].get(blocking=True, timeout=WAIT_S),
        "expected": 5,
        "passes": True,
    }


@TRIALS.of("flow.nested", "a group behind a step")
def nested(lab: Lab) -> Observation:
    """A group inside of a pipeline, as it would be written."""
    from huey.api import chord as wide

    module = _ready(lab)
    step, total = module.TASKS["step"], module.TASKS["total"]
    try:
        flow = step.s(0, 0).then(wide([step.s(number=1), step.s(number=2)], total.s()))
        value = list(module.huey.enqueue(flow))[-1].get(blocking=True, timeout=WAIT_S)
    except (TypeError, AttributeError, ValueError) as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    return {"value": value, "expected": 4, "passes": True}


@TRIALS.of("flow.error")
def error(lab: Lab) -> Observation:
    """One task fails, with another behind it, and an error handler."""
    from huey.exceptions import TaskException

    module = _ready(lab)
    step = module.TASKS["step"]
    failing = module.TASKS["boom"].s().error(module.TASKS["touch"]).then(step, number=99)
    results = list(module.huey.enqueue(step.s(0, 0).then(failing)))
    lab.wait(1, "boom")
    time.sleep(0.5)
    learnt = ""
    try:
        results[-1].get(blocking=True, timeout=1)
    except TaskException as raised:
        learnt = str(raised)
    except steps.TimedOut:
        pass
    handled = [
        mark
        for mark in lab.marks()
        if mark["name"] not in ("step", "boom") and not str(mark["name"]).startswith("ready")
    ]
    return {"after_ran": step_runs(lab, 100)[99], "told": learnt, "handler": bool(handled)}
