"""Where the floor's connection leads: `python -m adapters.floor.reach`."""

import redis

from bench.inprocess.cell_context import broker
from bench.inprocess.connection_target import Targets, print_targets, redis_target


def ask() -> Targets:
    """Connect as app.py does; where the connection leads."""
    return [redis_target(redis.Redis.from_url(broker()))]


if __name__ == "__main__":
    print_targets(ask)
