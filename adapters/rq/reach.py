"""Where RQ's connection leads: redis-py reads the URL."""

from redis import Redis

from bench.inprocess.cell_context import broker
from bench.inprocess.connection_target import Targets, print_targets, redis_target


def ask() -> Targets:
    """Connect as app.py and `rq worker` do."""
    from rq import Queue

    return [redis_target(Queue(connection=Redis.from_url(broker())).connection)]


if __name__ == "__main__":
    print_targets(ask)
