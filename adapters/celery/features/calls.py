"""Trials of Celery's task types and pools."""

import os
import time
from collections.abc import Callable
from typing import Any

import redis

from adapters.celery.features import steps
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.spans import counts, most, spans
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
BATCH = 100


def _sync(lab: Lab, call: Callable[[Any], Any]) -> Observation:
    value = call(steps.app(lab, task_always_eager=True))
    return {
        "value": value,
        "expected": 5,
        "caller_pid": os.getpid(),
        "pids": [mark["pid"] for mark in lab.marks("add")],
    }


@TRIALS.of("call.sync", "apply()", broker="none")
def applied(lab: Lab) -> Observation:
    """Shown by `Task.apply`."""
    return _sync(lab, lambda module: module.task("add").apply(args=(2, 3)).get())


@TRIALS.of("call.sync", "task_always_eager", broker="none")
def eager(lab: Lab) -> Observation:
    """The setting that makes `delay` run at once."""
    return _sync(lab, lambda module: module.task("add").delay(2, 3).get())


@TRIALS.of("call.background")
def background(lab: Lab) -> Observation:
    """Shown by `delay`."""
    module = steps.app(lab)
    steps.worker(lab, module)
    began = time.perf_counter()
    result = module.task("nap").delay("bg", 0.3)
    call_ms = (time.perf_counter() - began) * 1000
    value = result.get(timeout=8)
    return {
        "value": value,
        "expected": "bg",
        "caller_pid": os.getpid(),
        "pids": [m["pid"] for m in lab.marks("bg:end")],
        "call_ms": call_ms,
        "task_ms": 300.0,
    }


@TRIALS.of("call.async_def")
def async_def(lab: Lab) -> Observation:
    """A coroutine function as a task.

    It is registered without an error; what the worker makes of it is observed here.
    """
    module = steps.app(lab)
    steps.worker(lab, module)
    results = [module.task("coroutine").delay(f"co-{number}", 0.3) for number in range(2)]
    values = [result.get(timeout=8, propagate=False) for result in results]
    if any(isinstance(value, Exception) for value in values):
        return {"refused": f"the worker says {type(values[0]).__name__}: {values[0]}"}
    return {
        "value": values,
        "expected": ["co-0", "co-1"],
        "overlap": most(spans(lab.marks(), "co-")),
    }


def _batch(lab: Lab, ignore_result: bool) -> Observation:
    """`Producer.batch`; with a result back end each task also subscribes to its result."""
    module = steps.app(lab, task_ignore_result=ignore_result)
    client = redis.Redis.from_url(lab.broker)
    module.task("touch").delay("warm")
    before = int(client.info("stats")["total_reads_processed"])
    with module.app.producer_pool.acquire(block=True) as producer, producer.batch(max_size=BATCH):
        for number in range(BATCH):
            module.task("touch").apply_async(("batch",), {"number": number}, producer=producer)
    reads = int(client.info("stats")["total_reads_processed"]) - before - 1
    steps.worker(lab, module)
    lab.wait(BATCH, "batch")
    return {
        "asked": BATCH,
        "ran": sum(n == 1 for n in counts(lab.marks(), "batch", "number").values()),
        "reads": reads,
    }


TRIALS.of("call.batch", "results stored")(lambda lab: _batch(lab, ignore_result=False))
TRIALS.of("call.batch", "results ignored")(lambda lab: _batch(lab, ignore_result=True))


def _pool(pool: str, called: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        worker = steps.worker(lab, module, "-P", pool, *(() if pool == "solo" else ("-c", "2")))
        for number in range(2):
            module.task("nap").delay(f"pool-{number}", 0.3)
        lab.until(lambda: len(spans(lab.marks(), "pool-")) == 2, 6)
        return {"spans": spans(lab.marks(), "pool-"), "called": called, "main_pid": worker.pid}

    return carry_out


for _pool_name, _feature in (
    ("prefork", "pool.processes"),
    ("threads", "pool.threads"),
    ("gevent", "pool.greenlets"),
    ("eventlet", "pool.greenlets"),
    ("solo", "pool.inline"),
):
    TRIALS.of(_feature, _pool_name)(_pool(_pool_name, f"-P {_pool_name}"))
