"""none: no fault at all. What the instrument shows then must be 0."""

import time

from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Nothing."""
    return Struck(time.monotonic_ns())
