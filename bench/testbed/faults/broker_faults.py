"""The faults of the broker and of the way to it: it is away for a while, or drops its clients."""

import signal
import time

from bench.base.errors import NotOffered, Unavailable
from bench.brokers.contract import Drops, Fills
from bench.testbed.faults.struck import Struck
from bench.testbed.testbed import Testbed
from bench.testbed.until import sleep_until

CRASHED_S = 3.0
LONG_S = 10.0
BETWEEN_S = 0.1


def kill(testbed: Testbed, busy: list[int], seconds: float) -> Struck:
    """Kill the broker, and start it on the same data folder after so many seconds."""
    t0 = testbed.broker.kill()
    victims = _broker_pids(testbed)
    sleep_until(t0 + int(seconds * 1e9))
    testbed.broker.start()
    return Struck(t0, victims, time.monotonic_ns())


def freeze(testbed: Testbed, busy: list[int]) -> Struck:
    """Stop every process of the broker and continue it after 10 s: it is there, and says
    nothing."""
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


def fill(testbed: Testbed, busy: list[int]) -> Struck:
    """Take the broker's memory and give it back after 10 s.

    Redis refuses what would grow, RabbitMQ blocks who publishes.
    """
    if not isinstance(testbed.broker, Fills):
        raise _cannot(testbed, "it has no limit of its memory that could be reached")
    testbed.broker.fill()
    t0 = time.monotonic_ns()
    sleep_until(t0 + int(LONG_S * 1e9))
    testbed.broker.relieve()
    return Struck(t0, _broker_pids(testbed), time.monotonic_ns())


def disconnect(testbed: Testbed, busy: list[int]) -> Struck:
    """Have the broker close every client's connection, one after the other; t0 is the moment of the
    first."""
    if not isinstance(testbed.broker, Drops):
        raise _cannot(testbed, "it has no connections that could be closed")
    stamps = []
    for close in testbed.broker.clients():
        close()
        stamps.append(time.monotonic_ns())
        time.sleep(BETWEEN_S)
    if not stamps:
        raise NotOffered("no client was connected")
    return Struck(stamps[0], _broker_pids(testbed), note=f"{len(stamps)} connections were closed")


def break_network(testbed: Testbed, busy: list[int], state: str) -> Struck:
    """Put the network into this state, and open it again after 10 s.

    `cut`: every connection is reset and every new one refused. `silent`: they stay open and dead,
    and new ones get no answer either.
    """
    network = testbed.network
    if network is None:
        raise NotOffered("there is no network between the workers and their broker")
    t0 = network.become(state)
    sleep_until(t0 + int(LONG_S * 1e9))
    return Struck(t0, [network.process.pid], network.become("open"))


def _broker_pids(testbed: Testbed) -> list[int]:
    """The victims of what is done to the broker as a whole: its pid, if it has one."""
    return [testbed.broker.process.pid] if testbed.broker.process else []


def _cannot(testbed: Testbed, why: str) -> NotOffered | Unavailable:
    """The error for a broker that cannot be struck in this way."""
    elsewhere = "this is not done to a server given by its URL"
    return NotOffered(why) if testbed.broker.ours else Unavailable(elsewhere)
