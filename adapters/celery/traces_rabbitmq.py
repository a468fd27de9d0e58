"""Where RabbitMQ holds a task of Celery's."""

import json
from collections.abc import Mapping
from typing import Any

from adapters.base import Held

QUEUE = "celery"


def held(broker: str, handles: Mapping[int, str]) -> Mapping[int, Held] | None:
    """Task id → where RabbitMQ holds it; None while a worker consumes.

    Nobody can look into a queue but by taking from it. When the last worker is gone, what it had
    been given and had not acknowledged is on the queue again.
    """
    import amqp
    from kombu.connection import Connection

    connect: Any = Connection
    with connect(broker) as connection:
        channel = connection.connection.channel()
        try:
            declared = channel.queue_declare(queue=QUEUE, passive=True)
        except amqp.NotFound:
            return {}
        if declared.consumer_count:
            return None
        places = {}
        # Not acknowledged: when this connection closes, all of it goes back to where it was.
        while message := channel.basic_get(queue=QUEUE, no_ack=False):
            places[int(json.loads(message.body)[0][0])] = Held("queue")
    return {task: holding for task, holding in places.items() if task in handles}
