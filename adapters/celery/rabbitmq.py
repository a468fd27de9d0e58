"""Where RabbitMQ holds a task of Celery's, and what the settings let one expect after a fault there."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.base import Held, Prediction
from adapters.celery import traces

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


def predict(fault: str, settings: Mapping[str, Any]) -> Prediction | None:
    """From acknowledgement: the broker knows at once when a connection closes."""
    late = bool(settings.get("task_acks_late"))
    if fault in ("deploy", "rolling"):
        return Prediction("A warm shutdown: running tasks finish, prefetched ones go back to the queue.", "recovered", "recovered", (0, 10))
    if fault == "child-crash":
        return traces.child_crash(late and bool(settings.get("task_reject_on_worker_lost")))
    if fault == "broker-crash":
        return Prediction("The worker reconnects after 2, 6, 12 … s; the queue and its messages are on disk.", "recovered", "recovered", (3, 30))
    if fault == "worker-crash" and late:
        return Prediction("All that was delivered is back on the queue as soon as the dead worker's connection closes.", "recovered", "recovered", (1, 10))
    if fault == "worker-crash":
        text = "Running tasks were acknowledged before they ran: lost. Prefetched ones are back on the queue as soon as the connection closes."
        return Prediction(text, "lost", "recovered")
    if fault in ("network-cut", "enqueue-outage", "connections-killed"):
        text = "The broker gives back what a closed connection had; a task that was running by then goes on, and runs once more."
        return Prediction(text, "doubled" if late else "recovered", "recovered", (0, 30), "only what ran when its own connection closed runs twice")
    if fault == "broker-full":
        return Prediction("The alarm blocks whoever publishes, results too; deliveries go on.", "recovered", "recovered", (0, 15))
    if fault == "half-open":
        text = "The worker runs what it has; a dead connection shows by its missing heartbeats (broker_heartbeat, 120 s)."
        return Prediction(text, "recovered", "recovered")
    return traces.by_task(fault, late and bool(settings.get("task_reject_on_worker_lost")), settings)
