"""none: no fault at all. What the instrument shows then must be 0."""

import time

from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Stage


def strike(stage: Stage, busy: list[int]) -> Struck:
    """Nothing."""
    return Struck(time.monotonic_ns())
