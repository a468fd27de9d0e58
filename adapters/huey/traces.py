"""Where Huey's storage holds a task."""

from collections.abc import Mapping
from typing import Any

from adapters.base import Held


def held(broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
    """Task id → place, for those of `handles` that wait.

    The id is the first argument of the message.
    """
    from huey.serializer import Serializer

    read = Serializer().deserialize
    storage = _storage(broker)
    places = {int(read(raw).args[0]): Held("queue") for raw in _enqueued(storage, broker)}
    places |= {int(read(raw).args[0]): Held("schedule") for raw in storage.scheduled_items()}
    storage.close()
    return {task: holding for task, holding in places.items() if task in handles}


def _enqueued(storage: Any, broker: str) -> Any:
    """What waits in the queue, as its messages."""
    from redis.exceptions import ResponseError

    try:
        return storage.enqueued_items()
    except ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
    # The tasks of a workload have priorities: then the queue is a sorted set.
    from huey.storage import PriorityRedisStorage

    return PriorityRedisStorage("bench", url=broker).enqueued_items()


def _storage(broker: str) -> Any:
    from huey import storage

    if broker.startswith("sqlite:"):
        return storage.SqliteStorage("bench", filename=broker.removeprefix("sqlite://"))
    if broker.startswith("postgres"):
        return storage.PostgresStorage("bench", dsn=broker)
    return storage.RedisStorage("bench", url=broker)
