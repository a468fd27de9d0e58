"""broker-crash: SIGKILL of the broker, back on the same data folder after three seconds."""

from bench.testbed.faults.broker_away import killed
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

CRASHED_S = 3.0


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Kill the broker and start it again after 3 s."""
    return killed(testbed, CRASHED_S)
