"""The application of the trials, set up by the trial's settings.

It is imported by the trial, its workers and its web server.
"""

import json
import os
from typing import Any

from celery import Celery

from bench.inprocess import cell_context
from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import SETTINGS

# JSON of each trial's own
settings: dict[str, Any] = json.loads(os.environ.get(SETTINGS, "{}"))
backend = settings.pop("backend", "same")
url = "memory://" if cell_context.broker().startswith("none") else cell_context.broker()
app: Any = Celery(
    "trial",
    broker=url,
    backend=url.replace("memory:", "cache+memory:") if backend == "same" else backend,
)
signed = settings.pop("signed", False)
app.conf.update(broker_connection_retry_on_startup=True, **settings)
if signed:
    app.setup_security()

for body in (
    tasks.touch,
    tasks.add,
    tasks.echo,
    tasks.nap,
    tasks.coroutine,
    tasks.careful,
    tasks.boom,
    tasks.big,
    tasks.step,
    tasks.total,
    tasks.look,
):
    app.task(name=body.__name__)(body)
app.task(
    name="flaky", autoretry_for=(ValueError,), retry_backoff=1, retry_jitter=False, max_retries=5
)(tasks.flaky)
app.task(name="limited-4", rate_limit="4/s")(tasks.touch)
app.task(name="limited-1", rate_limit="1/s")(tasks.touch)


def enqueue(name: str, *args: object) -> object:
    """Enqueue a task by its name, by Celery's plain call."""
    return app.tasks[name].delay(*args)
