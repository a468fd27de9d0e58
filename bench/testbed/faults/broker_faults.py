"""Faults of the broker: killed, frozen, full, or it throws its clients out."""

import time

from bench.base.errors import NotOffered, Unavailable
from bench.brokers.broker import Drops, Fills
from bench.hosts.local import signalled, tree
from bench.testbed.faults.injection import Struck
from bench.testbed.testbed import Stage

STOP, CONTINUE = 19, 18
CRASHED_S = 3.0
LONG_S = 10.0
BETWEEN_S = 0.1


def crash(stage: Stage, busy: list[int]) -> Struck:
    """SIGKILL of the broker, back on the same data folder after three seconds."""
    return _away(stage, CRASHED_S)


def outage(stage: Stage, busy: list[int]) -> Struck:
    """SIGKILL of the broker, back after ten seconds: how long does whoever enqueues wait, and for what answer."""
    return _away(stage, LONG_S)


def _away(stage: Stage, seconds: float) -> Struck:
    t0 = stage.broker.kill()
    victims = [stage.broker.pid] if stage.broker.pid else []
    _until(t0, seconds)
    stage.broker.start()
    return Struck(t0, victims, time.monotonic_ns())


def freeze(stage: Stage, busy: list[int]) -> Struck:
    """SIGSTOP of the broker for ten seconds: it is there, and says nothing."""
    if stage.broker.pid is None:
        raise NotOffered("there is no server that could be frozen")
    if not stage.broker.ours:
        raise Unavailable("a server given by its URL is not frozen")
    victims = [process.pid for process in tree([stage.broker.pid])]
    for pid in victims:
        signalled(pid, STOP)
    t0 = time.monotonic_ns()
    _until(t0, LONG_S)
    for pid in victims:
        signalled(pid, CONTINUE)
    return Struck(t0, victims, time.monotonic_ns())


def full(stage: Stage, busy: list[int]) -> Struck:
    """No memory left for ten seconds: Redis refuses what would grow, RabbitMQ blocks who publishes."""
    if not isinstance(stage.broker, Fills):
        raise _cannot(stage, "it has no limit of its memory that could be reached")
    stage.broker.fill()
    t0 = time.monotonic_ns()
    _until(t0, LONG_S)
    stage.broker.relieve()
    return Struck(t0, [stage.broker.pid or 0], time.monotonic_ns())


def connections(stage: Stage, busy: list[int]) -> Struck:
    """The broker closes every client's connection, one after the other."""
    if not isinstance(stage.broker, Drops):
        raise _cannot(stage, "it has no connections that could be closed")
    stamps = []
    for close in stage.broker.clients():
        close()
        stamps.append(time.monotonic_ns())
        time.sleep(BETWEEN_S)
    if not stamps:
        raise NotOffered("no client was connected")
    return Struck(stamps[0], [stage.broker.pid or 0], note=f"{len(stamps)} connections were closed")


def _cannot(stage: Stage, why: str) -> Exception:
    return NotOffered(why) if stage.broker.ours else Unavailable("this is not done to a server given by its URL")


def _until(t0_ns: int, seconds: float) -> None:
    time.sleep(max(0.0, seconds - (time.monotonic_ns() - t0_ns) / 1e9))
