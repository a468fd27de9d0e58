"""none: no fault at all. What the instrument shows then must be 0."""

import time

from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Do nothing; t0 is now."""
    return Struck(time.monotonic_ns())
