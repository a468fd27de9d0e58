"""The instances of the trials, set up by the trial's settings.

They are imported by the trial, its consumers and its web server.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

# JSON of each trial's own
_settings: Mapping[str, Any] = json.loads(os.environ.get("QUEUE_BENCH_TRIAL", "{}"))
if _settings.get("gevent"):
    # The consumer does not patch; its documentation asks the application to, before anything else.
    from gevent import monkey

    monkey.patch_all()

import huey as library  # noqa: E402
from huey import crontab  # noqa: E402
from huey.serializer import SignedSerializer  # noqa: E402

from bench.inprocess import cell_context  # noqa: E402
from bench.inprocess.trials import tasks  # noqa: E402


def _instance(name: str) -> Any:
    """The storage that the trial asks for."""
    kind = getattr(library, str(_settings.get("storage", "RedisHuey")))
    path = f"{_settings.get('path')}-{name}"
    places = {"SqliteHuey": {"filename": path}, "FileHuey": {"path": path}, "MemoryHuey": {}}
    where = places.get(kind.__name__, {"url": cell_context.broker()})
    serializer = (
        {"serializer": SignedSerializer(_settings["secret"])} if "secret" in _settings else {}
    )
    return kind(name, **where, **serializer, **_settings.get("options", {}))


huey = _instance("trial")
second = _instance("second")  # Huey has one queue per instance: this is the other one

TASKS = {
    body.__name__: huey.task(name=body.__name__)(body)
    for body in (
        tasks.touch,
        tasks.add,
        tasks.echo,
        tasks.nap,
        tasks.boom,
        tasks.big,
        tasks.step,
        tasks.total,
        tasks.look,
    )
}
TASKS["flaky"] = huey.task(name="flaky", retries=3, retry_delay=1, retry_backoff=2)(tasks.flaky)
TASKS["limited_nap"] = huey.task(name="limited_nap", timeout=1)(tasks.nap)
TASKS["limited_careful"] = huey.task(name="limited_careful", timeout=1)(tasks.careful)
# A younger call: without it the one trial that needs it gives up, and not all.
if hasattr(huey, "rate_limit"):
    TASKS["limited"] = huey.task(name="limited", retries=0)(
        huey.rate_limit("limited", 4, 1)(tasks.touch)
    )
TASKS["locked_nap"] = huey.task(name="locked_nap")(huey.lock_task("one-at-a-time")(tasks.nap))
TASKS["patient_nap"] = huey.task(name="patient_nap", retries=20, retry_delay=1)(
    huey.lock_task("patient")(tasks.nap)
)
SECOND = {body.__name__: second.task(name=body.__name__)(body) for body in (tasks.touch, tasks.nap)}

if _settings.get("periodic"):

    @huey.periodic_task(crontab())  # type: ignore[untyped-decorator]
    def tick() -> None:
        """Fire every minute, which is the finest period."""
        tasks.touch("tick")


def enqueue(name: str, *args: object) -> object:
    """Enqueue a task by its name, by Huey's plain call."""
    return TASKS[name](*args)
