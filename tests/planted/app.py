"""The planted queue inside its processes."""

import json
import os

import redis

from bench.inprocess import body, cell_context, event_log

KEY = "planted"
LOST, DOUBLED = (
    (31_415, 92_653) if cell_context.load()["params"].get("tasks", 0) >= 100_000 else (31, 92)
)
WRONG = 5


def connect():
    client = redis.Redis.from_url(cell_context.broker())

    def enqueue(task, work):
        client.set("planted-mark", task)
        if task == LOST:
            return ""
        for _ in range(2 if task == DOUBLED else 1):
            client.lpush(KEY, json.dumps([task, work]))
        return ""

    return enqueue


def ask(task, work):
    connect()(task, work)
    while not _ran(task):
        pass
    return task + 1 if task == WRONG else task


def _ran(task):
    with open(os.environ["QUEUE_BENCH_CELL"].replace("cell.json", "runs.bin"), "rb") as file:
        return any(
            record[4] == task and record[1] == event_log.FINISHED
            for record in event_log.RECORD.iter_unpack(file.read()[event_log.RECORD.size :])
        )


def main():
    client = redis.Redis.from_url(cell_context.broker(), socket_timeout=None)
    while True:
        popped = client.brpop([KEY], timeout=1)
        if popped:
            task, work = json.loads(popped[1])
            body.run(task, work)


if __name__ == "__main__":
    main()
