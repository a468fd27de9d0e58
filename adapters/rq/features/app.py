"""RQ has no application: a connection and a queue. What the web trials need has a name here."""

from typing import Any

from redis import Redis
from rq import Queue

from bench.probe import cell
from bench.probe.live import tasks

connection: Any = Redis.from_url(cell.broker())
queue = Queue(connection=connection)


def enqueue(name: str, *args: Any) -> Any:
    """The plain call."""
    return queue.enqueue(getattr(tasks, name), *args)
