"""half-open: connections stay open and dead for good, as when a firewall forgets them.

For ten seconds new ones get no answer either.
"""

from bench.testbed.faults.network_away import away
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Make the network silent and open it again after 10 s."""
    return away(testbed, "silent")
