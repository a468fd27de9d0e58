"""Periodic tasks, delays, limits, cancelling, locks."""

import signal
import time
from collections.abc import Callable
from typing import Any

from huey import Huey
from huey.api import Result, TaskWrapper

from adapters.huey.features import steps
from bench.inprocess.trials.lab import Lab, Observation, absent, options, parameters
from bench.inprocess.trials.spans import spans
from bench.inprocess.trials.timing import after, held_up, in_time, once_more
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
MINUTE_S = 60.0


def _ticks(lab: Lab) -> list[float]:
    return sorted(mark["wall_ns"] / 1e9 for mark in lab.marks("tick"))


def _next_minute(margin_s: float) -> float:
    """Seconds to the next full minute that is at least so far away."""
    left = MINUTE_S - time.time() % MINUTE_S
    return left if left >= margin_s else left + MINUTE_S


@TRIALS.of("periodic.fires", slow=True)
def fires(lab: Lab) -> Observation:
    """Shown by `periodic_task(crontab())`.

    A minute is the finest period, counted from the start of the consumer, which fires at once.
    """
    module = steps.app(lab, periodic=True)
    steps.consumer(lab, module)
    lab.until(lambda: len(_ticks(lab)) >= 3, 2 * MINUTE_S + 8)
    return {"period_s": MINUTE_S, "fired_s": _ticks(lab)[:3], "wanted": 3}


@TRIALS.of("periodic.once", slow=True)
def once(lab: Lab) -> Observation:
    """A consumer of two workers and one that fires nothing (`-n`); then a third that fires."""
    module = steps.app(lab, periodic=True)
    steps.consumer(lab, module, "-w", "2")
    steps.start(lab, "-n")
    time.sleep(_next_minute(3.0) + 2.5)
    alone = len(_ticks(lab))
    steps.start(lab)
    time.sleep(_next_minute(3.0) + 2.5)
    both = len(_ticks(lab)) - alone
    return {
        "periods": alone + bool(both),
        "two_workers": max(alone - 1, 0),
        "two_schedulers": max(both - 1, 0),
    }


@TRIALS.of("periodic.missed", slow=True)
def missed(lab: Lab) -> Observation:
    """The consumer is killed before a full minute and started again after it."""
    module = steps.app(lab, periodic=True)
    first = steps.consumer(lab, module)
    left = _next_minute(3.0)
    first.end(signal.SIGKILL)
    time.sleep(left + 3.0)
    before = len(_ticks(lab))
    steps.start(lab)
    time.sleep(8.0)
    made_up = len(_ticks(lab)) - before
    lab.until(lambda: len(_ticks(lab)) > before + made_up, MINUTE_S + 2)
    return {"away_periods": 1.0, "made_up": made_up, "again": len(_ticks(lab)) - before}


@TRIALS.of("delay.eta")
def eta(lab: Lab) -> Observation:
    """Shown by `schedule(delay=…)`."""
    module = steps.app(lab)
    steps.consumer(lab, module)
    return in_time(
        lab, lambda delay, due: module.TASKS["touch"].schedule(("eta",), {"due": due}, delay=delay)
    )


@TRIALS.of("delay.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `expires`."""
    module = steps.app(lab)
    module.TASKS["touch"]("expired", expires=1)
    module.TASKS["touch"]("fresh", expires=60)
    time.sleep(1.5)
    steps.consumer(lab, module)
    lab.until(lambda: bool(lab.marks("fresh")), 4)
    time.sleep(0.5)
    return {"ran": [mark["name"] for mark in lab.marks()]}


@TRIALS.of("delay.retry")
def retry(lab: Lab) -> Observation:
    """Shown by `retries=3, retry_delay=1, retry_backoff=2`."""
    module = steps.app(lab)
    steps.consumer(lab, module)
    module.TASKS["flaky"](3)
    return once_more(lab, [1.0, 2.0, 4.0])


def _limit(kind: str, soft: bool) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        lab.settings(gevent=kind == "greenlet")
        steps.consumer(lab, module, "-k", kind)
        if soft:
            module.TASKS["limited_careful"]("careful", 4.0)
            return after(lab, 1.0)
        module.TASKS["limited_nap"]("long", 4.0)
        return held_up(lab, 1.0, lambda: module.TASKS["touch"]("next"))

    return carry_out


for _kind in ("process", "thread", "greenlet"):
    TRIALS.of("limit.hard", _kind)(_limit(_kind, soft=False))
    TRIALS.of("limit.soft", _kind)(_limit(_kind, soft=True))


@TRIALS.of("limit.rate")
def rate(lab: Lab) -> Observation:
    """`rate_limit`, four per second; what comes too early is put off."""
    module = steps.app(lab)
    steps.consumer(lab, module, "-w", "2")
    for _ in range(30):
        module.TASKS["limited"]("limited")
    time.sleep(6.0)
    starts = [mark["ns"] / 1e9 for mark in lab.marks("limited")]
    return {"limit_per_s": 4.0, "workers": 1, "starts_s": starts, "dropped": 0}


@TRIALS.of("cancel.queued")
def queued(lab: Lab) -> Observation:
    """Shown by `revoke` while it waits."""
    module = steps.app(lab)
    steps.consumer(lab, module)
    module.TASKS["nap"]("busy", 1.0)
    lab.wait(1, "busy:start")
    waiting = module.TASKS["touch"]("cancelled")
    module.TASKS["touch"]("other")
    waiting.revoke()
    lab.wait(1, "other")
    time.sleep(0.5)
    return {"ran": [mark["name"] for mark in lab.marks()]}


def _nothing_like(pattern: str, lab: Lab) -> Observation:
    places: dict[str, Any] = {
        "Result": dir(Result),
        "TaskWrapper": dir(TaskWrapper),
        "Huey.task": parameters(Huey.task),
    }
    return absent(
        pattern, {**places, "`huey_consumer --help`": options(lab.run("huey_consumer", "--help"))}
    )


@TRIALS.of("cancel.running", broker="none")
def running(lab: Lab) -> Observation:
    """Nothing of the kind is looked for in results, tasks and options."""
    return _nothing_like(r"terminate|kill|abort|interrupt", lab)


@TRIALS.of("unique.queued", broker="none")
def unique(lab: Lab) -> Observation:
    """Nothing of the kind is looked for there either."""
    return _nothing_like(r"unique|singleton|only_once|dedup", lab)


def _lock(name: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        steps.consumer(lab, module, "-w", "3")
        for number in range(3):
            module.TASKS[name](f"lock-{number}", 0.5)
        lab.until(lambda: len(spans(lab.marks(), "lock-")) == 3, 8 if name == "patient_nap" else 3)
        return {"spans": spans(lab.marks(), "lock-"), "asked": 3}

    return carry_out


TRIALS.of("unique.lock", "lock_task")(_lock("locked_nap"))
TRIALS.of("unique.lock", "lock_task with retries")(_lock("patient_nap"))
