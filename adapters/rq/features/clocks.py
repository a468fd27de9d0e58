"""Periodic tasks, delays, limits, cancelling, locks."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta

# What younger versions brought is imported where it is used: at an older one only that trial gives
# up, not all of them.
import rq
import rq.exceptions
from rq import Queue, Retry
from rq.command import send_stop_job_command

from adapters.rq.features import steps
from bench.inprocess.trials import tasks, timing
from bench.inprocess.trials.lab import Lab, Observation, TrialProcess, parameters, public
from bench.inprocess.trials.periodic import away, crowd, evenly
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
PERIOD_S = 1.0
SCHEDULER = "--with-scheduler"
WORKERS: Mapping[str, tuple[str, ...]] = {"Worker": (), "SimpleWorker": steps.SIMPLE}


def cron(lab: Lab) -> TrialProcess:
    """`rq cron`, which fires a job every second."""
    return lab.start("rq", "cron", *steps.SETTINGS, "adapters.rq.features.cron")


@TRIALS.of("periodic.fires", "rq cron")
def fires(lab: Lab) -> Observation:
    """`rq cron` fires a job every second."""
    steps.worker(lab, *steps.SIMPLE)
    cron(lab)
    return evenly(lab, PERIOD_S, 5)


@TRIALS.of("periodic.fires", "Repeat")
def repeats(lab: Lab) -> Observation:
    """A job that is enqueued again three seconds after it has run.

    Its times are whole seconds, so that one may be lost or won.
    """
    system = steps.ready(lab, *steps.SIMPLE, SCHEDULER)
    system.enqueue("touch", "tick", repeat=rq.Repeat(times=4, interval=3))
    return evenly(lab, 3.0, 3)


@TRIALS.of("periodic.once")
def once(lab: Lab) -> Observation:
    """Two workers and one `rq cron`; then a second one."""
    steps.ready(lab, *steps.SIMPLE, workers=2)
    cron(lab)
    return crowd(lab, PERIOD_S, lambda: cron(lab))


@TRIALS.of("periodic.missed")
def missed(lab: Lab) -> Observation:
    """`rq cron` is killed and started again."""
    steps.worker(lab, *steps.SIMPLE)
    return away(lab, PERIOD_S, lambda: cron(lab))


@TRIALS.of("delay.eta")
def eta(lab: Lab) -> Observation:
    """`enqueue_in`, and a worker with a scheduler."""
    queue = steps.ready(lab, *steps.SIMPLE, SCHEDULER).queue
    return timing.in_time(
        lab,
        lambda delay, due: queue.enqueue_in(timedelta(seconds=delay), tasks.touch, "eta", due=due),
    )


@TRIALS.of("delay.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `ttl`."""
    system = steps.Tried(lab)
    for name, seconds in (("expired", 1), ("fresh", 60)):
        system.enqueue("touch", name, ttl=seconds)
    return timing.left_out(lab, lambda: steps.worker(lab), 1.5)


@TRIALS.of("delay.retry")
def retry(lab: Lab) -> Observation:
    """`Retry(max=3, interval=[1, 2, 4])`, and a worker with a scheduler."""
    system = steps.ready(lab, *steps.SIMPLE, SCHEDULER)
    system.enqueue("flaky", 3, retry=Retry(max=3, interval=[1, 2, 4]))
    return timing.once_more(lab, [1.0, 2.0, 4.0])


@TRIALS.each("limit.hard", WORKERS)
def hard(flags: tuple[str, ...], lab: Lab) -> Observation:
    """Shown by `job_timeout`."""
    system = steps.ready(lab, *flags)
    system.enqueue("nap", "long", 4.0, job_timeout=1)
    return timing.held_up(system, 1.0)


@TRIALS.each("limit.soft", WORKERS)
def soft(flags: tuple[str, ...], lab: Lab) -> Observation:
    """The same limit, and a task that catches what it raises."""
    steps.ready(lab, *flags).enqueue("careful", "careful", 4.0, job_timeout=1)
    return timing.after(lab, 1.0)


def _names(lab: Lab) -> Mapping[str, Iterable[str]]:
    return {
        "what rq offers": public(rq),
        "Queue.enqueue_call": parameters(Queue.enqueue_call),
        **steps.flags_of(lab, "worker"),
    }


TRIALS.lack("limit.rate", r"(^|_|-)rate|throttl", _names)
TRIALS.lack("unique.lock", r"mutex|(^|_|-)lock|semaphore|exclusive", _names)


@TRIALS.of("cancel.queued")
def queued(lab: Lab) -> Observation:
    """Shown by `Job.cancel` while it waits."""
    return timing.taken_back(steps.ready(lab, *steps.SIMPLE), 1.0, lambda job: job.cancel())


@TRIALS.each("cancel.running", WORKERS)
def running(flags: tuple[str, ...], lab: Lab) -> Observation:
    """Shown by `send_stop_job_command`."""
    system = steps.ready(lab, *flags)
    return timing.stopped(
        system, lambda job: send_stop_job_command(system.queue.connection, job.id)
    )


@TRIALS.of("unique.queued")
def unique(lab: Lab) -> Observation:
    """`unique=True` with a job id."""
    system = steps.Tried(lab)

    def enqueue() -> None:
        with suppress(rq.exceptions.DuplicateJobError):
            system.enqueue("touch", "unique", job_id="the-one", unique=True)

    for _ in range(3):
        enqueue()
    steps.worker(lab, *steps.SIMPLE)
    lab.wait(1, "unique")
    time.sleep(0.5)
    runs = len(lab.marks("unique"))
    enqueue()
    lab.until(lambda: len(lab.marks("unique")) > runs, 2)
    return {"asked": 3, "runs": runs, "again": len(lab.marks("unique")) - runs}
