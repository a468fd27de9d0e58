"""What every trial of Huey begins with: an instance, and a consumer that is ready."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from huey import exceptions

from bench.inprocess.trials.lab import SETTINGS, Lab, TrialProcess, options

MODULE = "adapters.huey.features.trial_app"
# What waiting for a result raises at its end; before it had a name of its own, the class of all.
TimedOut: type[Exception] = getattr(exceptions, "ResultTimeout", exceptions.HueyException)


class Tried:
    """Huey as a trial has set it up, here and in every process started from now on."""

    def __init__(self, lab: Lab, **settings: Any) -> None:
        lab.settings(**settings)
        self.lab = lab
        self.module: Any = import_module(MODULE)
        self.huey = self.module.huey

    def task(self, name: str) -> Any:
        """The decorated function."""
        return self.module.TASKS[name]

    def enqueue(self, name: str, *args: Any, **facts: Any) -> Any:
        """Shown by a call of the decorated function, which picks its own options out."""
        return self.task(name)(*args, **facts)

    def value(self, result: Any, timeout_s: float = 10) -> Any:
        """What `get` gives; it raises what the task raised."""
        return result.get(blocking=True, timeout=timeout_s)

    def value_soon(self, result: Any) -> Any:
        """The same within 2 s, or the word `nothing`."""
        try:
            return self.value(result, 2)
        except TimedOut:
            return "nothing"

    def start(self, *flags: str, instance: str = "huey") -> TrialProcess:
        """`huey_consumer`; it may not be ready yet."""
        # What is no server is asked again and again, after up to 10 s as shipped; its documentation
        # has these options for that.
        polled = (
            ("-d", "0.02", "-m", "0.1")
            if any(name in os.environ.get(SETTINGS, "") for name in ("SqliteHuey", "FileHuey"))
            else ()
        )
        return self.lab.start("huey_consumer", f"{MODULE}.{instance}", *polled, *flags)

    def consumer(self, *flags: str, instance: str = "huey") -> TrialProcess:
        """The same, and it has run a task."""
        started = self.start(*flags, instance=instance)
        tasks = self.module.TASKS if instance == "huey" else self.module.SECOND
        tasks["touch"](f"ready-{instance}")
        self.lab.wait(1, f"ready-{instance}", 12)
        return started


def ready(lab: Lab, *flags: str, **settings: Any) -> Tried:
    """Huey with these settings, and a consumer that has run a task."""
    system = Tried(lab, **settings)
    system.consumer(*flags)
    return system


def pool(lab: Lab, kind: str, *flags: str) -> Tried:
    """Huey as shipped, and a consumer with workers of this kind."""
    system = Tried(lab)
    lab.settings(gevent=kind == "greenlet")  # the consumer's process only: this one stays unpatched
    system.consumer("-k", kind, *flags)
    return system


def flags_of(lab: Lab) -> Mapping[str, list[str]]:
    """The consumer's options, as a place in which a feature would show."""
    return {"`huey_consumer --help`": options(lab.run("huey_consumer", "--help"))}
