"""What `rq cron` reads: one task, every second."""

from rq import cron

from bench.probe.live.tasks import touch

cron.register(touch, queue_name="default", args=("tick",), interval=1)
