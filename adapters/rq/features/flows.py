"""Trials of RQ's workflows: dependencies and groups."""

import time
from typing import Any

import rq

from adapters.rq.features import flow_tasks, steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.workflows import CHAIN, WIDE, fan_in, plain_group, step_runs, timed

TRIALS = Trials()


def _ready(lab: Lab) -> Any:
    """Two workers, as the others have two slots."""
    for _ in range(2):
        steps.worker(lab, *steps.SIMPLE, "--quiet")
    return steps.queue(lab)


@TRIALS.of("flow.chain")
def chain(lab: Lab) -> Observation:
    """Shown by `depends_on`."""
    queue = _ready(lab)

    def run() -> Any:
        job = queue.enqueue(tasks.step, 0, 0)
        for number in range(1, CHAIN):
            job = queue.enqueue(flow_tasks.step, number, depends_on=job)
        return steps.value(lab, job)

    seconds, value = timed(run)
    plain = timed(lambda: [steps.value(lab, queue.enqueue(tasks.add, 1, 1)) for _ in range(CHAIN)])[
        0
    ]
    observation = {
        "value": value,
        "expected": CHAIN,
        "runs": step_runs(lab, CHAIN),
        "passes": False,
    }
    return {
        **observation,
        "seconds": seconds,
        "steps": CHAIN,
        "plain_seconds": plain,
        "plain_tasks": CHAIN,
    }


def _plain(lab: Lab, queue: Any) -> Observation:
    return plain_group(
        lambda number: queue.enqueue(tasks.step, number, number), lambda job: steps.value(lab, job)
    )


@TRIALS.of("flow.group")
def group(lab: Lab) -> Observation:
    """`Group`: it knows its jobs; their results are asked for one by one."""
    from rq.group import Group  # since 2.0: at an older version the other trials go on

    queue = _ready(lab)

    def run() -> list[Any]:
        whole = Group.create(connection=queue.connection)
        whole.enqueue_many(
            queue, [queue.prepare_data(tasks.step, (number, number)) for number in range(WIDE)]
        )
        return [steps.value(lab, job) for job in whole.get_jobs()]

    seconds, values = timed(run)
    return {
        "values": values,
        "expected": list(range(1, WIDE + 1)),
        "together": False,
        "seconds": seconds,
        "steps": WIDE,
        **_plain(lab, queue),
    }


@TRIALS.of("flow.chord")
def chord(lab: Lab) -> Observation:
    """One job that depends on 100."""
    queue = _ready(lab)

    def run() -> Any:
        jobs = queue.enqueue_many(
            [queue.prepare_data(tasks.step, (number, number)) for number in range(WIDE)]
        )
        return steps.value(lab, queue.enqueue(flow_tasks.total, depends_on=jobs))

    seconds, value = timed(run)
    time.sleep(0.5)  # a second callback would come now
    observation = fan_in(lab) | {
        "value": value,
        "expected": sum(range(1, WIDE + 1)),
        "passes": False,
        "seconds": seconds,
        "steps": WIDE + 1,
    }
    return {**observation, **_plain(lab, queue)}


@TRIALS.of("flow.nested")
def nested(lab: Lab) -> Observation:
    """One, then two beside each other, then their sum, then one more: ((0+1)+1) + ((0+1)+1) + 1."""
    queue = _ready(lab)
    first = queue.enqueue(tasks.step, 0, 0)
    wide = [queue.enqueue(flow_tasks.step, number, depends_on=first) for number in (1, 2)]
    joined = queue.enqueue(flow_tasks.total, depends_on=wide)
    return {
        "value": steps.value(lab, queue.enqueue(flow_tasks.step, 3, depends_on=joined)),
        "expected": 5,
        "passes": False,
    }


@TRIALS.of("flow.error")
def error(lab: Lab) -> Observation:
    """One job fails, with another behind it, and an `on_failure`."""
    queue = _ready(lab)
    first = queue.enqueue(tasks.step, 0, 0)
    failing = queue.enqueue(
        tasks.boom, "as planned", depends_on=first, on_failure=rq.Callback(flow_tasks.handler)
    )
    last = queue.enqueue(flow_tasks.step, 99, depends_on=failing)
    lab.wait(1, "boom")
    lab.until(lambda: bool(lab.marks("handler")), 3)
    time.sleep(0.5)
    result = last.latest_result()
    return {
        "after_ran": step_runs(lab, 100)[99],
        "told": result.exc_string if result else "",
        "handler": bool(lab.marks("handler")),
    }
