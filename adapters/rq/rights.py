"""What RQ asks of a Redis, as seen by MONITOR on RQ 2.12.

Without INFO it takes the server for an old one and pops in another way: that would be another arm.
"""

from collections.abc import Mapping
from typing import Any

JOB, WORKER = "rq:job:*", "rq:worker:*"
COMMANDS = (
    "INFO server",
    "MULTI",
    f"WATCH {JOB}",
    "SADD rq:queues x",
    "SREM rq:workers x",
    "SMEMBERS rq:workers:*",
    "RPUSH rq:queue:* x",
    "BLMOVE rq:queue:* rq:queue:* LEFT RIGHT 1",
    "LRANGE rq:queue:* 0 1",
    "LREM rq:queue:* 1 x",
    f"HSET {JOB} x x",
    f"HGETALL {JOB}",
    f"HDEL {WORKER} x",
    f"HINCRBY {WORKER} x 1",
    f"HINCRBYFLOAT {WORKER} x 1",
    f"EXPIRE {WORKER} 1",
    f"EXISTS {WORKER}",
    f"DEL {WORKER}",
    f"PERSIST {JOB}",
    "SET rq:clean_registries:* x",
    "ZADD rq:wip:* 1 x",
    "ZREM rq:wip:* x",
    "ZRANGEBYSCORE rq:wip:* 0 1",
    "ZREMRANGEBYSCORE rq:finished:* 0 1",
    "XADD rq:results:* * x x",
    "SUBSCRIBE rq:pubsub:*",
)
DELETED = ("HGET rq:job:* x", "ZRANGE rq:executions:* 0 1")


def commands(settings: Mapping[str, Any]) -> list[str]:
    """One command of each kind that an arm with these settings sends."""
    return [*COMMANDS, *(DELETED if settings.get("--results-ttl") == 0 else ())]
