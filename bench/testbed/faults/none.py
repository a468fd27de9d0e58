"""none: no fault at all. What the instrument shows then must be 0."""

import time

from bench.testbed.faults.injection import Injection
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Injection:
    """Do nothing; t0 is now."""
    return Injection(time.monotonic_ns())
