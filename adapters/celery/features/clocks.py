"""Periodic tasks, delays, limits, cancelling, locks."""

import time

from adapters.celery.features import steps
from bench.inprocess.trials import timing
from bench.inprocess.trials.lab import Lab, Observation, TrialProcess
from bench.inprocess.trials.periodic import away, crowd, evenly
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
PERIOD_S = 1.0
TICK = {"tick": {"task": "touch", "schedule": PERIOD_S, "args": ["tick"]}}


def _beat(lab: Lab, name: str = "beat") -> TrialProcess:
    schedule = str(lab.folder / f"schedule-{name}")
    return lab.start(*steps.COMMAND, "beat", "-s", schedule, "--pidfile", "")


@TRIALS.of("periodic.fires")
def fires(lab: Lab) -> Observation:
    """Celery Beat fires a task every second."""
    steps.ready(lab, beat_schedule=TICK)
    _beat(lab)
    return evenly(lab, PERIOD_S, 5)


@TRIALS.of("periodic.once")
def once(lab: Lab) -> Observation:
    """Two workers and one Beat; then a second Beat."""
    steps.several(lab, 2, beat_schedule=TICK)
    _beat(lab, "one")
    return crowd(lab, PERIOD_S, lambda: _beat(lab, "two"))


@TRIALS.of("periodic.missed")
def missed(lab: Lab) -> Observation:
    """Beat is killed and started again on its schedule file."""
    steps.ready(lab, beat_schedule=TICK)
    return away(lab, PERIOD_S, lambda: _beat(lab))


@TRIALS.of("delay.eta")
def eta(lab: Lab) -> Observation:
    """Shown by `countdown`."""
    touch = steps.ready(lab).task("touch")
    return timing.in_time(
        lab, lambda delay, due: touch.apply_async(("eta",), {"due": due}, countdown=delay)
    )


@TRIALS.of("delay.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `expires`."""
    system = steps.Tried(lab)
    for name, seconds in (("expired", 1), ("fresh", 60)):
        system.task("touch").apply_async((name,), expires=seconds)
    return timing.left_out(lab, system.worker, 1.3)


@TRIALS.of("delay.retry")
def retry(lab: Lab) -> Observation:
    """`autoretry_for`, `retry_backoff`."""
    steps.ready(lab).enqueue("flaky", 3)
    return timing.once_more(lab, [1.0, 2.0, 4.0])


@TRIALS.each("limit.hard", {pool: pool for pool in ("prefork", "threads", "gevent", "solo")})
def hard(pool: str, lab: Lab) -> Observation:
    """Shown by `time_limit`."""
    system = steps.ready(lab, "-P", pool)
    system.task("nap").apply_async(("long", 4.0), time_limit=1)
    return timing.held_up(system, 1.0)


@TRIALS.each("limit.soft", {pool: pool for pool in ("prefork", "threads", "gevent")})
def soft(pool: str, lab: Lab) -> Observation:
    """Shown by `soft_time_limit`."""
    careful = steps.ready(lab, "-P", pool).task("careful")
    careful.apply_async(("careful", 4.0), soft_time_limit=1)
    return timing.after(lab, 1.0)


@TRIALS.each("limit.rate", {"one worker": (1, 4, 6.0), "two workers": (2, 1, 9.0)})
def rate(given: tuple[int, int, float], lab: Lab) -> Observation:
    """`rate_limit`: so many workers, so many tasks per second, watched for so many seconds."""
    workers, limit, seconds = given
    system = steps.several(lab, workers)
    for _ in range(40):
        system.enqueue(f"limited-{limit}", "limited")
    time.sleep(seconds)
    return timing.rate(lab, float(limit), workers)


@TRIALS.of("cancel.queued")
def queued(lab: Lab) -> Observation:
    """Shown by `revoke` while it waits."""
    return timing.taken_back(steps.ready(lab), 1.5, lambda result: result.revoke())


@TRIALS.each("cancel.running", {"prefork": "prefork", "threads": "threads"})
def running(pool: str, lab: Lab) -> Observation:
    """Shown by `revoke(terminate=True)`."""
    system = steps.ready(lab, "-P", pool)
    return timing.stopped(system, lambda result: result.revoke(terminate=True))


TRIALS.lack("unique.queued", r"unique|singleton|only_once", steps.names)
TRIALS.lack("unique.lock", r"mutex|(^|_)lock|semaphore", steps.names)
