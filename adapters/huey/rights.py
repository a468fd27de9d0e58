"""What Huey asks of a Redis, as seen by MONITOR on Huey 3.5."""

from collections.abc import Mapping
from typing import Any

COMMANDS = (
    "LPUSH huey.redis.* x",
    "BRPOP huey.redis.* 1",
    "EVALSHA 0 1 huey.schedule.* 0",
    "SCRIPT LOAD x",
    "ZRANGEBYSCORE huey.schedule.* 0 0",
    "ZREMRANGEBYSCORE huey.schedule.* 0 0",
    "HMGET huey.results.* x",
    "HDEL huey.results.* x",
)
RESULTS = ("HSET huey.results.* x x",)


def commands(settings: Mapping[str, Any]) -> list[str]:
    """One command of each kind that an arm with these settings sends."""
    return [*COMMANDS, *(RESULTS if settings.get("results", True) else ())]
