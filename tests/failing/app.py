"""The failing queue inside its processes."""

import json
import sys

import redis

from bench.inprocess import body, cell_context

PLACE = cell_context.load()["profile"]
KEY = "failing"


def connect():
    client = redis.Redis.from_url(cell_context.broker())
    if PLACE == "generator" and client.ping():
        raise ValueError("the generator's own reason")
    return lambda task, work: str(client.lpush(KEY, json.dumps([task, work])))


def main():
    if PLACE == "worker":
        sys.exit("the worker's own reason")
    client = redis.Redis.from_url(cell_context.broker(), socket_timeout=None)
    while True:
        popped = client.brpop([KEY], timeout=1)
        if popped:
            task, work = json.loads(popped[1])
            body.run(task, work)


if __name__ == "__main__":
    main()
