"""enqueue-outage: SIGKILL of the broker, back after ten seconds.

How long does whoever enqueues wait, and for what answer?
"""

from bench.testbed.faults.broker_away import LONG_S, killed
from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Stage


def strike(stage: Stage, busy: list[int]) -> Struck:
    """Killed, and started again."""
    return killed(stage, LONG_S)
