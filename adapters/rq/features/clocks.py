"""Periodic tasks, delays, limits, cancelling, locks."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

# What younger versions brought is imported where it is used: at an older one only that trial gives
# up, not all of them.
import rq
import rq.exceptions
from rq import Queue, Retry
from rq.command import send_stop_job_command

from adapters.rq.features import steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import Lab, Observation, TrialProcess, absent, options, parameters
from bench.inprocess.trials.periodic import away, crowd, evenly
from bench.inprocess.trials.timing import after, held_up, in_time, once_more
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
PERIOD_S = 1.0
SCHEDULER = "--with-scheduler"


def _cron(lab: Lab) -> TrialProcess:
    return lab.start("rq", "cron", *steps.SETTINGS, "adapters.rq.features.cron")


@TRIALS.of("periodic.fires", "rq cron")
def fires(lab: Lab) -> Observation:
    """`rq cron` fires a job every second."""
    steps.worker(lab, *steps.SIMPLE)
    _cron(lab)
    return evenly(lab, PERIOD_S, 5)


@TRIALS.of("periodic.fires", "Repeat")
def repeats(lab: Lab) -> Observation:
    """A job that is enqueued again three seconds after it has run.

    Its times are whole seconds, so that one may be lost or won.
    """
    steps.worker(lab, *steps.SIMPLE, SCHEDULER)
    steps.queue(lab).enqueue(tasks.touch, "tick", repeat=rq.Repeat(times=4, interval=3))
    return evenly(lab, 3.0, 3)


@TRIALS.of("periodic.once")
def once(lab: Lab) -> Observation:
    """Two workers and one `rq cron`; then a second one."""
    for _ in range(2):
        steps.worker(lab, *steps.SIMPLE)
    _cron(lab)
    return crowd(lab, PERIOD_S, lambda: _cron(lab))


@TRIALS.of("periodic.missed")
def missed(lab: Lab) -> Observation:
    """`rq cron` is killed and started again."""
    steps.worker(lab, *steps.SIMPLE)
    return away(lab, PERIOD_S, lambda: _cron(lab))


@TRIALS.of("delay.eta")
def eta(lab: Lab) -> Observation:
    """`enqueue_in`, and a worker with a scheduler."""
    steps.worker(lab, *steps.SIMPLE, SCHEDULER)
    queue = steps.queue(lab)
    return in_time(
        lab,
        lambda delay, due: queue.enqueue_in(timedelta(seconds=delay), tasks.touch, "eta", due=due),
    )


@TRIALS.of("delay.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `ttl`."""
    queue = steps.queue(lab)
    queue.enqueue(tasks.touch, "expired", ttl=1)
    queue.enqueue(tasks.touch, "fresh", ttl=60)
    time.sleep(1.5)
    steps.worker(lab)
    lab.until(lambda: bool(lab.marks("fresh")), 4)
    time.sleep(0.5)
    return {"ran": [mark["name"] for mark in lab.marks()]}


@TRIALS.of("delay.retry")
def retry(lab: Lab) -> Observation:
    """`Retry(max=3, interval=[1, 2, 4])`, and a worker with a scheduler."""
    steps.worker(lab, *steps.SIMPLE, SCHEDULER)
    steps.queue(lab).enqueue(tasks.flaky, 3, retry=Retry(max=3, interval=[1, 2, 4]))
    return once_more(lab, [1.0, 2.0, 4.0])


def _hard(*flags: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        steps.worker(lab, *flags)
        queue = steps.queue(lab)
        queue.enqueue(tasks.nap, "long", 4.0, job_timeout=1)
        return held_up(lab, 1.0, lambda: queue.enqueue(tasks.touch, "next"))

    return carry_out


def _soft(*flags: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        steps.worker(lab, *flags)
        steps.queue(lab).enqueue(tasks.careful, "careful", 4.0, job_timeout=1)
        return after(lab, 1.0)

    return carry_out


for _name, _flags in (("Worker", ()), ("SimpleWorker", steps.SIMPLE)):
    TRIALS.of("limit.hard", _name)(_hard(*_flags))
    TRIALS.of("limit.soft", _name)(_soft(*_flags))


def _nothing_like(pattern: str, lab: Lab) -> Observation:
    places: dict[str, Any] = {
        "what rq offers": [name for name in dir(rq) if name[0] != "_"],
        "Queue.enqueue_call": parameters(Queue.enqueue_call),
    }
    return absent(
        pattern, {**places, "`rq worker --help`": options(lab.run("rq", "worker", "--help"))}
    )


@TRIALS.of("limit.rate", broker="none")
def rate(lab: Lab) -> Observation:
    """Nothing of the kind is looked for in calls and options."""
    return _nothing_like(r"(^|_|-)rate|throttl", lab)


@TRIALS.of("unique.lock", broker="none")
def lock(lab: Lab) -> Observation:
    """Nothing of the kind is looked for there either."""
    return _nothing_like(r"mutex|(^|_|-)lock|semaphore|exclusive", lab)


@TRIALS.of("cancel.queued")
def queued(lab: Lab) -> Observation:
    """Shown by `Job.cancel` while it waits."""
    steps.worker(lab, *steps.SIMPLE)
    queue = steps.queue(lab)
    queue.enqueue(tasks.nap, "busy", 1.0)
    lab.wait(1, "busy:start")
    waiting = queue.enqueue(tasks.touch, "cancelled")
    queue.enqueue(tasks.touch, "other")
    waiting.cancel()
    lab.wait(1, "other")
    time.sleep(0.5)
    return {"ran": [mark["name"] for mark in lab.marks()]}


def _running(*flags: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        steps.worker(lab, *flags)
        queue = steps.queue(lab)
        job = queue.enqueue(tasks.nap, "long", 5.0)
        lab.wait(1, "long:start")
        began = time.monotonic_ns()
        send_stop_job_command(queue.connection, job.id)
        queue.enqueue(tasks.touch, "next")
        lab.until(lambda: bool(lab.marks("next")), 7)
        following = lab.marks("next")
        return {
            "finished": bool(lab.marks("long:end")),
            "next_s": (following[0]["ns"] - began) / 1e9 if following else None,
        }

    return carry_out


TRIALS.of("cancel.running", "Worker")(_running())
TRIALS.of("cancel.running", "SimpleWorker")(_running(*steps.SIMPLE))


@TRIALS.of("unique.queued")
def unique(lab: Lab) -> Observation:
    """`unique=True` with a job id."""
    queue = steps.queue(lab)

    def enqueue() -> bool:
        try:
            queue.enqueue(tasks.touch, "unique", job_id="the-one", unique=True)
            return True
        except rq.exceptions.DuplicateJobError:
            return False

    for _ in range(3):
        enqueue()
    steps.worker(lab, *steps.SIMPLE)
    lab.wait(1, "unique")
    time.sleep(0.5)
    runs = len(lab.marks("unique"))
    enqueue()
    lab.until(lambda: len(lab.marks("unique")) > runs, 2)
    return {"asked": 3, "runs": runs, "again": len(lab.marks("unique")) - runs}
