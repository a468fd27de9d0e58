"""Where the floor's connection leads: `python -m adapters.floor.reach`."""

import redis

from bench.inprocess.cell_context import broker
from bench.inprocess.connection_target import Targets, pinged, print_targets, redis_target


def ask() -> Targets:
    """Connect as app.py does; where the connection leads."""
    client = redis.Redis.from_url(broker())
    pinged(client)
    return [redis_target(client.connection_pool.connection_kwargs)]


if __name__ == "__main__":
    print_targets(ask)
