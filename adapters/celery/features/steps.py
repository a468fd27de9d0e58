"""What every trial of Celery begins with: its application, and a worker that is ready."""

from importlib import import_module
from typing import Any

from bench.inprocess.trials.lab import GaveUp, Lab, TrialProcess

MODULE = "adapters.celery.features.trial_app"


def app(lab: Lab, **settings: Any) -> Any:
    """The application's module, set up so here and in every process started from now on."""
    lab.settings(**settings)
    return import_module(MODULE)


def start(lab: Lab, *flags: str, name: str = "w") -> TrialProcess:
    """`celery worker`, one slot unless told; it may not be ready yet."""
    slots = (
        () if any(flag == "-c" or flag.startswith("--autoscale") for flag in flags) else ("-c", "1")
    )
    return lab.start(
        "celery",
        "-A",
        MODULE,
        "worker",
        "-n",
        f"{name}@%h",
        "--without-mingle",
        "--without-gossip",
        *slots,
        *flags,
    )


def workers(lab: Lab, module: Any, *names: str) -> None:
    """Several workers, each of which has run a task.

    A first one alone could run all that are sent to see whether they are ready.
    """
    started = [start(lab, "-P", "solo", name=name) for name in names]

    def all_ran() -> bool:
        module.task("touch").delay("ready")
        return {mark["pid"] for mark in lab.marks("ready")} >= {process.pid for process in started}

    if not lab.until(all_ran, 8):
        raise GaveUp(f"not all of {', '.join(names)} are ready: {lab.logs()}")


def worker(
    lab: Lab, module: Any, *flags: str, name: str = "w", queue: str = "celery"
) -> TrialProcess:
    """The same, and it has run a task."""
    started = start(lab, *flags, name=name)
    module.task("touch").apply_async((f"ready-{name}",), queue=queue)
    lab.wait(1, f"ready-{name}", 12)
    return started
