"""Where RabbitMQ holds a task of Celery's, and what the settings let one expect after a fault there."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.base import Held

QUEUE = "celery"


def held(broker: str, handles: Mapping[int, str]) -> Mapping[int, Held] | None:
    """Task id → place. None while a worker consumes: nobody can look into a queue but by taking from it.

    When the last worker is gone, what it had been given and had not acknowledged is on the queue again.
    """
    import amqp

    parts = urlsplit(broker)
    credentials = {"userid": parts.username, "password": unquote(parts.password or ""), "virtual_host": unquote(parts.path[1:]) or "/"}
    with amqp.Connection(f"{parts.hostname}:{parts.port or 5672}", **credentials) as connection:
        channel = connection.channel()
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
    return {task: place for task, place in places.items() if task in handles}


def predict(fault: str, settings: Mapping[str, Any]) -> str:
    """One sentence for each fault."""
    late = bool(settings.get("task_acks_late"))
    if fault == "deploy":
        return "A warm shutdown: running tasks finish, prefetched ones go back to the queue."
    if fault == "child-crash":
        back = late and settings.get("task_reject_on_worker_lost")
        return "Back to the queue at once." if back else "The running task is recorded as failed (WorkerLostError) and not run again."
    if fault == "broker-crash":
        return "The worker reconnects after 2, 6, 12 … s; the queue and its messages are on disk."
    if late:
        return "All that was delivered is back on the queue as soon as the connection of the dead worker closes."
    return "Running tasks were acknowledged before they ran: lost. Prefetched ones are back on the queue as soon as the connection closes."
