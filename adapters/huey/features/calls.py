"""Trials of Huey's task types and workers."""

import os
import time
from collections.abc import Callable
from typing import Any

import redis

from adapters.huey.features import steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.spans import spans
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
BATCH = 100


def _sync(lab: Lab, module: Any, call: Callable[[Any], Any]) -> Observation:
    return {
        "value": call(module),
        "expected": 5,
        "caller_pid": os.getpid(),
        "pids": [mark["pid"] for mark in lab.marks("add")],
    }


@TRIALS.of("call.sync", "call_local")
def local(lab: Lab) -> Observation:
    """Shown by `call_local`."""
    return _sync(lab, steps.app(lab), lambda module: module.TASKS["add"].call_local(2, 3))


@TRIALS.of("call.sync", "immediate", broker="none")
def immediate(lab: Lab) -> Observation:
    """The setting that makes a call run at once."""
    return _sync(
        lab,
        steps.app(lab, storage="MemoryHuey", options={"immediate": True}),
        lambda module: module.TASKS["add"](2, 3)(),
    )


@TRIALS.of("call.background")
def background(lab: Lab) -> Observation:
    """Shown by a call of the decorated function."""
    module = steps.app(lab)
    steps.consumer(lab, module)
    began = time.perf_counter()
    result = module.TASKS["nap"]("bg", 0.3)
    call_ms = (time.perf_counter() - began) * 1000
    value = result.get(blocking=True, timeout=8)
    return {
        "value": value,
        "expected": "bg",
        "caller_pid": os.getpid(),
        "pids": [m["pid"] for m in lab.marks("bg:end")],
        "call_ms": call_ms,
        "task_ms": 300.0,
    }


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
    module = steps.app(lab)
    client = redis.Redis.from_url(lab.broker)
    module.TASKS["touch"]("warm")
    before = int(client.info("stats")["total_reads_processed"])
    module.TASKS["add"].map([(number, 0) for number in range(BATCH)])
    reads = int(client.info("stats")["total_reads_processed"]) - before - 1
    steps.consumer(lab, module)
    lab.wait(BATCH, "add")
    time.sleep(0.3)
    return {"asked": BATCH, "ran": len(lab.marks("add")), "reads": reads}


def _pool(kind: str, gevent: bool = False) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        module = steps.app(lab)
        lab.settings(gevent=gevent)  # the consumer's process only: this one stays unpatched
        steps.consumer(lab, module, "-k", kind, "-w", "2")
        return _overlapping(lab, module, f"-k {kind}")

    return carry_out


def _overlapping(lab: Lab, module: Any, called: str) -> Observation:
    for number in range(2):
        module.TASKS["nap"](f"pool-{number}", 0.3)
    lab.until(lambda: len(spans(lab.marks(), "pool-")) == 2, 6)
    return {"spans": spans(lab.marks(), "pool-"), "called": called}


TRIALS.of("pool.processes", "process")(_pool("process"))
TRIALS.of("pool.threads", "thread")(_pool("thread"))
TRIALS.of("pool.greenlets", "greenlet")(_pool("greenlet", gevent=True))


@TRIALS.of("pool.inline")
def inline(lab: Lab) -> Observation:
    """One worker, as shipped: a thread of the main process."""
    module = steps.app(lab)
    started = steps.consumer(lab, module)
    return {**_overlapping(lab, module, "-w 1"), "main_pid": started.pid}
