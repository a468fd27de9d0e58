"""network-cut: every connection is reset and every new one refused, for ten seconds."""

from bench.testbed.faults.injection import Injection
from bench.testbed.faults.network_away import away
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Injection:
    """Cut the network and open it again after 10 s."""
    return away(testbed, "cut")
