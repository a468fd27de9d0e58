"""broker-full: no memory left for ten seconds.

Redis refuses what would grow, RabbitMQ blocks who publishes.
"""

import time

from bench.brokers.contract import Fills
from bench.testbed.faults.broker_away import LONG_S, cannot, wait_until
from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Stage


def strike(stage: Stage, busy: list[int]) -> Struck:
    """Filled, and relieved."""
    if not isinstance(stage.broker, Fills):
        raise cannot(stage, "it has no limit of its memory that could be reached")
    stage.broker.fill()
    t0 = time.monotonic_ns()
    wait_until(t0, LONG_S)
    stage.broker.relieve()
    return Struck(t0, [stage.broker.pid or 0], time.monotonic_ns())
