"""What the faults of a broker share: taking it away for a while."""

import time

from bench.base.errors import NotOffered, Unavailable
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed
from bench.testbed.until import sleep_until

LONG_S = 10.0


def killed(testbed: Testbed, seconds: float) -> Struck:
    """Kill the broker, and start it on the same data folder after so many seconds."""
    t0 = testbed.broker.kill()
    victims = broker_pids(testbed)
    sleep_until(t0 + int(seconds * 1e9))
    testbed.broker.start()
    return Struck(t0, victims, time.monotonic_ns())


def broker_pids(testbed: Testbed) -> list[int]:
    """The victims of what is done to the broker as a whole: its pid, if it has one."""
    return [testbed.broker.process.pid] if testbed.broker.process else []


def cannot(testbed: Testbed, why: str) -> NotOffered | Unavailable:
    """The error for a broker that cannot be struck in this way."""
    elsewhere = "this is not done to a server given by its URL"
    return NotOffered(why) if testbed.broker.ours else Unavailable(elsewhere)
