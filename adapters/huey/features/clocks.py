"""Periodic tasks, delays, limits, cancelling, locks."""

import signal
import time
from collections.abc import Iterable, Mapping

from huey import Huey
from huey.api import Result, TaskWrapper

from adapters.huey.features import steps
from bench.inprocess.trials import timing
from bench.inprocess.trials.calling import naps
from bench.inprocess.trials.lab import Lab, Observation, parameters
from bench.inprocess.trials.periodic import ticks
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
MINUTE_S = 60.0
KINDS = {kind: kind for kind in ("process", "thread", "greenlet")}


def _next_minute() -> float:
    """Seconds to the next full minute that is at least three away."""
    left = MINUTE_S - time.time() % MINUTE_S
    return left if left >= 3 else left + MINUTE_S


@TRIALS.of("periodic.fires", slow=True)
def fires(lab: Lab) -> Observation:
    """Shown by `periodic_task(crontab())`.

    A minute is the finest period, counted from the start of the consumer, which fires at once.
    """
    steps.ready(lab, periodic=True)
    lab.until(lambda: len(ticks(lab)) >= 3, 2 * MINUTE_S + 8)
    return {"period_s": MINUTE_S, "fired_s": ticks(lab)[:3], "wanted": 3}


@TRIALS.of("periodic.once", slow=True)
def once(lab: Lab) -> Observation:
    """A consumer of two workers and one that fires nothing (`-n`); then a third that fires."""
    system = steps.ready(lab, "-w", "2", periodic=True)
    system.start("-n")
    time.sleep(_next_minute() + 2.5)
    alone = len(ticks(lab))
    system.start()
    time.sleep(_next_minute() + 2.5)
    both = len(ticks(lab)) - alone
    return {
        "periods": alone + bool(both),
        "two_workers": max(alone - 1, 0),
        "two_schedulers": max(both - 1, 0),
    }


@TRIALS.of("periodic.missed", slow=True)
def missed(lab: Lab) -> Observation:
    """The consumer is killed before a full minute and started again after it."""
    system = steps.Tried(lab, periodic=True)
    first = system.consumer()
    left = _next_minute()
    first.end(signal.SIGKILL)
    time.sleep(left + 3.0)
    before = len(ticks(lab))
    system.start()
    time.sleep(8.0)
    made_up = len(ticks(lab)) - before
    lab.until(lambda: len(ticks(lab)) > before + made_up, MINUTE_S + 2)
    return {"away_periods": 1.0, "made_up": made_up, "again": len(ticks(lab)) - before}


@TRIALS.of("delay.eta")
def eta(lab: Lab) -> Observation:
    """Shown by `schedule(delay=…)`."""
    touch = steps.ready(lab).task("touch")
    return timing.in_time(
        lab, lambda delay, due: touch.schedule(("eta",), {"due": due}, delay=delay)
    )


@TRIALS.of("delay.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `expires`."""
    system = steps.Tried(lab)
    for name, seconds in (("expired", 1), ("fresh", 60)):
        system.enqueue("touch", name, expires=seconds)
    return timing.left_out(lab, system.consumer, 1.5)


@TRIALS.of("delay.retry")
def retry(lab: Lab) -> Observation:
    """Shown by `retries=3, retry_delay=1, retry_backoff=2`."""
    steps.ready(lab).enqueue("flaky", 3)
    return timing.once_more(lab, [1.0, 2.0, 4.0])


@TRIALS.each("limit.hard", KINDS)
def hard(kind: str, lab: Lab) -> Observation:
    """Shown by `timeout`."""
    system = steps.pool(lab, kind)
    system.enqueue("limited_nap", "long", 4.0)
    return timing.held_up(system, 1.0)


@TRIALS.each("limit.soft", KINDS)
def soft(kind: str, lab: Lab) -> Observation:
    """The same limit, and a task that catches what it raises."""
    steps.pool(lab, kind).enqueue("limited_careful", "careful", 4.0)
    return timing.after(lab, 1.0)


@TRIALS.of("limit.rate")
def rate(lab: Lab) -> Observation:
    """`rate_limit`, four per second; what comes too early is put off."""
    system = steps.ready(lab, "-w", "2")
    for _ in range(30):
        system.enqueue("limited", "limited")
    time.sleep(6.0)
    return timing.rate(lab, 4.0, 1)


@TRIALS.of("cancel.queued")
def queued(lab: Lab) -> Observation:
    """Shown by `revoke` while it waits."""
    return timing.taken_back(steps.ready(lab), 1.0, lambda result: result.revoke())


def _names(lab: Lab) -> Mapping[str, Iterable[str]]:
    return {
        "Result": dir(Result),
        "TaskWrapper": dir(TaskWrapper),
        "Huey.task": parameters(Huey.task),
        **steps.flags_of(lab),
    }


TRIALS.lack("cancel.running", r"terminate|kill|abort|interrupt", _names)
TRIALS.lack("unique.queued", r"unique|singleton|only_once|dedup", _names)


@TRIALS.each(
    "unique.lock",
    {"lock_task": ("locked_nap", 3), "lock_task with retries": ("patient_nap", 8)},
)
def lock(given: tuple[str, float], lab: Lab) -> Observation:
    """A task under a lock, and the seconds that three of it may take."""
    task, seconds = given
    return {"spans": naps(steps.ready(lab, "-w", "3"), "lock-", 3, 0.5, seconds, task), "asked": 3}
