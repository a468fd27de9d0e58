"""Where a broker holds a task of Celery's."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.base import Held
from adapters.celery.queue_names import QUEUE

STEPS = ("", "\x06\x163", "\x06\x166", "\x06\x169")  # a list of its own for each priority
FAILED = Held("result backend: FAILURE", failed=True)


def held(
    broker: str, handles: Mapping[int, str], queues: Sequence[str] = (QUEUE,)
) -> Mapping[int, Held] | None:
    """Task id → place, for those of `handles` that the broker or the result backend knows.

    None while a worker consumes from RabbitMQ.
    """
    places = (
        _in_rabbitmq(broker, queues)
        if broker.startswith("amqp")
        else _in_redis(broker, handles, queues)
    )
    if places is None:
        return None
    return {task: holding for task, holding in places.items() if task in handles}


def _in_redis(broker: str, handles: Mapping[int, str], queues: Sequence[str]) -> dict[int, Held]:
    import redis

    places: dict[int, Held] = {}
    wanted = [(task, f"celery-task-meta-{handle}") for task, handle in handles.items() if handle]
    with redis.Redis.from_url(broker) as client:
        for at in range(0, len(wanted), 1000):
            part = wanted[at : at + 1000]
            results = client.mget([key for _, key in part])
            places |= {
                task: FAILED
                for (task, _), result in zip(part, results, strict=True)
                if result and _failed(result)
            }
        unacked = (json.loads(raw)[0] for raw in client.hvals("unacked"))
        places |= {_task(message["headers"]): Held("unacked") for message in unacked}
        for key in (queue + step for queue in queues for step in STEPS):
            waiting = map(json.loads, client.lrange(key, 0, -1))
            places |= {_task(message["headers"]): Held("queue") for message in waiting}
    return places


def _failed(result: bytes) -> bool:
    """Whether a stored result is that of a failure, whatever the serializer.

    In JSON its status tells: the text of an error that is tried again may hold the word.
    """
    if result.startswith(b"{"):
        return bool(json.loads(result).get("status") == "FAILURE")
    return b"FAILURE" in result


def _task(headers: Mapping[str, str]) -> int:
    """The id is the first argument, which the headers tell whatever the serializer of the body."""
    return int(headers["argsrepr"].strip("()[]").partition(",")[0])


def _in_rabbitmq(broker: str, queues: Sequence[str]) -> dict[int, Held] | None:
    """None while a worker consumes.

    Nobody can look into a queue but by taking from it. When the last worker is gone, what it had
    been given and had not acknowledged is on the queue again.
    """
    import amqp
    from kombu.connection import Connection

    connect: Any = Connection  # its own hints do not type its constructor
    places: dict[int, Held] = {}
    with connect(broker) as connection:
        for queue in queues:
            # One each: the answer that there is no such queue closes it.
            channel = connection.connection.channel()
            try:
                declared = channel.queue_declare(queue=queue, passive=True)
            except amqp.NotFound:
                continue
            if declared.consumer_count:
                return None
            # Not acknowledged: when this connection closes, all of it goes back to where it was.
            while message := channel.basic_get(queue=queue, no_ack=False):
                places[_task(message.headers)] = Held("queue")
    return places
