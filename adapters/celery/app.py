"""Celery inside its processes: the application, the task, the enqueue call."""

from collections.abc import Callable, Sequence

import celery
import kombu
from celery import Celery
from kombu.messaging import Producer
from kombu.serialization import dumps

from adapters.celery.library_settings import configured
from bench.inprocess import body, cell_context

_cell = cell_context.load()
_settings = {name: value for name, value in _cell["settings"].items() if not name.startswith("-")}
_backend = {None: None, "redis": cell_context.broker(), "rpc": "rpc://"}[
    _settings.pop("result_backend", None)
]

app = Celery("bench", broker=cell_context.broker(), backend=_backend)
app.conf.update(broker_connection_retry_on_startup=True, **_settings)
if _limit := _cell["params"].get("time_limit_s"):
    app.conf.task_time_limit = _limit


@app.task(name="run")  # type: ignore[untyped-decorator]
def run(task: int, work: str = "") -> int:
    """The task that every cell enqueues; returns its id."""
    return body.run(task, work)


def connect() -> Callable[[int, str], str]:
    """The enqueue call, Celery's plain one: `delay`."""
    # To measure without a setting that this version lacks would be to measure something else.
    if _cell["system"] == "celery" and (unread := _settings.keys() - configured()):
        raise TypeError(f"Celery {celery.__version__} does not read {min(unread)}")
    # A serializer that is not installed shows here.
    dumps([], serializer=app.conf.task_serializer)  # type: ignore[no-untyped-call]

    def enqueue(task: int, work: str) -> str:
        return str((run.delay(task, work) if work else run.delay(task)).id)

    return enqueue


def ask(task: int, work: str) -> int:
    """Enqueue by `delay` and wait for the result by `AsyncResult.get`."""
    return int((run.delay(task, work) if work else run.delay(task)).get(timeout=60))


def bulk(tasks: Sequence[int]) -> None:
    """Many tasks in the pipelines of one batch."""
    if not hasattr(Producer, "batch"):
        raise NotImplementedError(f"kombu {kombu.__version__} has no Producer.batch()")
    with app.producer_pool.acquire(block=True) as producer, producer.batch(max_size=len(tasks)):
        for task in tasks:
            run.apply_async((task,), producer=producer)
