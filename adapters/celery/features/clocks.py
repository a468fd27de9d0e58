"""Periodic tasks, delays, limits, cancelling, locks."""

import time
from collections.abc import Callable
from typing import Any

from adapters.celery.features import steps
from bench.inprocess.trials.lab import Lab, Observation, TrialProcess, absent, options, parameters
from bench.inprocess.trials.periodic import away, crowd, evenly
from bench.inprocess.trials.timing import after, held_up, in_time, once_more
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
PERIOD_S = 1.0
TICK = {"tick": {"task": "touch", "schedule": PERIOD_S, "args": ["tick"]}}


def _beat(lab: Lab, name: str = "beat") -> TrialProcess:
    return lab.start(
        "celery",
        "-A",
        steps.MODULE,
        "beat",
        "-s",
        str(lab.folder / f"schedule-{name}"),
        "--pidfile",
        "",
    )


@TRIALS.of("periodic.fires")
def fires(lab: Lab) -> Observation:
    """Celery Beat fires a task every second."""
    module = steps.app(lab, beat_schedule=TICK)
    steps.worker(lab, module)
    _beat(lab)
    return evenly(lab, PERIOD_S, 5)


@TRIALS.of("periodic.once")
def once(lab: Lab) -> Observation:
    """Two workers and one Beat; then a second Beat."""
    module = steps.app(lab, beat_schedule=TICK)
    steps.workers(lab, module, "w1", "w2")
    _beat(lab, "one")
    return crowd(lab, PERIOD_S, lambda: _beat(lab, "two"))


@TRIALS.of("periodic.missed")
def missed(lab: Lab) -> Observation:
    """Beat is killed and started again on its schedule file."""
    module = steps.app(lab, beat_schedule=TICK)
    steps.worker(lab, module)
    return away(lab, PERIOD_S, lambda: _beat(lab))


@TRIALS.of("delay.eta")
def eta(lab: Lab) -> Observation:
    """Shown by `countdown`."""
    module = steps.app(lab)
    steps.worker(lab, module)
    return in_time(
        lab,
        lambda delay, due: module.task("touch").apply_async(
            ("eta",), {"due": due}, countdown=delay
        ),
    )


@TRIALS.of("delay.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `expires`."""
    module = steps.app(lab)
    module.task("touch").apply_async(("expired",), expires=1)
    module.task("touch").apply_async(("fresh",), expires=60)
    time.sleep(1.3)
    steps.worker(lab, module)
    lab.until(lambda: bool(lab.marks("fresh")), 4)
    time.sleep(0.5)
    return {"ran": [mark["name"] for mark in lab.marks()]}


@TRIALS.of("delay.retry")
def retry(lab: Lab) -> Observation:
    """`autoretry_for`, `retry_backoff`."""
    module = steps.app(lab)
    steps.worker(lab, module)
    module.task("flaky").delay(3)
    return once_more(lab, [1.0, 2.0, 4.0])


def _hard(pool: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        steps.worker(lab, module, "-P", pool)
        module.task("nap").apply_async(("long", 4.0), time_limit=1)
        return held_up(lab, 1.0, lambda: module.task("touch").delay("next"))

    return carry_out


for _pool in ("prefork", "threads", "gevent", "solo"):
    TRIALS.of("limit.hard", _pool)(_hard(_pool))


def _soft(pool: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        steps.worker(lab, module, "-P", pool)
        module.task("careful").apply_async(("careful", 4.0), soft_time_limit=1)
        return after(lab, 1.0)

    return carry_out


for _pool in ("prefork", "threads", "gevent"):
    TRIALS.of("limit.soft", _pool)(_soft(_pool))


def _rate(workers: int, limit: int, seconds: float) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        steps.workers(lab, module, *(f"w{number}" for number in range(workers)))
        for _ in range(40):
            module.task(f"limited-{limit}").delay("limited")
        time.sleep(seconds)
        return {
            "limit_per_s": float(limit),
            "workers": workers,
            "starts_s": [mark["ns"] / 1e9 for mark in lab.marks("limited")],
            "dropped": 0,
        }

    return carry_out


TRIALS.of("limit.rate", "one worker")(_rate(1, limit=4, seconds=6.0))
TRIALS.of("limit.rate", "two workers")(_rate(2, limit=1, seconds=9.0))


@TRIALS.of("cancel.queued")
def queued(lab: Lab) -> Observation:
    """Shown by `revoke` while it waits."""
    module = steps.app(lab)
    steps.worker(lab, module)
    module.task("nap").delay("busy", 1.5)
    lab.wait(1, "busy:start")
    waiting = module.task("touch").delay("cancelled")
    module.task("touch").delay("other")
    waiting.revoke()
    lab.wait(1, "other")
    time.sleep(0.5)
    return {"ran": [mark["name"] for mark in lab.marks()]}


def _running(pool: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        steps.worker(lab, module, "-P", pool)
        result = module.task("nap").delay("long", 5.0)
        lab.wait(1, "long:start")
        began = time.monotonic_ns()
        result.revoke(terminate=True)
        module.task("touch").delay("next")
        lab.until(lambda: bool(lab.marks("next")), 7)
        following = lab.marks("next")
        return {
            "finished": bool(lab.marks("long:end")),
            "next_s": (following[0]["ns"] - began) / 1e9 if following else None,
        }

    return carry_out


for _pool in ("prefork", "threads"):
    TRIALS.of("cancel.running", _pool)(_running(_pool))


def _nothing_like(pattern: str, lab: Lab) -> Observation:
    from celery.app.defaults import SETTING_KEYS

    module = steps.app(lab)
    help_text = lab.run("celery", "-A", steps.MODULE, "worker", "--help")
    call: Any = module.app.Task.apply_async
    places = {
        "Celery's settings": sorted(SETTING_KEYS),
        "`celery worker --help`": options(help_text),
    }
    return absent(
        pattern, {**places, "Task.apply_async": parameters(call), "Task": dir(module.app.Task)}
    )


@TRIALS.of("unique.queued", broker="none")
def unique(lab: Lab) -> Observation:
    """Nothing of the kind is looked for in calls, settings and options."""
    return _nothing_like(r"unique|singleton|only_once", lab)


@TRIALS.of("unique.lock", broker="none")
def lock(lab: Lab) -> Observation:
    """Nothing of the kind is looked for there either."""
    return _nothing_like(r"mutex|(^|_)lock|semaphore", lab)
