"""Trials of Celery's workflows: chain, group, chord."""

import time
from typing import Any

from adapters.celery.features import steps
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.workflows import CHAIN, WIDE, fan_in, plain_group, step_runs, timed

TRIALS = Trials()
WAIT_S = 10


def _ready(lab: Lab) -> Any:
    module = steps.app(lab)
    steps.worker(lab, module, "-c", "2")
    return module


def _plain(module: Any) -> float:
    """One after the other: enqueue a task and wait for its result."""
    return timed(
        lambda: [module.task("add").delay(1, 1).get(timeout=WAIT_S) for _ in range(CHAIN)]
    )[0]


@TRIALS.of("flow.chain")
def chain(lab: Lab) -> Observation:
    """Shown by `chain`."""
    from celery import chain as make

    module = _ready(lab)
    step = module.task("step")
    flow = make(step.s(0, 0), *(step.s(number) for number in range(1, CHAIN)))
    seconds, value = timed(lambda: flow.apply_async().get(timeout=WAIT_S))
    observation = {"value": value, "expected": CHAIN, "runs": step_runs(lab, CHAIN), "passes": True}
    return {
        **observation,
        "seconds": seconds,
        "steps": CHAIN,
        "plain_seconds": _plain(module),
        "plain_tasks": CHAIN,
    }


@TRIALS.of("flow.group")
def group(lab: Lab) -> Observation:
    """Shown by `group`."""
    from celery import group as make

    module = _ready(lab)
    step = module.task("step")
    seconds, values = timed(
        lambda: (
            make(step.s(number, number) for number in range(WIDE)).apply_async().get(timeout=WAIT_S)
        )
    )
    plain = plain_group(
        lambda number: step.delay(number, number), lambda result: result.get(timeout=WAIT_S)
    )
    return {
        "values": values,
        "expected": list(range(1, WIDE + 1)),
        "together": True,
        "seconds": seconds,
        "steps": WIDE,
        **plain,
    }


@TRIALS.of("flow.chord")
def chord(lab: Lab) -> Observation:
    """Shown by `chord`."""
    from celery import chord as make

    module = _ready(lab)
    step = module.task("step")
    seconds, value = timed(
        lambda: make([step.s(number, number) for number in range(WIDE)])(
            module.task("total").s()
        ).get(timeout=WAIT_S)
    )
    time.sleep(0.5)  # a second callback would come now
    observation = fan_in(lab) | {
        "value": value,
        "expected": sum(range(1, WIDE + 1)),
        "passes": True,
        "seconds": seconds,
        "steps": WIDE + 1,
    }
    return {
        **observation,
        **plain_group(
            lambda number: step.delay(number, number), lambda result: result.get(timeout=WAIT_S)
        ),
    }


@TRIALS.of("flow.nested")
def nested(lab: Lab) -> Observation:
    """A group inside of a chain: ((0+1)+1) + ((0+1)+1), then + 1."""
    from celery import chain as make
    from celery import group as wide

    module = _ready(lab)
    step = module.task("step")
    flow = make(step.s(0, 0), wide(step.s(1), step.s(2)), module.task("total").s(), step.s(3))
    return {"value": flow.apply_async().get(timeout=WAIT_S), "expected": 5, "passes": True}


@TRIALS.of("flow.error")
def error(lab: Lab) -> Observation:
    """One task fails, with another behind it."""
    from celery import chain as make

    module = _ready(lab)
    step = module.task("step")
    result = make(step.s(0, 0), module.task("boom").s(), step.s(99)).apply_async()
    lab.wait(1, "boom")
    learnt: Any = ""
    if lab.until(lambda: bool(result.ready()), 3):
        learnt = repr(result.get(propagate=False))
    return {"after_ran": step_runs(lab, 100)[99], "told": learnt, "handler": False}
