"""What Huey asks of a Redis, as seen by MONITOR on Huey 3.5."""

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
# Where results are kept.
RESULTS = ("HSET huey.results.* x x",)
# Where tasks have priorities, the queue is a sorted set.
PRIORITIES = ("ZADD huey.redis.* 0 x", "BZPOPMIN huey.redis.* 1")
