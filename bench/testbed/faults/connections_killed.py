"""connections-killed: the broker closes every client's connection, one after the other."""

import time

from bench.base.errors import NotOffered
from bench.brokers.contract import Drops
from bench.testbed.faults.broker_away import broker_pids, cannot
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed

BETWEEN_S = 0.1


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Close the connections one by one; t0 is the moment of the first."""
    if not isinstance(testbed.broker, Drops):
        raise cannot(testbed, "it has no connections that could be closed")
    stamps = []
    for close in testbed.broker.clients():
        close()
        stamps.append(time.monotonic_ns())
        time.sleep(BETWEEN_S)
    if not stamps:
        raise NotOffered("no client was connected")
    note = f"{len(stamps)} connections were closed"
    return Struck(stamps[0], broker_pids(testbed), note=note)
