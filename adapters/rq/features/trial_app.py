"""RQ has no application: a connection and a queue. What the web trials need has a name here."""

from redis import Redis
from rq import Queue

from bench.inprocess import cell_context
from bench.inprocess.trials import tasks

queue = Queue(connection=Redis.from_url(cell_context.broker()))


def enqueue(name: str, *args: object) -> object:
    """Enqueue a task by its name, by RQ's plain call."""
    return queue.enqueue(getattr(tasks, name), *args)
