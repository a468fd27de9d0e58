"""In what order tasks run: priorities, several queues, workflows (chain, group, chord)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from adapters.celery.features import steps
from bench.inprocess.trials import workflows
from bench.inprocess.trials.calling import busy
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.priorities import order, routed, shares
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.workflows import CHAIN, WIDE

TRIALS = Trials()
# By broker: values of every type that Celery's settings have
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "redis": {
        "broker_transport_options": {
            "queue_order_strategy": "priority",
            "priority_steps": [0, 3, 6, 9],
        }
    },
    "rabbitmq": {"task_queue_max_priority": 10, "backend": None},
}
# On Redis 0 is the most urgent, on RabbitMQ the largest number is: so their documentations say.
URGENCY = {"redis": {1: 9, 2: 6, 3: 0}, "rabbitmq": {1: 0, 2: 5, 3: 9}}
SLOTS = ("-c", "2")


def priority(broker: str, prefetch: int, lab: Lab) -> Observation:
    """Shown by `priority`."""
    system = steps.ready(lab, worker_prefetch_multiplier=prefetch, **SETTINGS[broker])
    busy(system, 2.0)
    return order(
        lab,
        lambda level: system.task("touch").apply_async(
            ("level",), {"level": level}, priority=URGENCY[broker][level]
        ),
    )


for _broker in URGENCY:
    for _prefetch in (4, 1):
        TRIALS.of("priority.levels", f"{_broker}, prefetch {_prefetch}", _broker)(
            partial(priority, _broker, _prefetch)
        )


@TRIALS.of("queues.routing")
def routing(lab: Lab) -> Observation:
    """`-Q`, and the queue named in the call."""
    system = steps.Tried(lab)
    workers = {
        queue: system.worker("-P", "solo", "-Q", queue, name=queue, queue=queue)
        for queue in ("a", "b")
    }
    return routed(
        lab,
        workers,
        lambda queue: system.task("touch").apply_async(("routed",), {"queue": queue}, queue=queue),
    )


@TRIALS.of("queues.starvation")
def starvation(lab: Lab) -> Observation:
    """Two queues, one worker, all else as shipped."""
    nap = steps.ready(lab, "-P", "solo", "-Q", "a,b", queue="a").task("nap")
    return shares(lab, lambda queue, name: nap.apply_async((name, 0.01), queue=queue))


def _wide(system: steps.Tried) -> list[Any]:
    return [system.task("step").s(number, number) for number in range(WIDE)]


@TRIALS.of("flow.chain")
def chain(lab: Lab) -> Observation:
    """Shown by `chain`."""
    from celery import chain as make

    system = steps.ready(lab, *SLOTS)
    step = system.task("step")
    flow = make(step.s(0, 0), *(step.s(number) for number in range(1, CHAIN)))
    return workflows.chain(system, lambda: system.value(flow.apply_async()), passes=True)


@TRIALS.of("flow.group")
def group(lab: Lab) -> Observation:
    """Shown by `group`."""
    from celery import group as make

    system = steps.ready(lab, *SLOTS)
    return workflows.group(
        system, lambda: system.value(make(_wide(system)).apply_async()), together=True
    )


@TRIALS.of("flow.chord")
def chord(lab: Lab) -> Observation:
    """Shown by `chord`."""
    from celery import chord as make

    system = steps.ready(lab, *SLOTS)
    last = system.task("total").s()
    return workflows.chord(system, lambda: system.value(make(_wide(system))(last)), passes=True)


@TRIALS.of("flow.nested")
def nested(lab: Lab) -> Observation:
    """A group inside of a chain: ((0+1)+1) + ((0+1)+1), then + 1."""
    from celery import chain as make
    from celery import group as wide

    system = steps.ready(lab, *SLOTS)
    step = system.task("step")
    flow = make(step.s(0, 0), wide(step.s(1), step.s(2)), system.task("total").s(), step.s(3))
    return workflows.nested(system.value(flow.apply_async()), passes=True)


@TRIALS.of("flow.error")
def error(lab: Lab) -> Observation:
    """One task fails, with another behind it."""
    from celery import chain as make

    system = steps.ready(lab, *SLOTS)
    step = system.task("step")
    result = make(step.s(0, 0), system.task("boom").s(), step.s(99)).apply_async()
    lab.wait(1, "boom")
    ended = lab.until(lambda: bool(result.ready()), 3)
    return workflows.error(lab, repr(result.get(propagate=False)) if ended else "", handler=False)
