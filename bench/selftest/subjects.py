"""Which real arms the selftest tries itself on: found among the adapters, not named."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import redis

from bench.model.arm import Arm, missing_packages
from bench.selftest.synthetic_runs import ADAPTER, Session, value

SLOTS = 2
TRIAL = 4000


@cache
def fastest(session: Session) -> Arm:
    """The arm that drains a backlog fastest here.

    Only arms that are set for speed and have a main process for each slot are tried.
    """
    candidates = {
        arm.name: arm
        for arm in _arms(session)
        if not arm.profile.results and len(arm.adapter.commands(arm.launch(SLOTS))) == SLOTS
    }
    run = session.run("fastest", "burst", list(candidates), ["-"], tasks=TRIAL, workers=SLOTS)
    return max(candidates.values(), key=lambda arm: value(run, "throughput", arm_name=arm.name))


def forking(session: Session) -> Arm:
    """The first profile with a process of its own for each task."""
    return next(arm for arm in _arms(session) if arm.profile.slot == "parent")


def queue(client: Any) -> str:
    """The list on which a broker holds the tasks: the longest."""
    lists = list(client.scan_iter(_type="list"))
    return str(max(lists, key=client.llen).decode())


def connect(url: str) -> Any:
    """A client whose answers are not awaited; redis-py types them as if they might be."""
    return redis.Redis.from_url(url)


def _arms(session: Session) -> Iterator[Arm]:
    for adapter in session.adapters.values():
        # The floor has one profile and is asked for by name; the synthetic queue is no system.
        if adapter.name == ADAPTER.name or len(adapter.profiles) == 1:
            continue
        for profile in adapter.profiles.values():
            if not missing_packages(arm := Arm(adapter, profile, profile.redis, {})):
                yield arm
