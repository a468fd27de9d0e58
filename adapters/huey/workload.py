"""A workload's tasks in Huey: a task for each type, as a user would declare it."""

import os
from collections.abc import Callable
from typing import Any

# First, as it may have to patch before anything else is imported.
from adapters.huey import app as plain  # isort: skip
from huey.storage import PriorityRedisStorage, RedisStorage

from bench.inprocess import cell_context, workload_tasks
from bench.inprocess.workload_messages import message
from bench.inprocess.workload_tasks import Type

PRIORITIES = {"low": -1, "normal": 0, "high": 1}

huey = plain.huey
_types = workload_tasks.types()

if any(each.priority for each in _types) and isinstance(huey.storage, RedisStorage):
    # So it is PriorityRedisHuey, which is Huey with this storage.
    huey.storage_class = PriorityRedisStorage
    huey.storage = huey.create_storage()


def _options(each: Type) -> dict[str, Any]:
    """What the decorator is given: only what the file says of the type."""
    options: dict[str, Any] = {}
    if each.priority:
        options["priority"] = PRIORITIES[each.priority]
    if each.retries:
        options["retries"], options["retry_delay"] = each.retries, 0
    if each.limit_s:
        options["timeout"] = each.limit_s
    return options


def _task(kind: int, each: Type) -> Any:
    def perform(number: int, *what: Any, task: Any) -> Any:
        return workload_tasks.run(number, kind, each.retries - task.retries, *what)

    named = huey.task(name=f"workload.{each.name}", context=True, **_options(each))
    return named(perform)


TASKS = [_task(kind, each) for kind, each in enumerate(_types)]

if huey.results:
    workload_tasks.results_by(huey.serializer.serialize)
if os.environ.get(cell_context.EVENTS):
    # In the consumer, before it starts its workers.
    workload_tasks.preload()


def connect() -> Callable[[int, str], str]:
    """The plain call: the decorated function."""
    no_op = plain.connect()

    def enqueue(task: int, work: str) -> str:
        if not work.isdigit():
            return no_op(task, work)
        kind = int(work)
        result = TASKS[kind](task, *message(task, kind))
        return str(result.id) if huey.results else ""

    return enqueue
