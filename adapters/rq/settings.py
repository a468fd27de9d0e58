"""What `rq worker -c` reads. It must not import the task: the fork would then find it imported already."""

from bench.inprocess.cell_context import broker

REDIS_URL = broker()
