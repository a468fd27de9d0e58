"""Trials of Celery's priorities and of several queues."""

from collections.abc import Callable
from typing import Any

from adapters.celery.features import steps
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.priorities import LEVELS, PER_LEVEL, order, shares
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
REDIS = {
    "broker_transport_options": {"queue_order_strategy": "priority", "priority_steps": [0, 3, 6, 9]}
}
RABBITMQ = {"task_queue_max_priority": 10}
# On Redis 0 is the most urgent, on RabbitMQ the largest number is: so their documentations say.
URGENCY = {"redis": {1: 9, 2: 6, 3: 0}, "rabbitmq": {1: 0, 2: 5, 3: 9}}


def _priority(broker: str, prefetch: int) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        settings: dict[str, Any] = REDIS if broker == "redis" else RABBITMQ | {"backend": None}
        module = steps.app(lab, worker_prefetch_multiplier=prefetch, **settings)
        steps.worker(lab, module)
        module.task("nap").delay("busy", 2.0)
        lab.wait(1, "busy:start")
        for level in LEVELS:
            for _ in range(PER_LEVEL):
                module.task("touch").apply_async(
                    ("level",), {"level": level}, priority=URGENCY[broker][level]
                )
        return order(lab)

    return carry_out


for _broker in ("redis", "rabbitmq"):
    for _prefetch in (4, 1):
        TRIALS.of("priority.levels", f"{_broker}, prefetch {_prefetch}", broker=_broker)(
            _priority(_broker, _prefetch)
        )


@TRIALS.of("queues.routing")
def routing(lab: Lab) -> Observation:
    """`-Q`, and the queue named in the call."""
    module = steps.app(lab)
    workers = {
        queue: steps.worker(lab, module, "-P", "solo", "-Q", queue, name=queue, queue=queue)
        for queue in ("a", "b")
    }
    for _ in range(20):
        for queue in workers:
            module.task("touch").apply_async(("routed",), {"queue": queue}, queue=queue)
    marks = lab.wait(40, "routed")
    return {
        "asked": {"a": 20, "b": 20},
        "ran": {
            queue: sum(m["queue"] == queue and m["pid"] == w.pid for m in marks)
            for queue, w in workers.items()
        },
    }


@TRIALS.of("queues.starvation")
def starvation(lab: Lab) -> Observation:
    """Two queues, one worker, all else as shipped."""
    module = steps.app(lab)
    steps.worker(lab, module, "-P", "solo", "-Q", "a,b", queue="a")
    return shares(
        lab, lambda queue, name: module.task("nap").apply_async((name, 0.01), queue=queue)
    )
