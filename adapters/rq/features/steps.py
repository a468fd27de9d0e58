"""What every trial of RQ begins with: a queue, and a worker that is ready."""

from collections.abc import Mapping
from typing import Any

from redis import Redis
from rq import Queue, Worker

from bench.inprocess.trials import tasks
from bench.inprocess.trials.lab import GaveUp, Lab, TrialProcess, options

SETTINGS = ("-c", "adapters.rq.settings")
SIMPLE = ("-w", "rq.SimpleWorker")
JSON = "rq.serializers.JSONSerializer"


class Tried:
    """RQ as a trial uses it: a queue with a connection of its own."""

    def __init__(self, lab: Lab, name: str = "default", **options: Any) -> None:
        self.lab = lab
        self.queue = Queue(name, connection=Redis.from_url(lab.broker), **options)

    def enqueue(self, name: str, *args: Any, **facts: Any) -> Any:
        """Shown by `Queue.enqueue`, which picks its own options out of the facts."""
        return self.queue.enqueue(getattr(tasks, name), *args, **facts)

    def value(self, job: Any) -> Any:
        """A job's return value, waited for by its own call."""
        result = job.latest_result(timeout=8)
        if result is None:
            raise GaveUp(f"no result of {job.func_name} after 8 s: {self.lab.logs()}")
        return result.return_value


def worker(lab: Lab, *flags: str, queues: tuple[str, ...] = ("default",)) -> TrialProcess:
    """`rq worker`, which has run a task."""
    before = len(lab.marks("ready"))
    started = lab.start("rq", "worker", *SETTINGS, *flags, *queues)
    Tried(lab, queues[0], **_serialiser(flags)).enqueue("touch", "ready")
    lab.wait(before + 1, "ready", 10)
    return started


def _serialiser(flags: tuple[str, ...]) -> Mapping[str, str]:
    """What a queue must agree on with a worker of these flags."""
    return {"serializer": JSON} if JSON in flags else {}


def ready(lab: Lab, *flags: str, workers: int = 1) -> Tried:
    """The queue, and workers each of which has run a task."""
    for _ in range(workers):
        worker(lab, *flags)
    system = Tried(lab, **_serialiser(flags))
    if workers > 1 and not each_ran(system, workers):
        raise GaveUp(f"not each of {workers} workers has run a task: {lab.logs()}")
    return system


def each_ran(system: Tried, workers: int) -> bool:
    """Whether each of so many workers has run a task, after a while of giving them some.

    GaveUp where so many are not there.
    """
    known: list[Any] = []

    def all_ran() -> bool:
        # A first one alone could run whatever was sent at once; what waits would delay the trial.
        if not system.queue.count:
            system.enqueue("touch", "ready")
        known[:] = Worker.all(connection=system.queue.connection)
        return len(known) == workers and all(each.successful_job_count for each in known)

    if system.lab.until(all_ran, 10):
        return True
    if len(known) < workers:
        raise GaveUp(f"{len(known)} of {workers} workers are there: {system.lab.logs()}")
    return False


def flags_of(lab: Lab, command: str) -> Mapping[str, list[str]]:
    """The options of one of RQ's commands, as a place in which a feature would show."""
    return {f"`rq {command} --help`": options(lab.run("rq", command, "--help"))}
