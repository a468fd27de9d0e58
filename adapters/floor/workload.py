"""A workload's tasks on the floor: `python -m adapters.floor.workload` is the worker."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import redis

from adapters.floor import app
from bench.inprocess import body, cell_context, workload_tasks
from bench.inprocess.workload_messages import message


def connect() -> Callable[[int, str], str]:
    """The enqueue call: one LPUSH over a connection of its own."""
    no_op = app.connect()
    client = redis.Redis.from_url(cell_context.broker())

    def enqueue(task: int, work: str) -> str:
        if not work.isdigit():
            return no_op(task, work)
        client.lpush(app.KEY, json.dumps([task, work, *message(task, int(work))]))
        return ""

    return enqueue


def run(task: int, work: str, *what: Any) -> None:
    """One task; one that fails is a line in the log, and nobody tries it again."""
    if not work.isdigit():
        body.run(task, work)
        return
    try:
        workload_tasks.run(task, int(work), 0, *what)
    except Exception:
        traceback.print_exc()


def main() -> None:
    """Pop tasks from the list and run them, for ever."""
    workload_tasks.preload()
    client = redis.Redis.from_url(cell_context.broker(), socket_timeout=None)
    while True:
        popped = client.brpop([app.KEY], timeout=1)
        if popped:
            run(*json.loads(popped[1]))


if __name__ == "__main__":
    main()
