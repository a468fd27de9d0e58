"""broker-freeze: SIGSTOP of the broker for ten seconds. It is there, and says nothing."""

import signal
import time

from bench.base.errors import NotOffered, Unavailable
from bench.testbed.faults.broker_away import LONG_S
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed
from bench.testbed.until import sleep_until


def strike(testbed: Testbed, busy: list[int]) -> Struck:
    """Stop every process of the broker and continue it after 10 s."""
    if testbed.broker.process is None:
        raise NotOffered("there is no server that could be frozen")
    if not testbed.broker.ours:
        raise Unavailable("a server given by its URL is not frozen")
    victims = testbed.broker.process.tree()
    for process in victims:
        process.signal(signal.SIGSTOP)
    t0 = time.monotonic_ns()
    sleep_until(t0 + int(LONG_S * 1e9))
    for process in victims:
        process.signal(signal.SIGCONT)
    return Struck(t0, [process.pid for process in victims], time.monotonic_ns())
