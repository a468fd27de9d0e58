"""Trials of Huey's task types, workers and results."""

import time
from functools import partial

import redis
from huey.exceptions import TaskException

from adapters.huey.features import steps
from bench.inprocess.trials import calling, returning, tasks
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("call.sync", "call_local")
def local(lab: Lab) -> Observation:
    """Shown by `call_local`."""
    return calling.in_caller(lab, steps.Tried(lab).task("add").call_local(2, 3))


@TRIALS.of("call.sync", "immediate", broker="none")
def immediate(lab: Lab) -> Observation:
    """The setting that makes a call run at once."""
    system = steps.Tried(lab, storage="MemoryHuey", options={"immediate": True})
    return calling.in_caller(lab, system.enqueue("add", 2, 3)())


@TRIALS.of("call.background")
def background(lab: Lab) -> Observation:
    """Shown by a call of the decorated function."""
    return calling.background(steps.ready(lab))


@TRIALS.of("call.async_def", broker="none")
def async_def(lab: Lab) -> Observation:
    """A coroutine function as a task."""
    from huey import MemoryHuey
    from huey.exceptions import ConfigurationError

    try:
        MemoryHuey("refusing").task()(tasks.coroutine)
    except ConfigurationError as error:
        return {"refused": f"at decoration: {error}"}
    return {"value": None, "expected": "a refusal", "overlap": 0}


@TRIALS.of("call.batch")
def batch(lab: Lab) -> Observation:
    """Shown by `map`."""
    system = steps.Tried(lab)
    numbers = [(number, 0) for number in range(calling.BATCH)]
    client = redis.Redis.from_url(lab.broker)
    reads = calling.reads_of(system, client, lambda: system.task("add").map(numbers))
    system.consumer()
    lab.wait(calling.BATCH, "add")
    time.sleep(0.3)  # a second run would come now
    return {"asked": calling.BATCH, "ran": len(lab.marks("add")), "reads": reads}


def pool(kind: str, lab: Lab) -> Observation:
    """Two workers of a kind."""
    return calling.overlapping(steps.pool(lab, kind, "-w", "2"), f"-k {kind}")


for _kind, _feature in (
    ("process", "pool.processes"),
    ("thread", "pool.threads"),
    ("greenlet", "pool.greenlets"),
):
    TRIALS.of(_feature, _kind)(partial(pool, _kind))


@TRIALS.of("pool.inline")
def inline(lab: Lab) -> Observation:
    """One worker, as shipped: a thread of the main process."""
    system = steps.Tried(lab)
    consumer = system.consumer()
    return {**calling.overlapping(system, "-w 1"), "main_pid": consumer.pid}


def store(storage: str, lab: Lab) -> Observation:
    """A storage that keeps its results."""
    system = steps.Tried(lab, storage=storage, path=str(lab.folder / "storage"))
    if storage == "MemoryHuey":
        system.huey.immediate = True  # a memory storage lives in one process
    else:
        system.consumer()
    return returning.stored(
        system, system.value_soon, lambda result: system.huey.result(result.id) is None
    )


TRIALS.of("results.store", "RedisHuey")(partial(store, "RedisHuey"))
TRIALS.each(
    "results.store", {name: name for name in ("SqliteHuey", "FileHuey", "MemoryHuey")}, "none"
)(store)


@TRIALS.of("results.large")
def large(lab: Lab) -> Observation:
    """A result of 1 MiB."""
    system = steps.ready(lab)
    return returning.large(
        system,
        lambda result: system.huey.get(result.id, peek=True) is not None,
        system.value_soon,
    )


@TRIALS.of("results.expiry", "RedisExpireHuey")
def expiry(lab: Lab) -> Observation:
    """Shown by `expire_time`."""
    system = steps.ready(lab, storage="RedisExpireHuey", options={"expire_time": 1})
    result = system.enqueue("add", 2, 3)
    return returning.expiring(
        result.get(blocking=True, timeout=5, preserve=True) == 5,
        lambda: system.huey.result(result.id, preserve=True) is not None,
        waited_s=2.5,
    )


@TRIALS.of("results.exception")
def exception(lab: Lab) -> Observation:
    """Which exception `get` raises for a task that failed."""
    system = steps.ready(lab)
    result = system.enqueue("boom", returning.TEXT)
    try:
        return returning.failure("no exception", repr(system.value(result, 5)), "")
    except TaskException as error:
        return returning.failure(type(error).__name__, str(error), error.metadata.get("traceback"))
