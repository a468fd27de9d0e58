"""What Celery asks of a Redis, as seen by MONITOR on Celery 5.7 and Kombu 5.7."""

from collections.abc import Mapping
from typing import Any

QUEUE = (
    "PING",
    "MULTI",
    "LPUSH celery* x",
    "BRPOP celery* 1",
    "LLEN celery*",
    "SADD _kombu.binding.* x",
)
ACKNOWLEDGED = (
    "HSET unacked x x",
    "HDEL unacked x",
    "WATCH unacked",  # and this and the next two give back what a worker had taken
    "HGET unacked x",
    "RPUSH celery* x",
    "ZADD unacked_index 1 x",
    "ZREM unacked_index x",
    "ZRANGE unacked_index 0 1",
    "SET unacked_mutex x",
    "GET unacked_mutex",
    "DEL unacked_mutex",
    "EVALSHA 0 1 unacked_mutex",
    "SCRIPT LOAD x",
)
CONTROLLED = (
    "PSUBSCRIBE /{database}.celery.pidbox",
    "PUBLISH /{database}.celery.pidbox x",
    "LLEN *.reply.celery.pidbox",
    "DEL *.reply.celery.pidbox",
    "SREM _kombu.binding.* x",
    "EVALSHA 0 1 _kombu.binding_deadlines",
    "SCRIPT EXISTS x",
    "TIME",
    "ZADD _kombu.binding_deadlines 1 x",
    "ZRANGEBYSCORE _kombu.binding_deadlines 0 1",
)
EVENTS = ("PUBLISH /{database}.celeryev/worker.* x", "PSUBSCRIBE /{database}.celeryev/worker.*")
RESULTS = (
    "SETEX celery-task-meta-* 1 x",
    "GET celery-task-meta-*",
    "PUBLISH celery-task-meta-* x",
    "SUBSCRIBE celery-task-meta-*",
)


def commands(settings: Mapping[str, Any], database: str) -> list[str]:
    """One command of each kind that an arm with these settings sends."""
    sent = {
        QUEUE: True,
        ACKNOWLEDGED: settings.get("broker_transport_options", {}).get("ack_emulation", True),
        CONTROLLED: settings.get("worker_enable_remote_control", True),
        EVENTS: not (settings.get("--without-gossip") and settings.get("--without-heartbeat")),
        RESULTS: settings.get("result_backend"),
    }
    return [
        command.replace("{database}", database)
        for group, is_sent in sent.items()
        if is_sent
        for command in group
    ]
