"""In what order tasks run: priorities, several queues, workflows (dependencies and groups)."""

import time
from typing import Any

import rq

from adapters.rq.features import flow_tasks, steps
from bench.inprocess.trials import tasks, workflows
from bench.inprocess.trials.calling import busy
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.priorities import order, routed, shares
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.workflows import CHAIN, WIDE

TRIALS = Trials()
NAMES = {3: "high", 2: "middle", 1: "low"}
ROUND_ROBIN = ("--dequeue-strategy", "round_robin")


def _ready(lab: Lab) -> steps.Tried:
    """Two workers, as the others have two slots."""
    return steps.ready(lab, *steps.SIMPLE, "--quiet", workers=2)


@TRIALS.of("priority.levels", "order of queues")
def by_queue(lab: Lab) -> Observation:
    """Shown by `rq worker high middle low`."""
    queues = {level: steps.Tried(lab, name) for level, name in NAMES.items()}
    steps.worker(lab, *steps.SIMPLE, "--quiet", queues=tuple(NAMES.values()))
    busy(queues[3], 1.5)
    return order(lab, lambda level: queues[level].enqueue("touch", "level", level=level))


@TRIALS.of("priority.levels", "at_front")
def at_front(lab: Lab) -> Observation:
    """All but the least urgent to the front of one queue."""
    system = steps.ready(lab, *steps.SIMPLE, "--quiet")
    busy(system, 1.5)
    return order(
        lab,
        lambda level: system.enqueue("touch", "level", level=level, at_front=level > 1),
    )


@TRIALS.of("queues.routing")
def routing(lab: Lab) -> Observation:
    """Each queue has a worker of its own."""
    workers = {name: steps.worker(lab, *steps.SIMPLE, queues=(name,)) for name in ("a", "b")}
    queues = {name: steps.Tried(lab, name) for name in workers}
    return routed(lab, workers, lambda name: queues[name].enqueue("touch", "routed", queue=name))


@TRIALS.each("queues.starvation", {"as shipped": (), "round_robin": ROUND_ROBIN})
def starvation(flags: tuple[str, ...], lab: Lab) -> Observation:
    """Two queues, one worker."""
    steps.worker(lab, *steps.SIMPLE, "--quiet", *flags, queues=("a", "b"))
    queues = {name: steps.Tried(lab, name) for name in ("a", "b")}
    return shares(lab, lambda queue, name: queues[queue].enqueue("nap", name, 0.01))


def wide(queue: rq.Queue) -> list[Any]:
    """What `enqueue_many` takes for the steps beside each other."""
    return [queue.prepare_data(tasks.step, (number, number)) for number in range(WIDE)]


@TRIALS.of("flow.chain")
def chain(lab: Lab) -> Observation:
    """Shown by `depends_on`."""
    system = _ready(lab)

    def run() -> object:
        job = system.enqueue("step", 0, 0)
        for number in range(1, CHAIN):
            job = system.queue.enqueue(flow_tasks.step, number, depends_on=job)
        return system.value(job)

    return workflows.chain(system, run, passes=False)


@TRIALS.of("flow.group")
def group(lab: Lab) -> Observation:
    """`Group`: it knows its jobs; their results are asked for one by one."""
    from rq.group import Group  # since 2.0: at an older version the other trials go on

    system = _ready(lab)
    queue = system.queue

    def run() -> object:
        whole = Group.create(connection=queue.connection)
        whole.enqueue_many(queue, wide(queue))
        return [system.value(job) for job in whole.get_jobs()]

    return workflows.group(system, run, together=False)


@TRIALS.of("flow.chord")
def chord(lab: Lab) -> Observation:
    """One job that depends on 100."""
    system = _ready(lab)
    queue = system.queue

    def run() -> object:
        jobs = queue.enqueue_many(wide(queue))
        return system.value(queue.enqueue(flow_tasks.total, depends_on=jobs))

    return workflows.chord(system, run, passes=False)


@TRIALS.of("flow.nested")
def nested(lab: Lab) -> Observation:
    """One, then two beside each other, then their sum, then one more: ((0+1)+1) + ((0+1)+1) + 1."""
    system = _ready(lab)
    queue, first = system.queue, system.enqueue("step", 0, 0)
    beside = [queue.enqueue(flow_tasks.step, number, depends_on=first) for number in (1, 2)]
    joined = queue.enqueue(flow_tasks.total, depends_on=beside)
    last = queue.enqueue(flow_tasks.step, 3, depends_on=joined)
    return workflows.nested(system.value(last), passes=False)


@TRIALS.of("flow.error")
def error(lab: Lab) -> Observation:
    """One job fails, with another behind it, and an `on_failure`."""
    system = _ready(lab)
    handler = rq.Callback(flow_tasks.handler)
    first = system.enqueue("step", 0, 0)
    failing = system.enqueue("boom", "as planned", depends_on=first, on_failure=handler)
    last = system.queue.enqueue(flow_tasks.step, 99, depends_on=failing)
    lab.wait(1, "boom")
    lab.until(lambda: bool(lab.marks("handler")), 3)
    time.sleep(0.5)
    result = last.latest_result()
    return workflows.error(lab, result.exc_string if result else "", bool(lab.marks("handler")))
