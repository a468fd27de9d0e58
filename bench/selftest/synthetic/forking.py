"""The worker with a child per task: `python -S -m synthetic.forking`.

It holds next to nothing, not even a Redis client. What a fork costs grows with what the parent has
imported: 1.1 ms of CPU beside a Redis client, and it drifts by 5 % from cell to cell, which would
drown the 500 µs that a task burns. Here it is 0.25 ms.
"""

import json
import os
import socket
import time
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any
from urllib.parse import urlsplit

from bench.inprocess import body, cell_context

QUEUE = b"synthetic"
TRUTH_EVERY = 500


def ask(server: Any, *words: bytes) -> list[bytes]:
    """One command and its answer, in the protocol of Redis: a status, or the parts of an array."""
    server.write(
        b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    )
    server.flush()
    first = server.readline()
    if first[:1] == b"-":
        raise OSError(first.decode().strip())
    if first[:1] != b"*":
        return [first.strip()]
    parts = []
    for _ in range(int(first[1:])):
        size = int(server.readline()[1:])
        parts.append(bytes(server.read(size + 2)[:-2]))
    return parts


def used_s() -> float:
    """CPU that this process and its children say they have used."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    )


def main() -> None:
    """Fetch a task, run it in a child and wait for the child, for ever."""
    burn_ns = int(cell_context.load()["settings"]["burn_us"] * 1000)
    broker = urlsplit(cell_context.broker())
    with (
        socket.create_connection((broker.hostname or "", broker.port or 0)) as connection,
        connection.makefile("rwb") as server,
    ):
        ask(server, b"AUTH", (broker.password or "").encode())
        done = 0
        while True:
            _, item = ask(server, b"BRPOP", QUEUE, b"0")
            task, work = json.loads(item)
            child = os.fork()
            if not child:
                body.run(task, work)
                until = time.thread_time_ns() + burn_ns
                while task >= 0 and burn_ns and time.thread_time_ns() < until:
                    pass
                os._exit(0)
            os.waitpid(child, 0)
            done += task >= 0
            if task >= 0 and done % TRUTH_EVERY == 0:
                print(json.dumps({"tasks": done, "cpu_s": used_s()}), flush=True)


if __name__ == "__main__":
    main()
