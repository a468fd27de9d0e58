"""network-cut: every connection is reset and every new one refused, for ten seconds."""

from bench.testbed.faults.network_away import away
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Cut the network and open it again after 10 s."""
    return away(testbed, "cut")
