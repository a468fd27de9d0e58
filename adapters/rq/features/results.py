"""Trials of RQ's results."""

import time
from typing import Any

from rq.job import Job

from adapters.rq.features import steps
from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
VALUES: tuple[Any, ...] = (5, None, {"a": [1, 2.5, "ä"]})


@TRIALS.of("results.store")
def store(lab: Lab) -> Observation:
    """Results are in Redis, the only place that RQ has for them."""
    steps.worker(lab)
    queue = steps.queue(lab)
    jobs = [queue.enqueue(tasks.echo, value) for value in VALUES]
    values = [steps.value(lab, job) for job in jobs]
    again = Job.fetch(jobs[0].id, connection=queue.connection).return_value()
    return {"values": values, "expected": list(VALUES), "once_only": again != VALUES[0]}


@TRIALS.of("results.large")
def large(lab: Lab) -> Observation:
    """A result of 1 MiB."""
    steps.worker(lab)
    job = steps.queue(lab).enqueue(tasks.big, 1 << 20)
    lab.until(lambda: bool(job.is_finished), 6)
    began = time.perf_counter()
    value = steps.value(lab, job)
    return {
        "bytes": 1 << 20,
        "same": value == "0123456789abcdef" * (1 << 16),
        "read_ms": (time.perf_counter() - began) * 1000,
    }


@TRIALS.of("results.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `result_ttl`."""
    steps.worker(lab)
    job = steps.queue(lab).enqueue(tasks.add, 2, 3, result_ttl=1)
    before = steps.value(lab, job) == 5
    time.sleep(2.0)
    return {
        "ttl_s": 1.0,
        "waited_s": 2.0,
        "before": before,
        "after": job.latest_result() is not None,
    }


@TRIALS.of("results.exception")
def exception(lab: Lab) -> Observation:
    """What `latest_result` keeps of it: a text."""
    steps.worker(lab)
    job = steps.queue(lab).enqueue(tasks.boom, "told you")
    lab.wait(1, "boom")
    lab.until(lambda: bool(job.is_failed), 4)
    result: Any = job.latest_result(timeout=3)
    exc_string = str(result.exc_string).strip()
    return {
        "type": type(exc_string).__name__,
        "text": exc_string.splitlines()[-1],
        "wanted_type": "ValueError",
        "wanted_text": "told you",
        "traceback": "in boom" in exc_string,
    }
