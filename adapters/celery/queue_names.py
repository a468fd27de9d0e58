"""What Celery's queues are called in the broker."""

QUEUE = "celery"


def queue_name(queue: str) -> str:
    """The queue of a workload's tasks, empty for Celery's own.

    It begins like all that is cleaned up, whatever the user calls it.
    """
    return f"{QUEUE}-{queue}" if queue else QUEUE
