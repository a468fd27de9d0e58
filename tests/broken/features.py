"""Ten trials, live, each of which must be called broken."""

import time
from typing import Any

from rq import Retry

from adapters.rq.features import flow_tasks, steps
from adapters.rq.features.clocks import _cron
from bench.inprocess.trials import tasks
from bench.inprocess.trials.harm import Crafted
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.periodic import evenly
from bench.inprocess.trials.priorities import LEVELS, PER_LEVEL, order
from bench.inprocess.trials.spans import spans
from bench.inprocess.trials.timing import held_up, once_more
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.worker_control import while_busy
from bench.inprocess.trials.workflows import WIDE, fan_in

TRIALS = Trials()


@TRIALS.of("priority.levels")
def ignores_priority(lab: Lab) -> Observation:
    """Everything goes to the end of one queue."""
    steps.worker(lab, *steps.SIMPLE, "--quiet")
    for level in LEVELS:
        for _ in range(PER_LEVEL):
            steps_queue(lab).enqueue(tasks.touch, "level", level=level)
    return order(lab)


@TRIALS.of("periodic.fires")
def fires_twice(lab: Lab) -> Observation:
    """Two schedulers."""
    steps.worker(lab, *steps.SIMPLE)
    _cron(lab)
    lab.wait(1, "tick")
    _cron(lab)
    time.sleep(1.5)
    return evenly(lab, 1.0, 5, skip=len(lab.marks("tick")))


@TRIALS.of("flow.chord")
def calls_back_twice(lab: Lab) -> Observation:
    """What comes after the many is enqueued twice."""
    for _ in range(2):
        steps.worker(lab, *steps.SIMPLE, "--quiet")
    queue = steps_queue(lab)
    jobs = queue.enqueue_many(
        [queue.prepare_data(tasks.step, (number, number)) for number in range(WIDE)]
    )
    ends = [queue.enqueue(flow_tasks.total, depends_on=jobs) for _ in range(2)]
    value, _ = [steps.value(lab, job) for job in ends]
    return fan_in(lab) | {"value": value, "expected": sum(range(1, WIDE + 1)), "passes": True}


@TRIALS.of("unique.lock")
def locks_nothing(lab: Lab) -> Observation:
    """Two workers and no lock."""
    for _ in range(2):
        steps.worker(lab, *steps.SIMPLE)
    for number in range(3):
        steps_queue(lab).enqueue(tasks.nap, f"lock-{number}", 0.4)
    lab.until(lambda: len(spans(lab.marks(), "lock-")) == 3, 5)
    return {"spans": spans(lab.marks(), "lock-"), "asked": 3}


@TRIALS.of("delay.expiry")
def never_expires(lab: Lab) -> Observation:
    """The time to live is forgotten."""
    for name in ("expired", "fresh"):
        steps_queue(lab).enqueue(tasks.touch, name)
    time.sleep(1.2)
    steps.worker(lab, *steps.SIMPLE)
    lab.wait(1, "fresh")
    return {"ran": [mark["name"] for mark in lab.marks()]}


@TRIALS.of("delay.retry")
def never_retries(lab: Lab) -> Observation:
    """One try instead of four."""
    steps.worker(lab, *steps.SIMPLE)
    steps_queue(lab).enqueue(tasks.flaky, 3, retry=Retry(max=1))
    return once_more(lab, [1.0, 2.0, 1.0])


@TRIALS.of("cancel.queued")
def cancels_nothing(lab: Lab) -> Observation:
    """The order to cancel is not given."""
    steps.worker(lab, *steps.SIMPLE)
    for name in ("cancelled", "other"):
        steps_queue(lab).enqueue(tasks.touch, name)
    lab.wait(1, "other")
    return {"ran": [mark["name"] for mark in lab.marks()]}


@TRIALS.of("limit.hard")
def knows_no_limit(lab: Lab) -> Observation:
    """A limit that is far too long."""
    steps.worker(lab, *steps.SIMPLE)
    steps_queue(lab).enqueue(tasks.nap, "long", 2.5, job_timeout=100)
    return held_up(lab, 1.0, lambda: steps_queue(lab).enqueue(tasks.touch, "next"))


@TRIALS.of("queues.routing")
def routes_nowhere(lab: Lab) -> Observation:
    """Both workers serve both queues."""
    workers: dict[str, Any] = {
        name: steps.worker(lab, *steps.SIMPLE, queues=("a", "b")) for name in ("a", "b")
    }
    for _ in range(20):
        for name in workers:
            steps.queue(lab, name).enqueue(tasks.touch, "routed", queue=name)
    marks = lab.wait(40, "routed")
    return {
        "asked": {"a": 20, "b": 20},
        "ran": {
            name: sum(m["queue"] == name and m["pid"] == w.pid for m in marks)
            for name, w in workers.items()
        },
    }


@TRIALS.of("pool.threads")
def processes_for_threads(lab: Lab) -> Observation:
    """What is called a thread pool and is two processes."""
    for _ in range(2):
        steps.worker(lab)
    for number in range(2):
        steps_queue(lab).enqueue(tasks.nap, f"pool-{number}", 0.4)
    lab.until(lambda: len(spans(lab.marks(), "pool-")) == 2, 6)
    return {"spans": spans(lab.marks(), "pool-"), "called": "a thread pool"}


@TRIALS.of("security.pickle")
def executes_anything(lab: Lab) -> Observation:
    """The serialiser as shipped."""
    steps.worker(lab, *steps.SIMPLE)
    steps_queue(lab).enqueue(tasks.echo, Crafted(lab.folder / "executed"), description="crafted")
    steps_queue(lab).enqueue(tasks.touch, "works")
    lab.wait(1, "works")
    return {"executed": (lab.folder / "executed").exists(), "works": True}


@TRIALS.of("control.shutdown")
def hears_nothing(lab: Lab) -> Observation:
    """The order goes to nobody."""
    worker = steps.worker(lab, *steps.SIMPLE)
    steps_queue(lab).enqueue(tasks.nap, "long", 0.5)
    return while_busy(lab, worker, lambda: None)


def steps_queue(lab: Lab) -> Any:
    """The queue of these trials."""
    return steps.queue(lab)
