"""Where the floor's connection leads: `python -m adapters.floor.reach`."""

import redis

from bench.inprocess.cell_context import broker
from bench.inprocess.connection_target import Found, pinged, redis_place, told


def ask() -> Found:
    """Connect as app.py does; where the connection leads."""
    client = redis.Redis.from_url(broker())
    pinged(client)
    return [redis_place(client.connection_pool.connection_kwargs)]


if __name__ == "__main__":
    told(ask)
