"""What `rq cron` reads: one task, every second."""

from rq import cron

from bench.inprocess.trials.tasks import touch

cron.register(touch, queue_name="default", args=("tick",), interval=1)
