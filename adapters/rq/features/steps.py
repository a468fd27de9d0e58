"""What every trial of RQ begins with: a queue, and a worker that is ready."""

from typing import Any

from redis import Redis
from rq import Queue

from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import GaveUp, Lab, TrialProcess

SETTINGS = ("-c", "adapters.rq.settings")
SIMPLE = ("-w", "rq.SimpleWorker")


def queue(lab: Lab, name: str = "default", **options: Any) -> Queue:
    """A queue with a connection of its own."""
    return Queue(name, connection=Redis.from_url(lab.broker), **options)


def start(lab: Lab, *flags: str, queues: tuple[str, ...] = ("default",)) -> TrialProcess:
    """`rq worker`; it may not be ready yet."""
    return lab.start("rq", "worker", *SETTINGS, *flags, *queues)


def worker(lab: Lab, *flags: str, queues: tuple[str, ...] = ("default",)) -> TrialProcess:
    """The same, and it has run a task."""
    before = len(lab.marks("ready"))
    started = start(lab, *flags, queues=queues)
    serialised = (
        {"serializer": "rq.serializers.JSONSerializer"}
        if "rq.serializers.JSONSerializer" in flags
        else {}
    )
    queue(lab, queues[0], **serialised).enqueue(tasks.touch, "ready")
    lab.wait(before + 1, "ready", 10)
    return started


def value(lab: Lab, job: Any, timeout_s: float = 8.0) -> Any:
    """A job's return value, waited for by its own call."""
    result = job.latest_result(timeout=int(timeout_s))
    if result is None:
        raise GaveUp(f"no result of {job.func_name} after {timeout_s:.0f} s: {lab.logs()}")
    return result.return_value
