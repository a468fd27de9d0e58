"""network-cut: every connection is reset and every new one refused, for ten seconds."""

from bench.testbed.faults.injection import Struck
from bench.testbed.faults.network_away import away
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Cut, and open again."""
    return away(testbed, "cut")
