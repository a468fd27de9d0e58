"""broker-full: no memory left for ten seconds.

Redis refuses what would grow, RabbitMQ blocks who publishes.
"""

import time

from bench.brokers.contract import Fills
from bench.testbed.faults.broker_away import LONG_S, broker_pids, cannot
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed
from bench.testbed.until import sleep_until


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Take the broker's memory and give it back after 10 s."""
    if not isinstance(testbed.broker, Fills):
        raise cannot(testbed, "it has no limit of its memory that could be reached")
    testbed.broker.fill()
    t0 = time.monotonic_ns()
    sleep_until(t0 + int(LONG_S * 1e9))
    testbed.broker.relieve()
    return Struck(t0, broker_pids(testbed), time.monotonic_ns())
