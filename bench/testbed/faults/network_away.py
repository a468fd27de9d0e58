"""What the faults of the network share: a proxy on loopback stands between the broker and all."""

from bench.base.errors import NotOffered
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed
from bench.testbed.until import sleep_until

AWAY_S = 10.0


def away(testbed: Testbed, state: str) -> Struck:
    """Put the network into this state, and open it again after ten seconds."""
    network = testbed.network
    if network is None:
        raise NotOffered("there is no network between the workers and their broker")
    t0 = network.become(state)
    sleep_until(t0 + int(AWAY_S * 1e9))
    return Struck(t0, [network.process.pid], network.become("open"))
