"""A gate in a test suite: `pytest test_my_queue.py`, with queue-bench installed.

It measures for minutes: keep it out of the everyday run.
"""

pytest_plugins = ["bench.pytest_plugin"]


def test_a_smaller_prefetch_costs_no_throughput(queue_bench):
    changes = queue_bench.check(
        base="celery/default",
        head="celery/default{worker_prefetch_multiplier=1}",
        budget="5m",
        write=["junit=queue-bench.xml"],
    )
    assert {line.metric for line in changes.lines} >= {"throughput"}


def test_the_pinned_version_and_the_next(queue_bench):
    # Noise is no reason to hold a release back here: only a regression is.
    queue_bench.check(
        base="huey/default[huey==3.5.3]",
        head="huey/default[huey==3.5.4]",
        budget="5m",
        inconclusive="pass",
    )
