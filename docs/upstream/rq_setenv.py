"""RQ: the worker's parent sets an environment variable per job, and glibc keeps each old value.

pip install rq; python rq_setenv.py redis://127.0.0.1:6379/0
"""

import ctypes
import logging
import os
import sys
import uuid
from importlib.metadata import version

import redis
import rq

connection = redis.Redis.from_url(sys.argv[1])
queue = rq.Queue("setenv", connection=connection)
logging.disable()


def run(jobs: int) -> None:
    for _ in range(jobs):
        queue.enqueue(os.getpid, job_id=str(uuid.uuid4()), result_ttl=0)
    rq.Worker([queue], connection=connection).work(burst=True)


def used_bytes() -> int:
    class Mallinfo(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in "abcdefghij"]

    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo
    return int(mallinfo().h)  # what malloc has given out


run(100)
before, jobs = used_bytes(), 1000
run(jobs)
each = (used_bytes() - before) / jobs
print(f"{'still there' if each > 50 else 'gone'} in rq {version('rq')}: {each:.0f} bytes per job")
