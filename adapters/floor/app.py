"""The floor inside its processes: `python -m adapters.floor.app` is the worker."""

import json
from collections.abc import Callable, Sequence

import redis

from bench.inprocess import body, cell_context

KEY = "floor"


def connect() -> Callable[[int, str], str]:
    """The enqueue call: one LPUSH over a connection of its own."""
    client = redis.Redis.from_url(cell_context.broker())

    def enqueue(task: int, work: str) -> str:
        client.lpush(KEY, json.dumps([task, work]))
        return ""

    return enqueue


def bulk(tasks: Sequence[int]) -> None:
    """Enqueue all of these tasks in one LPUSH."""
    global _bulk
    _bulk = _bulk or redis.Redis.from_url(cell_context.broker())
    _bulk.lpush(KEY, *[json.dumps([task, ""]) for task in tasks])


_bulk: redis.Redis | None = None


def main() -> None:
    """Pop tasks from the list and run them, for ever."""
    client = redis.Redis.from_url(cell_context.broker(), socket_timeout=None)
    while True:
        popped = client.brpop([KEY], timeout=1)
        if popped:
            task, work = json.loads(popped[1])
            body.run(task, work)


if __name__ == "__main__":
    main()
