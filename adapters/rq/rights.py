"""What RQ asks of a Redis, as seen by MONITOR on RQ 2.12.

Without INFO it takes the server for an old one and pops in another way: that would be another arm.
"""

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
    f"HGET {JOB} x",
    f"HGETALL {JOB}",
    f"HDEL {WORKER} x",
    f"HINCRBY {WORKER} x 1",
    f"HINCRBYFLOAT {WORKER} x 1",
    f"EXPIRE {WORKER} 1",
    f"EXISTS {WORKER}",
    f"DEL {WORKER}",
    f"PERSIST {JOB}",
    "SET rq:clean_registries:* x",
    "GET rq:queue:*",  # maintenance finds a job between two queues, or does not
    "ZADD rq:wip:* 1 x",
    "ZREM rq:wip:* x",
    "ZRANGE rq:wip:* 0 1",
    "ZRANGEBYSCORE rq:wip:* 0 1",
    "ZREMRANGEBYSCORE rq:finished:* 0 1",
    "XADD rq:results:* * x x",
    "SUBSCRIBE rq:pubsub:*",
)
# Several queues are read by another command, and tasks of a user's may fail.
OF_WORKLOADS = ("BLPOP rq:queue:* 1", "ZADD rq:failed:* 1 x")
