"""partition: the worker hosts are cut off from their broker for ten seconds, and live on."""

from bench.testbed.faults.broker_away import LONG_S
from bench.testbed.faults.struck import Struck
from bench.testbed.faults.worker_hosts import cut, worker_hosts
from bench.testbed.testbed import Testbed
from bench.testbed.until import sleep_until


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """All of them at once, and back."""
    hosts = worker_hosts(testbed)
    t0 = cut(testbed, hosts)
    victims = [process.pid for process in testbed.fleet.roots()]
    sleep_until(t0 + int(LONG_S * 1e9))
    return Struck(t0, victims, max(host.mend() for host in hosts))
