"""What `rq worker -c` reads. It must not import the task: the fork would find it imported."""

from bench.inprocess.cell_context import broker

REDIS_URL = broker()
