"""Trials of RQ's task types, workers and results."""

from collections.abc import Iterable, Mapping

import rq
from rq.job import Job

from adapters.rq.features import steps
from bench.inprocess.trials import calling, returning, tasks
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("call.sync")
def sync(lab: Lab) -> Observation:
    """Shown by `Queue(is_async=False)`."""
    job = steps.Tried(lab, is_async=False).enqueue("add", 2, 3)
    return calling.in_caller(lab, job.return_value())


@TRIALS.of("call.background")
def background(lab: Lab) -> Observation:
    """Shown by `enqueue`."""
    system = steps.ready(lab)
    system.enqueue("touch", "warm")
    return calling.background(system)


@TRIALS.of("call.async_def")
def async_def(lab: Lab) -> Observation:
    """A coroutine function, twice at one worker."""
    system = steps.ready(lab, *steps.SIMPLE)
    return calling.coroutines(system, system.value)


@TRIALS.of("call.batch")
def batch(lab: Lab) -> Observation:
    """Shown by `enqueue_many`."""
    system = steps.Tried(lab)
    queue = system.queue
    reads = calling.reads_of(
        system,
        queue.connection,
        lambda: queue.enqueue_many(
            [
                queue.prepare_data(tasks.touch, ("batch",), {"number": number})
                for number in range(calling.BATCH)
            ]
        ),
    )
    steps.worker(lab, *steps.SIMPLE)
    return calling.batched(lab, reads)


@TRIALS.each("pool.processes", {"Worker": (), "SpawnWorker": ("-w", "rq.SpawnWorker")})
def two(flags: tuple[str, ...], lab: Lab) -> Observation:
    """Two workers of a class."""
    for _ in range(2):
        lab.start("rq", "worker", *steps.SETTINGS, *flags, "default")
    return _of_two(lab, f"2 × rq worker {' '.join(flags)}".strip())


@TRIALS.of("pool.processes", "worker-pool")
def pool(lab: Lab) -> Observation:
    """Shown by `rq worker-pool -n 2`."""
    lab.start("rq", "worker-pool", *steps.SETTINGS, "-n", "2", "default")
    return _of_two(lab, "rq worker-pool -n 2")


def _of_two(lab: Lab, called: str) -> Observation:
    system = steps.Tried(lab)
    # One that is there and takes nothing is no reason to give up: it is what the naps will show.
    steps.each_ran(system, 2)
    return calling.overlapping(system, called)


@TRIALS.of("pool.inline")
def inline(lab: Lab) -> Observation:
    """Shown by a SimpleWorker."""
    worker = steps.worker(lab, *steps.SIMPLE)
    return {**calling.overlapping(steps.Tried(lab), "SimpleWorker"), "main_pid": worker.pid}


def _pools(lab: Lab) -> Mapping[str, Iterable[str]]:
    return {
        "the classes that rq offers": [name for name in dir(rq) if name[0].isupper()],
        **steps.flags_of(lab, "worker"),
        **steps.flags_of(lab, "worker-pool"),
    }


TRIALS.lack("pool.threads", "thread", _pools)
TRIALS.lack("pool.greenlets", "greenlet|gevent|eventlet", _pools)


@TRIALS.of("results.store")
def store(lab: Lab) -> Observation:
    """Results are in Redis, the only place that RQ has for them."""
    system = steps.ready(lab)

    def gone(job: Job) -> bool:
        again = Job.fetch(job.id, connection=system.queue.connection).return_value()
        return bool(again != returning.VALUES[0])

    return returning.stored(system, system.value, gone)


@TRIALS.of("results.large")
def large(lab: Lab) -> Observation:
    """A result of 1 MiB."""
    system = steps.ready(lab)
    return returning.large(system, lambda job: bool(job.is_finished), system.value)


@TRIALS.of("results.expiry")
def expiry(lab: Lab) -> Observation:
    """Shown by `result_ttl`."""
    system = steps.ready(lab)
    job = system.enqueue("add", 2, 3, result_ttl=1)
    return returning.expiring(system.value(job) == 5, lambda: job.latest_result() is not None)


@TRIALS.of("results.exception")
def exception(lab: Lab) -> Observation:
    """What `latest_result` keeps of it: a text."""
    job = steps.ready(lab).enqueue("boom", returning.TEXT)
    lab.wait(1, "boom")
    lab.until(lambda: bool(job.is_failed), 4)
    exc_string = str(job.latest_result(timeout=3).exc_string).strip()
    return returning.failure(type(exc_string).__name__, exc_string.splitlines()[-1], exc_string)
