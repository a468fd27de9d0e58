"""What every trial of Huey begins with: an instance, and a consumer that is ready."""

import os
from importlib import import_module
from typing import Any

from huey import exceptions

from bench.inprocess.trials.lab import SETTINGS, Lab, TrialProcess

MODULE = "adapters.huey.features.trial_app"
# What waiting for a result raises at its end; before it had a name of its own, the class of all.
TimedOut: type[Exception] = getattr(exceptions, "ResultTimeout", exceptions.HueyException)


def app(lab: Lab, **settings: Any) -> Any:
    """The application's module, set up so here and in every process started from now on."""
    lab.settings(**settings)
    return import_module(MODULE)


def start(lab: Lab, *flags: str, instance: str = "huey") -> TrialProcess:
    """`huey_consumer`; it may not be ready yet."""
    # What is no server is asked again and again, after up to 10 s as shipped; its documentation has
    # these options for that.
    polled = (
        ("-d", "0.02", "-m", "0.1")
        if any(name in os.environ.get(SETTINGS, "") for name in ("SqliteHuey", "FileHuey"))
        else ()
    )
    return lab.start("huey_consumer", f"{MODULE}.{instance}", *polled, *flags)


def consumer(lab: Lab, module: Any, *flags: str, instance: str = "huey") -> TrialProcess:
    """The same, and it has run a task."""
    started = start(lab, *flags, instance=instance)
    (module.TASKS if instance == "huey" else module.SECOND)["touch"](f"ready-{instance}")
    lab.wait(1, f"ready-{instance}", 12)
    return started
