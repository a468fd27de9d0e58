"""What `rq worker -c` reads. It must not import the task: the fork would then find it imported already."""

from bench.probe.cell import broker

REDIS_URL = broker()
