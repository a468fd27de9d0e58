"""Where Celery's Redis transport holds a task."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from adapters.base import Held

QUEUES = ("celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169")


def held(broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
    """Task id → place, for those of `handles` that the broker or the result backend knows."""
    import redis

    with redis.Redis.from_url(broker) as client:
        places: dict[int, Held] = {}
        wanted = {handle: task for task, handle in handles.items() if handle}
        names = list(wanted)
        for at in range(0, len(names), 1000):
            for name, meta in zip(
                names[at : at + 1000],
                client.mget([f"celery-task-meta-{n}" for n in names[at : at + 1000]]),
                strict=True,
            ):
                if meta and json.loads(meta).get("status") == "FAILURE":
                    places[wanted[name]] = Held("result backend: FAILURE", failed=True)
        for raw in client.hvals("unacked"):
            places[_task(json.loads(raw)[0])] = Held("unacked")
        for queue in QUEUES:
            for raw in client.lrange(queue, 0, -1):
                places[_task(json.loads(raw))] = Held("queue")
    return {task: holding for task, holding in places.items() if task in handles}


def _task(message: dict[str, Any]) -> int:
    args = json.loads(base64.b64decode(message["body"]))[0]
    return int(args[0])
