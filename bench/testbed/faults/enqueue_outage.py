"""enqueue-outage: SIGKILL of the broker, back after ten seconds.

How long does whoever enqueues wait, and for what answer?
"""

from bench.testbed.faults.broker_away import LONG_S, killed
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Kill the broker and start it again after 10 s."""
    return killed(testbed, LONG_S)
