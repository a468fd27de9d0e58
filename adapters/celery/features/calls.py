"""Trials of Celery's task types, pools and results."""

from functools import partial
from typing import Any

import redis
from celery.exceptions import TimeoutError as TooLong

from adapters.celery.features import steps
from bench.inprocess.trials import calling, returning
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("call.sync", "apply()", broker="none")
def applied(lab: Lab) -> Observation:
    """Shown by `Task.apply`."""
    system = steps.Tried(lab, task_always_eager=True)
    return calling.in_caller(lab, system.task("add").apply(args=(2, 3)).get())


@TRIALS.of("call.sync", "task_always_eager", broker="none")
def eager(lab: Lab) -> Observation:
    """The setting that makes `delay` run at once."""
    return calling.in_caller(
        lab, steps.Tried(lab, task_always_eager=True).enqueue("add", 2, 3).get()
    )


@TRIALS.of("call.background")
def background(lab: Lab) -> Observation:
    """Shown by `delay`."""
    return calling.background(steps.ready(lab))


@TRIALS.of("call.async_def")
def async_def(lab: Lab) -> Observation:
    """A coroutine function as a task.

    It is registered without an error; what the worker makes of it is observed here.
    """
    observation = calling.coroutines(
        steps.ready(lab), lambda result: result.get(timeout=8, propagate=False)
    )
    errors = [value for value in observation["value"] if isinstance(value, Exception)]
    if errors:
        return {"refused": f"the worker says {type(errors[0]).__name__}: {errors[0]}"}
    return observation


@TRIALS.each("call.batch", {"results stored": False, "results ignored": True})
def batch(ignore_result: bool, lab: Lab) -> Observation:
    """`Producer.batch`; with a result back end each task also subscribes to its result."""
    system = steps.Tried(lab, task_ignore_result=ignore_result)

    def send() -> None:
        with (
            system.app.producer_pool.acquire(block=True) as producer,
            producer.batch(max_size=calling.BATCH),
        ):
            for number in range(calling.BATCH):
                system.task("touch").apply_async(("batch",), {"number": number}, producer=producer)

    reads = calling.reads_of(system, redis.Redis.from_url(lab.broker), send)
    system.worker()
    return calling.batched(lab, reads)


def pool(kind: str, lab: Lab) -> Observation:
    """Two slots of a pool; `solo` has one."""
    system = steps.Tried(lab)
    worker = system.worker("-P", kind, *(() if kind == "solo" else ("-c", "2")))
    return {**calling.overlapping(system, f"-P {kind}"), "main_pid": worker.pid}


TRIALS.of("pool.processes", "prefork")(partial(pool, "prefork"))
TRIALS.of("pool.threads", "threads")(partial(pool, "threads"))
TRIALS.each("pool.greenlets", {"gevent": "gevent", "eventlet": "eventlet"})(pool)
TRIALS.of("pool.inline", "solo")(partial(pool, "solo"))


def store(backend: str, lab: Lab) -> Observation:
    """A result back end by its URL, in which `{folder}` is the trial's."""
    (lab.folder / "results").mkdir()
    system = steps.ready(lab, backend=backend.format(folder=lab.folder))

    def value(result: Any) -> Any:
        try:
            return system.value(result, 2)
        except TooLong:
            return "nothing"

    def gone(result: Any) -> bool:
        again = system.app.AsyncResult(result.id)
        return not lab.until(lambda: bool(again.ready()), 0.3)

    return returning.stored(system, value, gone)


TRIALS.of("results.store", "redis")(partial(store, "same"))
TRIALS.of("results.store", "rpc on RabbitMQ", broker="rabbitmq")(partial(store, "rpc://"))
TRIALS.of("results.store", "database (SQLite)", packages=("sqlalchemy",))(
    partial(store, "db+sqlite:///{folder}/results.sqlite3")
)
TRIALS.of("results.store", "file")(partial(store, "file://{folder}/results"))
TRIALS.of("results.store", "memory")(partial(store, "cache+memory://"))


@TRIALS.of("results.large")
def large(lab: Lab) -> Observation:
    """A result of 1 MiB."""
    system = steps.ready(lab)
    return returning.large(
        system, lambda result: bool(result.ready()), lambda result: system.value(result, 5)
    )


@TRIALS.of("results.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `result_expires`."""
    system = steps.ready(lab, result_expires=1)
    result = system.enqueue("add", 2, 3)
    return returning.expiring(
        system.value(result, 5) == 5,
        lambda: bool(system.app.AsyncResult(result.id).state != "PENDING"),
    )


@TRIALS.of("results.exception")
def exception(lab: Lab) -> Observation:
    """Which exception `get` raises for a task that failed."""
    result = steps.ready(lab).enqueue("boom", returning.TEXT)
    error = result.get(timeout=5, propagate=False)
    return returning.failure(type(error).__name__, str(error), result.traceback)
