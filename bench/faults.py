"""The faults: each strikes once, says exactly when, and whom it hit."""

import time
from dataclasses import dataclass

from bench.errors import NotOffered
from bench.host import signalled
from bench.stage import Stage

KILL = 9
GRACE_S = 10.0
BROKER_AWAY_S = 3.0


@dataclass(frozen=True)
class Struck:
    """t0 = return of the first signal that can stop work; `back_ns` = when a killed broker answered again."""

    t0_ns: int
    victims: list[int]
    back_ns: int | None = None


def nothing(stage: Stage, busy: list[int]) -> Struck:
    """No fault at all: what the instrument shows then must be 0."""
    return Struck(time.monotonic_ns(), [])


def worker_crash(stage: Stage, busy: list[int]) -> Struck:
    """SIGKILL of every worker process: the tree is stopped first, all of it killed, and proven gone."""
    t0, victims = stage.host.kill_tree(stage.fleet.roots())
    return Struck(t0, victims)


def child_crash(stage: Stage, busy: list[int]) -> Struck:
    """SIGKILL of one process that runs a task and is no main process."""
    children = [pid for pid in busy if pid not in stage.fleet.roots()]
    if not children:
        raise NotOffered("its tasks run in the main process: there is no child to kill")
    signalled(children[0], KILL)
    return Struck(time.monotonic_ns(), children[:1])


def deploy(stage: Stage, busy: list[int]) -> Struck:
    """SIGTERM to every main process, replacements at once, SIGKILL after ten seconds of grace."""
    t0, old = stage.fleet.replace_all(GRACE_S)
    return Struck(t0, old)


def broker_crash(stage: Stage, busy: list[int]) -> Struck:
    """SIGKILL of the broker, back on the same data folder after three seconds."""
    t0 = stage.broker.kill()
    victims = [stage.broker.pid] if stage.broker.pid else []
    time.sleep(max(0.0, BROKER_AWAY_S - (time.monotonic_ns() - t0) / 1e9))
    stage.broker.start()
    return Struck(t0, victims, time.monotonic_ns())


FAULTS = {"worker-crash": worker_crash, "child-crash": child_crash, "deploy": deploy, "broker-crash": broker_crash, "none": nothing}
