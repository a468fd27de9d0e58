"""Ten trials, live, each of which must be called broken."""

import time

from rq import Retry

from adapters.rq.features import flow_tasks, steps
from adapters.rq.features.clocks import cron
from adapters.rq.features.flows import wide
from bench.inprocess.trials import harm, timing
from bench.inprocess.trials.calling import naps, overlapping
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.periodic import evenly
from bench.inprocess.trials.priorities import order, routed
from bench.inprocess.trials.trial import Trials
from bench.inprocess.trials.worker_control import while_busy
from bench.inprocess.trials.workflows import WIDE, fan_in

TRIALS = Trials()


@TRIALS.of("priority.levels")
def ignores_priority(lab: Lab) -> Observation:
    """Everything goes to the end of one queue."""
    system = steps.ready(lab, *steps.SIMPLE, "--quiet")
    return order(lab, lambda level: system.enqueue("touch", "level", level=level))


@TRIALS.of("periodic.fires")
def fires_twice(lab: Lab) -> Observation:
    """Two schedulers."""
    steps.worker(lab, *steps.SIMPLE)
    cron(lab)
    lab.wait(1, "tick")
    cron(lab)
    time.sleep(1.5)
    return evenly(lab, 1.0, 5, skip=len(lab.marks("tick")))


@TRIALS.of("flow.chord")
def calls_back_twice(lab: Lab) -> Observation:
    """What comes after the many is enqueued twice."""
    system = steps.ready(lab, *steps.SIMPLE, "--quiet", workers=2)
    jobs = system.queue.enqueue_many(wide(system.queue))
    ends = [system.queue.enqueue(flow_tasks.total, depends_on=jobs) for _ in range(2)]
    value, _ = [system.value(job) for job in ends]
    return {**fan_in(lab), "value": value, "expected": sum(range(1, WIDE + 1)), "passes": True}


@TRIALS.of("unique.lock")
def locks_nothing(lab: Lab) -> Observation:
    """Two workers and no lock."""
    system = steps.ready(lab, *steps.SIMPLE, workers=2)
    return {"spans": naps(system, "lock-", 3, 0.4, 5), "asked": 3}


@TRIALS.of("delay.expiry")
def never_expires(lab: Lab) -> Observation:
    """The time to live is forgotten."""
    for name in ("expired", "fresh"):
        steps.Tried(lab).enqueue("touch", name)
    return timing.left_out(lab, lambda: steps.worker(lab, *steps.SIMPLE), 1.2)


@TRIALS.of("delay.retry")
def never_retries(lab: Lab) -> Observation:
    """One try instead of four."""
    steps.ready(lab, *steps.SIMPLE).enqueue("flaky", 3, retry=Retry(max=1))
    return timing.once_more(lab, [1.0, 2.0, 1.0])


@TRIALS.of("cancel.queued")
def cancels_nothing(lab: Lab) -> Observation:
    """The order to cancel is not given."""
    return timing.taken_back(steps.ready(lab, *steps.SIMPLE), 0.5, lambda job: None)


@TRIALS.of("limit.hard")
def knows_no_limit(lab: Lab) -> Observation:
    """A limit that is far too long."""
    system = steps.ready(lab, *steps.SIMPLE)
    system.enqueue("nap", "long", 2.5, job_timeout=100)
    return timing.held_up(system, 1.0)


@TRIALS.of("queues.routing")
def routes_nowhere(lab: Lab) -> Observation:
    """Both workers serve both queues."""
    workers = {name: steps.worker(lab, *steps.SIMPLE, queues=("a", "b")) for name in ("a", "b")}
    return routed(
        lab, workers, lambda name: steps.Tried(lab, name).enqueue("touch", "routed", queue=name)
    )


@TRIALS.of("pool.threads")
def processes_for_threads(lab: Lab) -> Observation:
    """What is called a thread pool and is two processes."""
    return overlapping(steps.ready(lab, workers=2), "a thread pool")


@TRIALS.of("security.pickle")
def executes_anything(lab: Lab) -> Observation:
    """The serialiser as shipped."""
    system = steps.ready(lab, *steps.SIMPLE)
    system.enqueue("echo", harm.crafted(lab), description="crafted")
    return harm.executed(system)


@TRIALS.of("control.shutdown")
def hears_nothing(lab: Lab) -> Observation:
    """The order goes to nobody."""
    worker = steps.worker(lab, *steps.SIMPLE)
    steps.Tried(lab).enqueue("nap", "long", 0.5)
    return while_busy(lab, worker, lambda: None)
