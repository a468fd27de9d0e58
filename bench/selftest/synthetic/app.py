"""The client of the synthetic queue."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

from bench.inprocess import cell_context

QUEUE = "synthetic"


def connect() -> Callable[[int, str], str]:
    """The enqueue call."""
    return sender()


def sender() -> Callable[[int, Any], str]:
    """One LPUSH, answered or not, after the stall that was asked for; the work is any JSON."""
    settings = cell_context.load()["settings"]
    push = _forgetful() if settings["fire_and_forget"] else _answered()
    stalled, seconds = settings["stall_call"] or (None, 0.0)

    def enqueue(task: int, work: Any) -> str:
        if task == stalled:
            time.sleep(seconds)
        push(json.dumps([task, work]))
        return ""

    return enqueue


def _answered() -> Callable[[str], Any]:
    client = redis.Redis.from_url(cell_context.broker())
    return lambda item: client.lpush(QUEUE, item)


def _forgetful() -> Callable[[str], Any]:
    """A push over a connection that has told the broker not to answer.

    So one process can send more than a round trip allows.
    """
    connection: Any = redis.Redis.from_url(cell_context.broker()).connection_pool.get_connection()
    connection.send_command("CLIENT", "REPLY", "OFF")
    return lambda item: connection.send_command("LPUSH", QUEUE, item)


def bulk(tasks: Sequence[int]) -> None:
    """Enqueue all of these tasks in one LPUSH."""
    redis.Redis.from_url(cell_context.broker()).lpush(
        QUEUE, *[json.dumps([task, ""]) for task in tasks]
    )
