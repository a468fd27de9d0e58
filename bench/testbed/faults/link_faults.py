"""Faults of the network between the broker and everybody else: a proxy on loopback plays them."""

import time

from bench.base.errors import NotOffered
from bench.testbed.faults.injection import Struck
from bench.testbed.network import Network
from bench.testbed.testbed import Stage

AWAY_S = 10.0


def cut(stage: Stage, busy: list[int]) -> Struck:
    """Every connection is reset and every new one refused, for ten seconds."""
    return _away(_network(stage), "cut")


def half_open(stage: Stage, busy: list[int]) -> Struck:
    """Connections stay open and dead for good, as when a firewall forgets them; for ten seconds new ones get no answer either."""
    return _away(_network(stage), "silent")


def _away(network: Network, state: str) -> Struck:
    t0 = network.become(state)
    time.sleep(max(0.0, AWAY_S - (time.monotonic_ns() - t0) / 1e9))
    return Struck(t0, [network.pid], network.become("open"))


def _network(stage: Stage) -> Network:
    if stage.network is None:
        raise NotOffered("there is no network between the workers and their broker")
    return stage.network
