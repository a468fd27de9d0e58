"""Trials of RQ's task types and workers."""

import os
import time
from collections.abc import Callable
from typing import Any

from adapters.rq.features import steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import Lab, Observation, absent, options
from bench.inprocess.trials.spans import counts, most, spans
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
BATCH = 100


@TRIALS.of("call.sync")
def sync(lab: Lab) -> Observation:
    """Shown by `Queue(is_async=False)`."""
    job = steps.queue(lab, is_async=False).enqueue(tasks.add, 2, 3)
    return {
        "value": job.return_value(),
        "expected": 5,
        "caller_pid": os.getpid(),
        "pids": [mark["pid"] for mark in lab.marks("add")],
    }


@TRIALS.of("call.background")
def background(lab: Lab) -> Observation:
    """Shown by `enqueue`."""
    queue = steps.queue(lab)
    steps.worker(lab)
    queue.enqueue(tasks.touch, "warm")
    began = time.perf_counter()
    job = queue.enqueue(tasks.nap, "bg", 0.3)
    call_ms = (time.perf_counter() - began) * 1000
    value = steps.value(lab, job)
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
    """A coroutine function, twice at one worker."""
    queue = steps.queue(lab)
    steps.worker(lab, *steps.SIMPLE)
    jobs = [queue.enqueue(tasks.coroutine, f"co-{number}", 0.3) for number in range(2)]
    values = [steps.value(lab, job) for job in jobs]
    return {
        "value": values,
        "expected": ["co-0", "co-1"],
        "overlap": most(spans(lab.marks(), "co-")),
    }


@TRIALS.of("call.batch")
def batch(lab: Lab) -> Observation:
    """Shown by `enqueue_many`."""
    queue = steps.queue(lab)
    queue.enqueue(tasks.touch, "warm")
    client = queue.connection
    before = int(client.info("stats")["total_reads_processed"])
    queue.enqueue_many(
        [queue.prepare_data(tasks.touch, ("batch",), {"number": number}) for number in range(BATCH)]
    )
    reads = int(client.info("stats")["total_reads_processed"]) - before - 1
    steps.worker(lab, *steps.SIMPLE)
    lab.wait(BATCH, "batch")
    return {
        "asked": BATCH,
        "ran": sum(n == 1 for n in counts(lab.marks(), "batch", "number").values()),
        "reads": reads,
    }


def _overlapping(lab: Lab, called: str) -> Observation:
    queue = steps.queue(lab)
    for number in range(2):
        queue.enqueue(tasks.nap, f"pool-{number}", 0.3)
    lab.until(lambda: len(spans(lab.marks(), "pool-")) == 2, 6)
    return {"spans": spans(lab.marks(), "pool-"), "called": called}


def _two(*flags: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        for _ in range(2):
            steps.worker(lab, *flags)
        return _overlapping(lab, f"2 × rq worker {' '.join(flags)}".strip())

    return carry_out


TRIALS.of("pool.processes", "Worker")(_two())
TRIALS.of("pool.processes", "SpawnWorker")(_two("-w", "rq.SpawnWorker"))


@TRIALS.of("pool.processes", "worker-pool")
def pool(lab: Lab) -> Observation:
    """Shown by `rq worker-pool -n 2`."""
    queue = steps.queue(lab)
    lab.start("rq", "worker-pool", *steps.SETTINGS, "-n", "2", "default")
    for _ in range(2):
        queue.enqueue(tasks.nap, "ready", 0.2)
    lab.wait(2, "ready:end")
    return _overlapping(lab, "rq worker-pool -n 2")


@TRIALS.of("pool.inline")
def inline(lab: Lab) -> Observation:
    """Shown by a SimpleWorker."""
    worker = steps.worker(lab, *steps.SIMPLE)
    return {**_overlapping(lab, "SimpleWorker"), "main_pid": worker.pid}


def _no_pool(pattern: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        import rq

        places: dict[str, Any] = {
            "the classes that rq offers": [name for name in dir(rq) if name[0].isupper()]
        }
        for command in ("worker", "worker-pool"):
            places[f"`rq {command} --help`"] = options(lab.run("rq", command, "--help"))
        return absent(pattern, places)

    return carry_out


TRIALS.of("pool.threads", broker="none")(_no_pool("thread"))
TRIALS.of("pool.greenlets", broker="none")(_no_pool("greenlet|gevent|eventlet"))
