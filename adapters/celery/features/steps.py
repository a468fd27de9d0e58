"""What every trial of Celery begins with: its application, and a worker that is ready."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from bench.inprocess.trials.lab import GaveUp, Lab, TrialProcess, options, parameters

MODULE = "adapters.celery.features.trial_app"
COMMAND = ("celery", "-A", MODULE)


class Tried:
    """Celery as a trial has set it up, here and in every process started from now on."""

    def __init__(self, lab: Lab, **settings: Any) -> None:
        lab.settings(**settings)
        self.lab = lab
        self.app: Any = import_module(MODULE).app

    def task(self, name: str) -> Any:
        """The registered task with this name."""
        return self.app.tasks[name]

    def enqueue(self, name: str, *args: Any, **facts: Any) -> Any:
        """Shown by `delay`."""
        return self.task(name).delay(*args, **facts)

    def value(self, result: Any, timeout_s: float = 10) -> Any:
        """What `get` gives; it raises what the task raised."""
        return result.get(timeout=timeout_s)

    def start(self, *flags: str, name: str = "w") -> TrialProcess:
        """`celery worker`, one slot unless told; it may not be ready yet."""
        sized = any(flag == "-c" or flag.startswith("--autoscale") for flag in flags)
        apart = ("-n", f"{name}@%h", "--without-mingle", "--without-gossip")
        return self.lab.start(*COMMAND, "worker", *apart, *(() if sized else ("-c", "1")), *flags)

    def worker(self, *flags: str, name: str = "w", queue: str = "celery") -> TrialProcess:
        """The same, and it has run a task."""
        started = self.start(*flags, name=name)
        self.task("touch").apply_async((f"ready-{name}",), queue=queue)
        self.lab.wait(1, f"ready-{name}", 12)
        return started


def ready(lab: Lab, *flags: str, queue: str = "celery", **settings: Any) -> Tried:
    """Celery with these settings, and a worker that has run a task."""
    system = Tried(lab, **settings)
    system.worker(*flags, queue=queue)
    return system


def several(lab: Lab, count: int, **settings: Any) -> Tried:
    """Celery with several workers, each of which has run a task.

    A first one alone could run all that are sent to see whether they are ready.
    """
    system = Tried(lab, **settings)
    names = [f"w{number}" for number in range(1, count + 1)]
    pids = {system.start("-P", "solo", name=name).pid for name in names}

    def all_ran() -> bool:
        system.enqueue("touch", "ready")
        return {mark["pid"] for mark in lab.marks("ready")} >= pids

    if not lab.until(all_ran, 8):
        raise GaveUp(f"not all of {', '.join(names)} are ready: {lab.logs()}")
    return system


def names(lab: Lab) -> Mapping[str, Iterable[str]]:
    """The names in which a feature of calls and workers would show."""
    from celery.app.defaults import SETTING_KEYS

    task: Any = Tried(lab).app.Task
    return {
        "Celery's settings": sorted(SETTING_KEYS),
        "`celery worker --help`": options(lab.run(*COMMAND, "worker", "--help")),
        "Task.apply_async": parameters(task.apply_async),
        "Task": dir(task),
    }
